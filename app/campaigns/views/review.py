"""The last look: who gets what, what a careful colleague would notice, a test, and the count typed to launch."""

import uuid
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.campaigns import service
from app.campaigns.forms import LaunchForm, TestForm, uuids
from app.campaigns.models import Campaign
from app.campaigns.queries import campaigns, forecast, preview
from app.campaigns.views.wizard import blueprint, draft_of, go, links
from app.core import clock
from app.core.errors import AppError, Conflict
from app.media.queries import find_media
from app.voice.queries.configs import find_config


@blueprint.get("/<uuid:campaign_id>/review")
def review(campaign_id: uuid.UUID) -> ResponseReturnValue:
    return _review_page(draft_of(campaign_id), LaunchForm(formdata=None))


def _people(campaign: Campaign) -> dict[str, Any]:
    search, only = request.args.get("q", ""), request.args.get("only", "")
    found = preview.page(campaign, search=search, only=only, after=request.args.get("after"))
    return {"people": found, "q": search, "only": only}


def _review_page(campaign: Campaign, form: LaunchForm) -> str:
    found = preview.review(campaign)
    instances = campaigns.instances_of(campaign.id)
    at = campaign.scheduled_at or clock.now()
    plan = forecast.Plan(campaign.id, instances, campaign.settings, forecast.evenly(instances, found.recipients), at)
    shares = forecast.shares(plan)
    return render_template(
        "campaigns/review.html",
        campaign=campaign,
        form=form,
        missing=service.missing(campaign),
        test=TestForm(formdata=None),
        found=found,
        shares=shares,
        ends_at=forecast.last_end(shares),
        now=clock.now(),
        steps=links(campaign),
        media=find_media(campaign.media_id),
        **_voice(campaign),
        **_people(campaign),
    )


@blueprint.post("/<uuid:campaign_id>/launch")
def launch(campaign_id: uuid.UUID) -> ResponseReturnValue:
    """Now, or at the time chosen before; the count that the person typed must be the count."""
    campaign, form = draft_of(campaign_id), LaunchForm()
    if form.count() is None:
        form.typed.errors = [_("Digite o número de pessoas, como mostrado acima.")]
        return _review_page(campaign, form), 422
    try:
        if campaign.scheduled_at:
            _check_count(campaign, form.count())
            service.schedule(campaign_id, campaign.scheduled_at)
            flash(_("Campanha agendada."), "success")
        else:
            service.launch(campaign_id, confirm_count=form.count())
            flash(_("Campanha lançada. Acompanhe por aqui."), "success")
    except AppError as error:
        form.typed.errors = [str(error.message)]
        return _review_page(campaigns.get_campaign(campaign_id), form), error.status
    return redirect(url_for("campaign.show", campaign_id=campaign_id), 303)


def _check_count(campaign: Campaign, typed: int | None) -> None:
    found = preview.review(campaign).recipients
    if typed != found:
        raise Conflict(_("São %(n)s pessoas. Confira e digite de novo.", n=found))


@blueprint.post("/<uuid:campaign_id>/test")
def test(campaign_id: uuid.UUID) -> ResponseReturnValue:
    form = TestForm()
    contact = next(iter(uuids([form.contact_id.data or ""])), None)
    service.send_test(campaign_id, form.phone.data or "", contact_id=contact)
    flash(_("Teste a caminho de %(phone)s.", phone=form.phone.data), "success")
    return go("review", campaign_id)


@blueprint.get("/<uuid:campaign_id>/voice")
def voice(campaign_id: uuid.UUID) -> str:
    """What speaking would cost, while a job counts it."""
    campaign = draft_of(campaign_id)
    return render_template("campaigns/_voice_estimate.html", campaign=campaign, **_voice(campaign))


@blueprint.post("/<uuid:campaign_id>/voice")
def choose_voice_way(campaign_id: uuid.UUID) -> ResponseReturnValue:
    service.choose_way(campaign_id, request.form.get("in_parts") == "1")
    return go("review", campaign_id)


@blueprint.post("/<uuid:campaign_id>/voice/<uuid:contact_id>")
def listen_to(campaign_id: uuid.UUID, contact_id: uuid.UUID) -> str:
    """What this person will hear."""
    audio = service.audition_for(draft_of(campaign_id), contact_id)
    return render_template("voice/_player.html", audio=audio)


def _voice(campaign: Campaign) -> dict[str, Any]:
    config, speech = find_config(campaign.tts_config_id), service.find_speech(campaign.id)
    if config is None:
        return {"voice": None, "estimate": None, "in_parts": None}
    chosen = speech.in_parts if speech and speech.in_parts is not None else config.speaks_in_parts
    return {"voice": config, "estimate": service.estimate_of(campaign, speech), "in_parts": chosen}
