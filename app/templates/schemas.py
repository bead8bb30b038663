"""Templates as JSON."""

from marshmallow import fields, validate

from app.core.schema import PageQuery, Schema, UtcDateTime
from app.templates.rules import MAX_LENGTH
from app.templates.service.editing import CATEGORIES, MAX_NAME


class TemplateVariableSchema(Schema):
    name = fields.String(required=True)
    default = fields.String(allow_none=True, required=True)


class TemplateSchema(Schema):
    """`variables` are read from `content`, in order; `status` and `components` are Meta's, on the cloud provider."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    category = fields.String(required=True)
    language = fields.String(required=True)
    content = fields.String(required=True)
    variables = fields.List(fields.Nested(TemplateVariableSchema), required=True)
    components = fields.List(fields.Dict(), required=True)
    media_id = fields.UUID(allow_none=True, required=True)
    status = fields.String(required=True)
    provider_template_id = fields.String(allow_none=True, required=True)
    created_at = UtcDateTime(required=True)
    updated_at = UtcDateTime(required=True)


class TemplateStatusSchema(Schema):
    id = fields.UUID(required=True)
    status = fields.String(required=True)
    provider_template_id = fields.String(allow_none=True, required=True)


class TemplateQuery(PageQuery):
    search = fields.String(load_default=None)
    category = fields.String(load_default=None, validate=validate.OneOf(CATEGORIES))


class TemplateChangesSchema(Schema):
    name = fields.String(validate=validate.Length(max=MAX_NAME))
    content = fields.String(
        validate=validate.Length(max=MAX_LENGTH),
        metadata={"description": "`{nome}` is filled per contact, `{nome|cliente}` has a default, `{{` is a brace."},
    )
    category = fields.String(validate=validate.OneOf(CATEGORIES))
    language = fields.String()
    media_id = fields.UUID(allow_none=True)


class NewTemplateSchema(TemplateChangesSchema):
    name = fields.String(required=True, validate=validate.Length(min=1, max=MAX_NAME))
    content = fields.String(required=True, validate=validate.Length(min=1, max=MAX_LENGTH))
