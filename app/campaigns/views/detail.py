"""One campaign, live: numbers, pace, forecast, every person with what became of the message, the result."""

import uuid
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.campaigns import service
from app.campaigns.forms import PaceForm
from app.campaigns.models import Campaign
from app.campaigns.queries import campaigns, forecast, progress, recipients, speech
from app.campaigns.rules.states import actions
from app.contacts.service.exports import FORMATS
from app.core import clock
from app.core.errors import NotFound
from app.core.storage import storage
from app.media.queries import find_media
from app.ui.downloads import Stored, file_response

blueprint = Blueprint("campaign", __name__, template_folder="../templates", url_prefix="/campaigns")
PER_PAGE = 50


@blueprint.get("/<uuid:campaign_id>")
def show(campaign_id: uuid.UUID) -> ResponseReturnValue:
    campaign = campaigns.get_campaign(campaign_id)
    if campaign.status == "draft":
        return redirect(url_for("campaign_wizard.audience", campaign_id=campaign_id))
    return render_template(
        "campaigns/show.html",
        **_context(campaign),
        **_people(campaign),
        ledger=progress.ledger(campaign_id) if campaign.started_at else None,
        media=find_media(campaign.media_id),
        pace=PaceForm.of(campaign),
        parent=campaigns.find_campaign(campaign.parent_id) if campaign.parent_id else None,
    )


@blueprint.get("/<uuid:campaign_id>/progress")
def live(campaign_id: uuid.UUID) -> ResponseReturnValue:
    campaign = campaigns.get_campaign(campaign_id)
    page = render_template("campaigns/_progress.html", **_context(campaign), status=request.args.get("status", ""))
    return page, {"X-Live-Stop": "1"} if campaign.status in ("cancelled", "failed", "draft") else {}


@blueprint.get("/<uuid:campaign_id>/ledger")
def ledger(campaign_id: uuid.UUID) -> ResponseReturnValue:
    """The promise, counted again; dearer than the progress, so asked for less often."""
    campaign = campaigns.get_campaign(campaign_id)
    return render_template("campaigns/_ledger.html", ledger=progress.ledger(campaign.id))


def _can(campaign: Campaign) -> dict[str, Any]:
    return {"can_do": actions(campaign.status, started=campaign.started_at is not None)}


def _context(campaign: Campaign) -> dict[str, Any]:
    shares = forecast.shares_of(campaign)
    figures = progress.figures_of(campaign.id)
    return {
        "campaign": campaign,
        "figures": figures,
        "shares": shares,
        "ends_at": forecast.last_end(shares) if campaign.status == "sending" else None,
        "rate": progress.rate_per_minute(campaign.id) if campaign.status == "sending" else 0,
        "failures": recipients.failures_by_code(campaign.id) if figures.failed else [],
        "retriable": recipients.count_failed(campaign.id) if figures.failed else (0, 0),
        "now": clock.now(),
        "speech": speech.progress_of(campaign) if campaign.tts_config_id else None,
        **_can(campaign),
    }


def _people(campaign: Campaign) -> dict[str, Any]:
    search, status = request.args.get("q", ""), request.args.get("status", "")
    reason = status.removeprefix("excluded:")
    if status.startswith("excluded"):
        found: Any = recipients.excluded(
            campaign.id, reason if reason != "excluded" else "", after=request.args.get("after"), limit=PER_PAGE
        )
    else:
        found = recipients.page(campaign.id, 1, PER_PAGE, status=status, search=search, after=request.args.get("after"))
    return {"people": found, "q": search, "status": status}


@blueprint.post("/<uuid:campaign_id>/result")
def ask_result(campaign_id: uuid.UUID) -> ResponseReturnValue:
    name = service.request_result(campaign_id, request.form.get("format", "xlsx"))
    return redirect(url_for("campaign.result", campaign_id=campaign_id, name=name), 303)


@blueprint.get("/<uuid:campaign_id>/result/<name>")
def result(campaign_id: uuid.UUID, name: str) -> ResponseReturnValue:
    """A page that waits for the file."""
    ready = service.result_of(campaign_id, name) is not None
    template = "campaigns/_result.html" if "state" in request.args else "campaigns/result.html"
    return render_template(template, campaign=campaigns.get_campaign(campaign_id), name=name, ready=ready)


@blueprint.get("/<uuid:campaign_id>/result/<name>/file")
def download(campaign_id: uuid.UUID, name: str) -> ResponseReturnValue:
    campaign = campaigns.get_campaign(campaign_id)
    key = service.result_of(campaign_id, name)
    if key is None:
        raise NotFound
    kind = name.rpartition(".")[2]
    shown = f"{_file_name(campaign.name)}-{_('resultado')}.{kind}"
    return file_response(Stored(key, shown, FORMATS[kind], storage().size(key), etag=name))


def _file_name(name: str) -> str:
    return "".join(char if char.isalnum() or char in " -_" else "-" for char in name).strip() or "campanha"
