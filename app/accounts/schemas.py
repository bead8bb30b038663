"""JSON in and out."""

from marshmallow import fields, validate

from app.core.schema import Schema


class SignInSchema(Schema):
    email = fields.String(required=True, validate=validate.Length(1, 254))
    password = fields.String(required=True, validate=validate.Length(1, 1000), metadata={"format": "password"})


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
