"""JSON in and out."""

from marshmallow import fields, validate

from app.accounts.rules import LOCALES
from app.core.schema import Schema


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
