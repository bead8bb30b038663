"""JSON in and out."""

from marshmallow import fields, validate

from app.accounts.rules import LOCALES
from app.core.permissions import ROLES
from app.core.schema import PageQuery, Schema, UtcDateTime


class SignInSchema(Schema):
    email = fields.String(required=True, validate=validate.Length(1, 254))
    password = fields.String(required=True, validate=validate.Length(1, 1000), metadata={"format": "password"})
    otp = fields.String(
        validate=validate.Length(1, 40),
        metadata={"description": "Code of two-step verification, or a recovery code; only where the person has it."},
    )


class ForgotSchema(Schema):
    email = fields.String(required=True, validate=validate.Length(1, 254))


class ResetSchema(Schema):
    token = fields.String(required=True, validate=validate.Length(1, 200))
    password = fields.String(required=True, validate=validate.Length(1, 1000), metadata={"format": "password"})


class RegisterSchema(Schema):
    company = fields.String(required=True, validate=validate.Length(1, 120))
    name = fields.String(required=True, validate=validate.Length(1, 120))
    email = fields.String(required=True, validate=validate.Length(1, 254))
    password = fields.String(required=True, validate=validate.Length(1, 1000), metadata={"format": "password"})
    locale = fields.String(validate=validate.OneOf(LOCALES))


class SentSchema(Schema):
    message = fields.String(required=True)


class RefreshSchema(Schema):
    refresh_token = fields.String(required=True, validate=validate.Length(1, 200))


class LogoutSchema(Schema):
    refresh_token = fields.String(validate=validate.Length(1, 200))


class UserSchema(Schema):
    id = fields.UUID(required=True)
    email = fields.String(required=True)
    name = fields.String(required=True)
    role = fields.String(required=True)
    tenant_id = fields.UUID(required=True)


class MeSchema(UserSchema):
    tenant_name = fields.String(required=True)
    locale = fields.String(required=True)
    timezone = fields.String(required=True)
    permissions = fields.List(fields.String(), required=True)


class PairSchema(Schema):
    access_token = fields.String(required=True)
    refresh_token = fields.String(required=True)
    token_type = fields.Constant("Bearer", required=True)
    expires_in = fields.Integer(required=True, metadata={"description": "Seconds until the access token expires."})
    user = fields.Nested(UserSchema, required=True)


_ROLE = validate.OneOf(sorted(ROLES))
_PERMISSIONS = {"description": "Beyond those of the role."}


class PersonSchema(Schema):
    id = fields.UUID(required=True)
    email = fields.String(required=True)
    name = fields.String(required=True)
    role = fields.String(required=True)
    permissions = fields.List(fields.String(), required=True, metadata=_PERMISSIONS)
    max_tickets = fields.Integer(required=True, allow_none=True)
    locale = fields.String(required=True)
    is_active = fields.Boolean(required=True)
    is_invited = fields.Boolean(required=True, metadata={"description": "No password chosen yet."})
    has_second_factor = fields.Boolean(required=True)
    last_login_at = UtcDateTime(required=True, allow_none=True)
    created_at = UtcDateTime(required=True)


class InvitedSchema(PersonSchema):
    invitation_link = fields.String(required=True, allow_none=True)


class UserQuery(PageQuery):
    search = fields.String(validate=validate.Length(max=200))
    role = fields.String(validate=_ROLE)
    is_active = fields.Boolean()


class NewUserSchema(Schema):
    email = fields.String(required=True, validate=validate.Length(1, 254))
    name = fields.String(required=True, validate=validate.Length(1, 120))
    role = fields.String(required=True, validate=_ROLE)
    password = fields.String(validate=validate.Length(1, 1000), metadata={"format": "password"})
    permissions = fields.List(fields.String(), validate=validate.Length(max=100), metadata=_PERMISSIONS)


class ChangedUserSchema(Schema):
    name = fields.String(validate=validate.Length(1, 120))
    role = fields.String(validate=_ROLE)
    permissions = fields.List(fields.String(), validate=validate.Length(max=100), metadata=_PERMISSIONS)
    max_tickets = fields.Integer(allow_none=True, strict=True, validate=validate.Range(0, 1000))
    is_active = fields.Boolean()


class ApiTokenSchema(Schema):
    """`scopes` null: whatever its person may do, today and later."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    user_id = fields.UUID(required=True, metadata={"description": "Who it acts for."})
    prefix = fields.String(required=True, metadata={"description": "How the secret begins, to tell it apart."})
    scopes = fields.List(fields.String(), required=True, allow_none=True)
    last_used_at = UtcDateTime(required=True, allow_none=True)
    expires_at = UtcDateTime(required=True, allow_none=True)
    created_at = UtcDateTime(required=True)


class CreatedTokenSchema(ApiTokenSchema):
    token = fields.String(required=True, metadata={"description": "The secret. Shown only in this answer."})


class NewTokenSchema(Schema):
    name = fields.String(required=True, validate=validate.Length(1, 100))
    scopes = fields.List(
        fields.String(), allow_none=True, load_default=None, validate=validate.Length(max=100),
        metadata={"description": "What it is limited to; null: all that you may.", "example": ["messages.send"]},
    )  # fmt: skip
    expires_in_days = fields.Integer(allow_none=True, load_default=None, strict=True, validate=validate.Range(1, 3650))
