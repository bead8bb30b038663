"""Campaigns as JSON."""

from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

from app.campaigns.models import Campaign
from app.campaigns.queries.recipients import Recipient
from app.campaigns.rules.figures import Stats
from app.campaigns.rules.reasons import failure
from app.campaigns.rules.segments import SEGMENTS
from app.core.schema import PageQuery, Schema, UtcDateTime

STATUSES = ("draft", "scheduled", "sending", "paused", "completed", "cancelled", "failed")


class HoursSchema(Schema):
    start = fields.String(required=True, metadata={"example": "08:00"})
    end = fields.String(required=True, metadata={"example": "20:00"})
    days = fields.List(fields.Integer(), metadata={"description": "ISO weekdays, 1 = Monday; all when left out."})


class CampaignSettingsSchema(Schema):
    """The campaign's own pace; what is left out is the number's."""

    delay_min_ms = fields.Integer(allow_none=True)
    delay_max_ms = fields.Integer(allow_none=True)
    batch_size = fields.Integer(allow_none=True, metadata={"description": "Goes between pauses; 0: no pauses."})
    batch_pause_s = fields.Float(allow_none=True)
    daily_cap = fields.Integer(allow_none=True, metadata={"description": "Per number and local day; 0: none."})
    hours = fields.Nested(HoursSchema, allow_none=True)


class FromCampaignSchema(Schema):
    id = fields.UUID(required=True)
    statuses = fields.List(fields.String(validate=validate.OneOf(sorted(SEGMENTS))), load_default=lambda: ["all_sent"])


class CampaignChangeSchema(Schema):
    name = fields.String()
    description = fields.String()
    message = fields.String()
    variations = fields.List(fields.String())
    contact_list_id = fields.UUID(allow_none=True)
    group_ids = fields.List(fields.UUID())
    tag_ids = fields.List(fields.UUID())
    contact_ids = fields.List(fields.UUID(), validate=validate.Length(max=10_000))
    import_id = fields.UUID(allow_none=True)
    from_campaign = fields.Nested(FromCampaignSchema, allow_none=True)
    skip_recent = fields.Boolean(metadata={"description": "Leave out whoever got a message in the last 24 hours."})
    instance_id = fields.UUID(allow_none=True)
    instance_ids = fields.List(fields.UUID())
    media_id = fields.UUID(allow_none=True)
    media_url = fields.String(allow_none=True)
    template_id = fields.UUID(allow_none=True)
    tts_config_id = fields.UUID(allow_none=True)
    settings = fields.Nested(CampaignSettingsSchema)
    scheduled_at = UtcDateTime(allow_none=True)


class NewCampaignSchema(CampaignChangeSchema):
    name = fields.String(required=True)


class CampaignSchema(Schema):
    id = fields.UUID()
    name = fields.String()
    description = fields.String()
    status = fields.String(validate=validate.OneOf(STATUSES))
    status_reason = fields.String(allow_none=True)
    message = fields.String()
    variations = fields.List(fields.String())
    media_id = fields.UUID(allow_none=True)
    media_url = fields.String(allow_none=True)
    template_id = fields.UUID(allow_none=True)
    tts_config_id = fields.UUID(allow_none=True)
    audience = fields.Dict()
    instance_ids = fields.List(fields.UUID())
    settings = fields.Dict()
    estimated_recipients = fields.Integer(allow_none=True)
    total = fields.Integer()
    excluded = fields.Dict(keys=fields.String(), values=fields.Integer())
    parent_id = fields.UUID(allow_none=True)
    scheduled_at = UtcDateTime(allow_none=True)
    started_at = UtcDateTime(allow_none=True)
    completed_at = UtcDateTime(allow_none=True)
    created_at = UtcDateTime()
    updated_at = UtcDateTime()


class CampaignQuery(PageQuery):
    search = fields.String(load_default="")
    status = fields.String(load_default="", validate=validate.OneOf(("", *STATUSES)))


class LaunchSchema(Schema):
    confirm_count = fields.Integer(
        metadata={"description": "Refuse with 409 when another number of people would get it."}
    )


class ScheduleSchema(Schema):
    scheduled_at = UtcDateTime(required=True)


class CampaignTestSchema(Schema):
    recipient = fields.String(required=True, metadata={"example": "+5511987654321"})
    contact_id = fields.UUID(metadata={"description": "Whose text is sent; the first of the audience by default."})
    instance_id = fields.UUID()


class TestMessageSchema(Schema):
    id = fields.UUID()
    status = fields.String()
    text = fields.String(attribute="body")


class CloneSchema(Schema):
    name = fields.String()


class FollowUpSchema(Schema):
    segment = fields.String(required=True, validate=validate.OneOf(sorted(SEGMENTS)))
    name = fields.String()


class RetrySchema(Schema):
    even_if_accepted = fields.Boolean(
        load_default=False, metadata={"description": "Also those that WhatsApp had accepted: they may arrive twice."}
    )


class ResendSchema(Schema):
    message_ids = fields.List(fields.UUID(), load_default=None)


class QueuedSchema(Schema):
    queued = fields.Integer()


class StatsSchema(Schema):
    campaign_id = fields.String()
    status = fields.String()
    total = fields.Integer()
    queued = fields.Integer()
    total_sent = fields.Integer()
    total_delivered = fields.Integer()
    total_read = fields.Integer()
    total_replied = fields.Integer()
    total_failed = fields.Integer()
    unconfirmed = fields.Integer()
    cancelled = fields.Integer()
    delivery_rate = fields.Float(metadata={"description": "Of what left, 0 to 1."})
    read_rate = fields.Float()
    reply_rate = fields.Float()
    excluded = fields.Dict(keys=fields.String(), values=fields.Integer())
    estimated_completion = UtcDateTime(allow_none=True)

    @ma.pre_dump
    def _flat(self, stats: Stats, **_kwargs: Any) -> dict[str, Any]:
        numbers = stats.figures
        return {
            "campaign_id": stats.campaign_id, "status": stats.status, "total": numbers.total, "queued": numbers.queued,
            "total_sent": numbers.sent, "total_delivered": numbers.delivered, "total_read": numbers.read,
            "total_replied": numbers.replied, "total_failed": numbers.failed, "unconfirmed": numbers.unconfirmed,
            "cancelled": numbers.cancelled, "delivery_rate": numbers.delivery_rate, "read_rate": numbers.read_rate,
            "reply_rate": numbers.reply_rate, "excluded": dict(stats.excluded),
            "estimated_completion": stats.estimated_completion,
        }  # fmt: skip


class RecipientQuery(PageQuery):
    status = fields.String(
        load_default="", metadata={"description": "A message status, or replied, not_read, not_replied."}
    )
    search = fields.String(load_default="")


class RecipientSchema(Schema):
    id = fields.UUID()
    campaign_id = fields.UUID()
    contact_id = fields.UUID()
    name = fields.String()
    phone = fields.String(allow_none=True)
    type = fields.String()
    status = fields.String()
    text = fields.String()
    error_code = fields.String(allow_none=True)
    error_message = fields.Method("_reason", allow_none=True)
    instance = fields.String()
    sent_at = UtcDateTime(allow_none=True)
    delivered_at = UtcDateTime(allow_none=True)
    read_at = UtcDateTime(allow_none=True)
    replied_at = UtcDateTime(allow_none=True)
    failed_at = UtcDateTime(allow_none=True)

    def _reason(self, row: Recipient) -> str | None:
        """The gateway's words, else ours."""
        why = failure(row.error_code)
        return row.error_message or (str(why.what) if why else None)


class PreviewQuery(PageQuery):
    search = fields.String(load_default="")
    only = fields.String(
        load_default="",
        metadata={"description": "odd_name, empty_variable, recent, or a reason of exclusion such as opted_out."},
    )


class PreviewSchema(Schema):
    contact_id = fields.UUID()
    name = fields.String()
    phone = fields.String(allow_none=True)
    text = fields.String()
    reason = fields.String(allow_none=True, metadata={"description": "Why this person is left out, if so."})


class DispatchQuery(PageQuery):
    campaign_id = fields.UUID(load_default=None)
    status = fields.String(load_default="")


class DispatchStatsQuery(Schema):
    campaign_id = fields.UUID(load_default=None)


class DispatchStatsSchema(Schema):
    total = fields.Integer()
    queued = fields.Integer()
    total_sent = fields.Integer(attribute="sent")
    total_delivered = fields.Integer(attribute="delivered")
    total_read = fields.Integer(attribute="read")
    total_replied = fields.Integer(attribute="replied")
    total_failed = fields.Integer(attribute="failed")
    unconfirmed = fields.Integer()
    cancelled = fields.Integer()
    delivery_rate = fields.Float()
    read_rate = fields.Float()
    reply_rate = fields.Float()


_AUDIENCE = ("group_ids", "tag_ids", "contact_ids", "import_id", "from_campaign", "skip_recent")


def to_fields(data: dict[str, Any], before: Campaign | None = None) -> dict[str, Any]:
    """The service's words: the audience in one piece, one number or several. `scheduled_at` stays with the caller."""
    given = dict(data)
    audience: dict[str, Any] = dict(before.audience) if before else {}
    named = {key: given.pop(key) for key in _AUDIENCE if key in given}
    if "contact_list_id" in given:
        named["list_id"] = given.pop("contact_list_id")
    if named.get("from_campaign"):
        named["from_campaign"] = {**named["from_campaign"], "id": str(named["from_campaign"]["id"])}
    if named:
        given["audience"] = {**audience, **named}
    if "instance_id" in given:
        one = given.pop("instance_id")
        given.setdefault("instance_ids", [one] if one else [])
    given.pop("scheduled_at", None)
    return given
