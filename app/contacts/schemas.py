"""JSON in and out."""

import json
from typing import Any

from marshmallow import fields, pre_load, validate

from app.contacts.queries.segments import CONSENTS
from app.contacts.rules import COLORS, DUPLICATE_RULES
from app.core.schema import PageQuery, Schema, UtcDateTime

_COLOR = validate.OneOf(list(COLORS))


class ContactQuery(PageQuery):
    search = fields.String(load_default="", metadata={"description": "Part of a name, phone or e-mail."})
    group_id = fields.UUID(load_default=None)
    tag = fields.String(load_default=None, metadata={"description": "Name or id of a tag."})
    consent = fields.String(load_default="", validate=validate.OneOf(["", *CONSENTS]))
    is_blocked = fields.Boolean(load_default=None, allow_none=True)
    sort = fields.String(load_default="recent", validate=validate.OneOf(["recent", "name"]))


class NamedSchema(Schema):
    id = fields.UUID()
    name = fields.String()


class ContactSchema(Schema):
    id = fields.UUID(required=True)
    name = fields.String(required=True)
    phone = fields.String(allow_none=True, required=True, metadata={"description": "E.164, such as +5511987654321."})
    email = fields.String(allow_none=True)
    custom_fields = fields.Dict(keys=fields.String(), values=fields.String())
    notes = fields.String()
    tags = fields.List(fields.String())
    groups = fields.List(fields.Nested(NamedSchema))
    is_blocked = fields.Boolean()
    opted_in_at = UtcDateTime(allow_none=True)
    opted_in_source = fields.String(allow_none=True)
    opted_out_at = UtcDateTime(allow_none=True)
    opted_out_source = fields.String(allow_none=True)
    last_message_at = UtcDateTime(allow_none=True)
    created_at = UtcDateTime()
    updated_at = UtcDateTime()


class ContactBodySchema(Schema):
    name = fields.String(validate=validate.Length(max=200))
    phone = fields.String(allow_none=True, validate=validate.Length(max=40))
    email = fields.String(allow_none=True, validate=validate.Length(max=254))
    custom_fields = fields.Dict(keys=fields.String(), values=fields.Raw(allow_none=True))
    notes = fields.String(validate=validate.Length(max=5000))
    tags = fields.List(fields.String(validate=validate.Length(min=1, max=60)), validate=validate.Length(max=100))
    group_ids = fields.List(fields.UUID(), validate=validate.Length(max=100))


class NewContactSchema(ContactBodySchema):
    opted_in_source = fields.String(
        validate=validate.Length(min=1, max=200), metadata={"description": "Set when the person agreed, and where."}
    )


class ContactChangesSchema(ContactBodySchema):
    is_blocked = fields.Boolean()
    opted_out = fields.Boolean(metadata={"description": "true records an opt-out, false an opt-in."})


class GroupSchema(Schema):
    id = fields.UUID(required=True)
    name = fields.String(required=True)
    description = fields.String()
    color = fields.String()
    contacts_count = fields.Integer()
    created_at = UtcDateTime()
    updated_at = UtcDateTime()


class GroupBodySchema(Schema):
    name = fields.String(validate=validate.Length(min=1, max=80))
    description = fields.String(validate=validate.Length(max=500))
    color = fields.String(validate=_COLOR)


class NewGroupSchema(GroupBodySchema):
    name = fields.String(required=True, validate=validate.Length(min=1, max=80))


class GroupContactsSchema(Schema):
    contact_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(min=1, max=10_000))


class ChangedSchema(Schema):
    changed = fields.Integer(required=True)


class TagSchema(Schema):
    id = fields.UUID(required=True)
    name = fields.String(required=True)
    color = fields.String()
    contacts_count = fields.Integer()
    created_at = UtcDateTime()


class TagBodySchema(Schema):
    name = fields.String(validate=validate.Length(min=1, max=60))
    color = fields.String(validate=_COLOR)


class NewTagSchema(TagBodySchema):
    name = fields.String(required=True, validate=validate.Length(min=1, max=60))


class ConditionSchema(Schema):
    field = fields.String(required=True)
    op = fields.String(required=True)
    key = fields.String(allow_none=True)
    value = fields.Raw(allow_none=True)


class FiltersSchema(Schema):
    match = fields.String(load_default="all", validate=validate.OneOf(["all", "any"]))
    conditions = fields.List(fields.Nested(ConditionSchema), load_default=list)


class ListSchema(Schema):
    id = fields.UUID(required=True)
    name = fields.String(required=True)
    description = fields.String()
    filters = fields.Dict()
    estimated_count = fields.Integer(allow_none=True)
    estimated_at = UtcDateTime(allow_none=True)
    created_at = UtcDateTime()
    updated_at = UtcDateTime()


class ListBodySchema(Schema):
    name = fields.String(validate=validate.Length(min=1, max=80))
    description = fields.String(validate=validate.Length(max=500))
    filters = fields.Nested(FiltersSchema)


class NewListSchema(ListBodySchema):
    name = fields.String(required=True, validate=validate.Length(min=1, max=80))


class ListPreviewSchema(Schema):
    total = fields.Integer(required=True)
    is_exact = fields.Boolean(required=True, metadata={"description": "false: there are more than `total`."})
    data = fields.List(fields.Nested(ContactSchema), required=True)


class ImportBodySchema(Schema):
    group_id = fields.UUID(load_default=None, allow_none=True)
    mapping = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        load_default=dict,
        metadata={"description": 'JSON, either way round: {"phone": "Celular"} or {"Celular": "phone"}.'},
    )
    repair = fields.Boolean(load_default=True)
    duplicates = fields.String(load_default="fill", validate=validate.OneOf(DUPLICATE_RULES))
    opted_in = fields.Boolean(load_default=False)

    @pre_load
    def _mapping_from_text(self, data: Any, **_: Any) -> dict[str, Any]:
        """A form carries it as JSON; what is no JSON stays text and is refused as no object."""
        plain = {key: value for key, value in data.items() if value != ""}
        if isinstance(plain.get("mapping"), str):
            plain["mapping"] = _json_or_text(plain["mapping"])
        return plain


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


class ImportErrorSchema(Schema):
    row = fields.Integer(required=True)
    column = fields.String(allow_none=True, required=True)
    value = fields.String(required=True)
    problem = fields.String(required=True)
    message = fields.String(required=True)
    suggestion = fields.String(allow_none=True, required=True)


class ImportSchema(Schema):
    id = fields.UUID(required=True)
    status = fields.String(required=True)
    file_name = fields.String()
    sheet = fields.String(allow_none=True)
    progress = fields.Integer()
    total = fields.Integer(required=True)
    valid = fields.Integer(required=True)
    invalid = fields.Integer(required=True)
    repaired = fields.Integer(required=True)
    duplicates = fields.Integer(required=True)
    created = fields.Integer(required=True)
    updated = fields.Integer(required=True)
    unchanged = fields.Integer(required=True)
    error = fields.String(allow_none=True, metadata={"description": "Why the file as a whole failed."})
    error_message = fields.String(allow_none=True)
    errors = fields.List(fields.Nested(ImportErrorSchema), required=True)
    created_at = UtcDateTime()
    completed_at = UtcDateTime(allow_none=True)


class ExportQuery(Schema):
    format = fields.String(load_default="csv", validate=validate.OneOf(["csv", "xlsx"]))
    search = fields.String(load_default="")
    group_id = fields.UUID(load_default=None)
    tag = fields.String(load_default=None)
    wait = fields.Integer(
        load_default=20,
        validate=validate.Range(min=0, max=25),
        metadata={"description": "Seconds to wait for the file; after that the answer is 202."},
    )


class ExportSchema(Schema):
    id = fields.UUID(required=True)
    status = fields.String(required=True)
    format = fields.String()
    total = fields.Integer()
    url = fields.String(allow_none=True)
    created_at = UtcDateTime()
