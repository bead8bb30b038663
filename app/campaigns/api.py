"""`/api/v1/campaigns` and `/api/v1/dispatches`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask_smorest import Blueprint

from app.campaigns import schemas, service
from app.campaigns.models import Campaign
from app.campaigns.queries import campaigns, preview, progress, recipients
from app.campaigns.rules.figures import Figures, Stats
from app.core.paging import Page, clamp
from app.core.schema import page_of
from app.messages.models import Message

campaigns_blp = Blueprint("campaigns", __name__, url_prefix="/campaigns", description="One message to many, paced")
dispatches_blp = Blueprint("dispatches", __name__, url_prefix="/dispatches", description="Messages of campaigns")
blps = (campaigns_blp, dispatches_blp)


@campaigns_blp.get("")
@campaigns_blp.arguments(schemas.CampaignQuery, location="query")
@campaigns_blp.response(200, page_of(schemas.CampaignSchema))
def index(query: dict[str, Any]) -> Page[Campaign]:
    """List campaigns, newest first"""
    return campaigns.list_campaigns(query["page"], query["limit"], search=query["search"], status=query["status"])


@campaigns_blp.post("")
@campaigns_blp.arguments(schemas.NewCampaignSchema)
@campaigns_blp.response(201, schemas.CampaignSchema)
def create(data: dict[str, Any]) -> Campaign:
    """Create a draft; with `scheduled_at` it is scheduled at once"""
    campaign = service.create(**schemas.to_fields(data))
    return _finished(campaign.id, data.get("scheduled_at"))


@campaigns_blp.get("/<uuid:campaign_id>")
@campaigns_blp.response(200, schemas.CampaignSchema)
def show(campaign_id: UUID) -> Campaign:
    """One campaign"""
    return campaigns.get_campaign(campaign_id)


@campaigns_blp.patch("/<uuid:campaign_id>")
@campaigns_blp.arguments(schemas.CampaignChangeSchema)
@campaigns_blp.response(200, schemas.CampaignSchema)
def change(data: dict[str, Any], campaign_id: UUID) -> Campaign:
    """Change a draft or a scheduled campaign; fields left out stay"""
    service.update(campaign_id, **schemas.to_fields(data, campaigns.get_campaign(campaign_id)))
    return _finished(campaign_id, data.get("scheduled_at"))


@campaigns_blp.put("/<uuid:campaign_id>")
@campaigns_blp.arguments(schemas.CampaignChangeSchema)
@campaigns_blp.response(200, schemas.CampaignSchema)
def replace(data: dict[str, Any], campaign_id: UUID) -> Campaign:
    """The same as PATCH"""
    service.update(campaign_id, **schemas.to_fields(data, campaigns.get_campaign(campaign_id)))
    return _finished(campaign_id, data.get("scheduled_at"))


def _finished(campaign_id: UUID, scheduled_at: datetime | None) -> Campaign:
    service.refresh_estimate(campaign_id)
    if scheduled_at:
        service.schedule(campaign_id, scheduled_at)
    return campaigns.get_campaign(campaign_id)


@campaigns_blp.delete("/<uuid:campaign_id>")
@campaigns_blp.response(204)
def delete(campaign_id: UUID) -> None:
    """Delete what never started"""
    service.delete(campaign_id)


@campaigns_blp.post("/<uuid:campaign_id>/launch")
@campaigns_blp.arguments(schemas.LaunchSchema, required=False)
@campaigns_blp.response(200, schemas.CampaignSchema)
def launch(data: dict[str, Any], campaign_id: UUID) -> Campaign:
    """Freeze the audience and start sending"""
    return service.launch(campaign_id, confirm_count=(data or {}).get("confirm_count"))


@campaigns_blp.post("/<uuid:campaign_id>/schedule")
@campaigns_blp.arguments(schemas.ScheduleSchema)
@campaigns_blp.response(200, schemas.CampaignSchema)
def schedule(data: dict[str, Any], campaign_id: UUID) -> Campaign:
    """Start by itself at that time"""
    return service.schedule(campaign_id, data["scheduled_at"])


@campaigns_blp.post("/<uuid:campaign_id>/unschedule")
@campaigns_blp.response(200, schemas.CampaignSchema)
def unschedule(campaign_id: UUID) -> Campaign:
    """Back to a draft"""
    return service.unschedule(campaign_id)


@campaigns_blp.post("/<uuid:campaign_id>/pause")
@campaigns_blp.response(200, schemas.CampaignSchema)
def pause(campaign_id: UUID) -> Campaign:
    """Stop within one message"""
    return service.pause(campaign_id)


@campaigns_blp.post("/<uuid:campaign_id>/resume")
@campaigns_blp.response(200, schemas.CampaignSchema)
def resume(campaign_id: UUID) -> Campaign:
    """Go on; nobody gets it twice"""
    return service.resume(campaign_id)


@campaigns_blp.put("/<uuid:campaign_id>/settings")
@campaigns_blp.arguments(schemas.CampaignSettingsSchema)
@campaigns_blp.response(200, schemas.CampaignSchema)
def set_pace(data: dict[str, Any], campaign_id: UUID) -> Campaign:
    """Another pace, also while it sends"""
    return service.update_pace(campaign_id, data)


@campaigns_blp.post("/<uuid:campaign_id>/cancel")
@campaigns_blp.response(200, schemas.CampaignSchema)
def cancel(campaign_id: UUID) -> Campaign:
    """Cancel what has not started"""
    return service.cancel(campaign_id)


@campaigns_blp.post("/<uuid:campaign_id>/clone")
@campaigns_blp.arguments(schemas.CloneSchema, required=False)
@campaigns_blp.response(201, schemas.CampaignSchema)
def clone(data: dict[str, Any], campaign_id: UUID) -> Campaign:
    """A draft with the same content, audience and pace"""
    return service.clone(campaign_id, (data or {}).get("name"))


@campaigns_blp.post("/<uuid:campaign_id>/follow-up")
@campaigns_blp.arguments(schemas.FollowUpSchema)
@campaigns_blp.response(201, schemas.CampaignSchema)
def follow_up(data: dict[str, Any], campaign_id: UUID) -> Campaign:
    """A draft for those who did not read, failed, replied…"""
    return _finished(service.follow_up(campaign_id, data["segment"], data.get("name")).id, None)


@campaigns_blp.post("/<uuid:campaign_id>/test")
@campaigns_blp.arguments(schemas.CampaignTestSchema)
@campaigns_blp.response(202, schemas.TestMessageSchema)
def test(data: dict[str, Any], campaign_id: UUID) -> Message:
    """Send the real text of one contact to a phone of your own"""
    return service.send_test(
        campaign_id, data["recipient"], contact_id=data.get("contact_id"), instance_id=data.get("instance_id")
    )


@campaigns_blp.post("/<uuid:campaign_id>/retry")
@campaigns_blp.arguments(schemas.RetrySchema, required=False)
@campaigns_blp.response(202, schemas.QueuedSchema)
def retry(data: dict[str, Any], campaign_id: UUID) -> dict[str, int]:
    """Queue the failed messages again"""
    accepted = bool((data or {}).get("even_if_accepted"))
    return {"queued": service.retry_failed(campaign_id, even_if_accepted=accepted)}


@campaigns_blp.post("/<uuid:campaign_id>/resend")
@campaigns_blp.arguments(schemas.ResendSchema, required=False)
@campaigns_blp.response(202, schemas.QueuedSchema)
def resend(data: dict[str, Any], campaign_id: UUID) -> dict[str, int]:
    """Send unconfirmed messages again, by your decision: they may arrive twice"""
    return {"queued": service.resend_unconfirmed(campaign_id, (data or {}).get("message_ids"))}


@campaigns_blp.get("/<uuid:campaign_id>/stats")
@campaigns_blp.response(200, schemas.StatsSchema)
def stats(campaign_id: UUID) -> Stats:
    """queued + total_sent + total_failed + unconfirmed + cancelled = total"""
    return progress.stats(campaign_id)


@campaigns_blp.get("/<uuid:campaign_id>/messages")
@campaigns_blp.arguments(schemas.RecipientQuery, location="query")
@campaigns_blp.response(200, page_of(schemas.RecipientSchema))
def messages(query: dict[str, Any], campaign_id: UUID) -> Page[recipients.Recipient]:
    """Every recipient with what became of the message"""
    return recipients.page(
        campaign_id,
        query["page"],
        query["limit"],
        status=query["status"],
        search=query["search"],
        after=query["cursor"],
    )


@campaigns_blp.get("/<uuid:campaign_id>/preview")
@campaigns_blp.arguments(schemas.PreviewQuery, location="query")
@campaigns_blp.response(200, page_of(schemas.PreviewSchema))
def show_preview(query: dict[str, Any], campaign_id: UUID) -> Page[preview.Line]:
    """The text of each recipient: rendered now for a draft, as stored for a launched campaign"""
    campaign = campaigns.get_campaign(campaign_id)
    number, limit = clamp(query["page"], query["limit"])
    if campaign.started_at:
        return preview.stored(campaign_id, number, limit, search=query["search"], after=query["cursor"])
    return preview.page(
        campaign, search=query["search"], only=query["only"], after=query["cursor"], limit=limit, number=number
    )


@dispatches_blp.get("")
@dispatches_blp.arguments(schemas.DispatchQuery, location="query")
@dispatches_blp.response(200, page_of(schemas.RecipientSchema))
def list_dispatches(query: dict[str, Any]) -> Page[recipients.Recipient]:
    """Messages of every campaign, newest first"""
    return recipients.dispatches(
        query["page"], query["limit"], campaign_id=query["campaign_id"], status=query["status"], after=query["cursor"]
    )


@dispatches_blp.get("/stats")
@dispatches_blp.arguments(schemas.DispatchStatsQuery, location="query")
@dispatches_blp.response(200, schemas.DispatchStatsSchema)
def dispatch_stats(query: dict[str, Any]) -> Figures:
    """The figures of one campaign, or of all of them together"""
    return progress.all_figures(query["campaign_id"])


@dispatches_blp.get("/<uuid:message_id>")
@dispatches_blp.response(200, schemas.RecipientSchema)
def show_dispatch(message_id: UUID) -> recipients.Recipient:
    """One message of a campaign"""
    return recipients.get_dispatch(message_id)
