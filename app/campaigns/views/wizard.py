"""Four steps: who, what, from which number and when, and a last look. Every step saves the draft."""

import uuid
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms.fields.choices import SelectChoice

from app.campaigns import service
from app.campaigns.forms import AudienceForm, MessageForm, NumbersForm, refuse
from app.campaigns.models import Campaign
from app.campaigns.queries import campaigns, forecast, preview
from app.campaigns.rules import drafts as rules
from app.contacts.queries import imports, labels
from app.contacts.service import imports as sheets
from app.contacts.service.imports import Wishes
from app.core import clock
from app.core.errors import AppError, Conflict, Invalid
from app.core.permissions import require
from app.instances.queries import list_instances
from app.media.queries import find_media
from app.templates.queries import get_template, list_for_choice
from app.voice.queries.configs import list_configs

blueprint = Blueprint("campaign_wizard", __name__, template_folder="../templates", url_prefix="/campaigns")
STEPS = ("audience", "message", "numbers", "review")


def go(step: str, campaign_id: uuid.UUID, **arguments: Any) -> ResponseReturnValue:
    return redirect(url_for(f"campaign_wizard.{step}", campaign_id=campaign_id, **arguments), 303)


def draft_of(campaign_id: uuid.UUID) -> Campaign:
    """Only what may still be edited has a wizard."""
    require("campaigns.write")
    campaign = campaigns.get_campaign(campaign_id)
    if campaign.status not in ("draft", "scheduled"):
        raise Conflict(_("Esta campanha já saiu; veja o andamento dela."))
    return campaign


@blueprint.get("/new")
def new() -> ResponseReturnValue:
    require("campaigns.write")
    chosen = {"group_ids": request.args.getlist("group")}  # a finished import leads here with its group
    return _audience_page(AudienceForm(formdata=None, data=chosen), None)


@blueprint.post("/new")
def create() -> ResponseReturnValue:
    require("campaigns.write")
    form = AudienceForm()
    try:
        campaign = service.create(
            name=form.name.data or "",
            audience=form.audience({}),
            instance_ids=[one.id for one in list_instances() if one.is_active and one.is_default],
        )
    except Invalid as error:
        refuse(form, error)
        return _audience_page(form, None), 422
    return _after_audience(campaign.id)


@blueprint.get("/<uuid:campaign_id>/audience")
def audience(campaign_id: uuid.UUID) -> ResponseReturnValue:
    campaign = draft_of(campaign_id)
    return _audience_page(AudienceForm.of(campaign), campaign)


@blueprint.post("/<uuid:campaign_id>/audience")
def save_audience(campaign_id: uuid.UUID) -> ResponseReturnValue:
    campaign, form = draft_of(campaign_id), AudienceForm()
    before = campaign.audience
    if "drop" in request.form:
        before = {key: value for key, value in before.items() if key != request.form["drop"]}
    try:
        service.update(campaign_id, name=form.name.data or "", audience=form.audience(before))
    except Invalid as error:
        refuse(form, error)
        return _audience_page(form, campaign), 422
    return _after_audience(campaign_id)


def _after_audience(campaign_id: uuid.UUID) -> ResponseReturnValue:
    """A sheet chosen on the way is looked at first; then the person comes back here."""
    file = request.files.get("file")
    if file is not None and file.filename:
        back = url_for("campaign_wizard.audience", campaign_id=campaign_id)
        found = sheets.start_import(file.stream, file.filename, Wishes(source="campaign", return_to=back))  # type: ignore[arg-type]
        campaign = campaigns.get_campaign(campaign_id)
        service.update(campaign_id, audience={**campaign.audience, "import_id": found.id})
        return redirect(url_for("imports.show", import_id=found.id), 303)
    service.refresh_estimate(campaign_id)
    return go("audience" if "drop" in request.form else "message", campaign_id)


def _audience_page(form: AudienceForm, campaign: Campaign | None) -> str:
    groups, tags = labels.list_groups(), labels.list_tags()
    sheet = imports.get_import(campaign.import_id) if campaign and campaign.import_id else None
    earlier = campaign.audience.get("from_campaign") if campaign else None
    form.list_id.choices = [
        SelectChoice("", _("Nenhuma")),
        *[SelectChoice(str(one.id), one.name) for one in labels.list_lists()],
    ]
    return render_template(
        "campaigns/audience.html",
        form=form,
        campaign=campaign,
        groups=groups,
        group_sizes=labels.group_sizes([one.id for one in groups]),
        tags=tags,
        tag_sizes=labels.tag_sizes([one.id for one in tags]),
        sheet=sheet,
        earlier=earlier,
        parent=campaigns.find_campaign(uuid.UUID(earlier["id"])) if earlier else None,
        steps=links(campaign),
    )


@blueprint.get("/<uuid:campaign_id>/message")
def message(campaign_id: uuid.UUID) -> ResponseReturnValue:
    campaign = draft_of(campaign_id)
    return _message_page(MessageForm.of(campaign), campaign)


@blueprint.post("/<uuid:campaign_id>/message")
def save_message(campaign_id: uuid.UUID) -> ResponseReturnValue:
    campaign, form = draft_of(campaign_id), MessageForm()
    if "use_template" in request.form and form.template_id.data:
        _take_template(form)
        return _message_page(form, campaign)
    try:
        service.update(campaign_id, **form.fields())
    except AppError as error:
        refuse(form, error)
        return _message_page(form, campaign), error.status
    return go("numbers", campaign_id)


def _take_template(form: MessageForm) -> None:
    template = get_template(uuid.UUID(form.template_id.data))
    form.message.data = template.content
    if template.media_id:
        form.media_id.data, form.media_url.data = str(template.media_id), ""


@blueprint.post("/<uuid:campaign_id>/message/preview")
def message_preview(campaign_id: uuid.UUID) -> ResponseReturnValue:
    """The bubbles while one types."""
    form = MessageForm()
    return render_template("campaigns/_bubbles.html", **_bubbles(draft_of(campaign_id), form))


def _message_page(form: MessageForm, campaign: Campaign) -> str:
    voices = list_configs(only_active=True)
    form.tts_config_id.choices = [("", _("Sem voz: mensagem escrita")), *[(str(one.id), one.name) for one in voices]]
    form.template_id.choices = [
        SelectChoice("", _("Escolha um modelo")),
        *[SelectChoice(str(one.id), one.name) for one in list_for_choice()],
    ]
    return render_template(
        "campaigns/message.html",
        form=form,
        campaign=campaign,
        names=preview.variables(),
        steps=links(campaign),
        **_bubbles(campaign, form),
    )


@blueprint.post("/<uuid:campaign_id>/message/listen")
def listen(campaign_id: uuid.UUID) -> str:
    """The text as it stands in the form, for a real person of the audience."""
    campaign, form = draft_of(campaign_id), MessageForm()
    fields = form.fields()
    if not fields["tts_config_id"]:
        raise Invalid.field("tts_config_id", _("Escolha a voz."))
    person = preview.first_person(campaign) or preview.example_person()
    text = preview.sample(fields["message"], fields["variations"], person).text
    audio = service.audition(text, fields["tts_config_id"], fields["message"], fields["variations"])
    return render_template("voice/_player.html", audio=audio)


def _bubbles(campaign: Campaign, form: MessageForm) -> dict[str, Any]:
    fields = form.fields()
    person = preview.first_person(campaign) or preview.example_person()
    texts = [text for text in (fields["message"], *fields["variations"]) if text.strip()] or [""]
    samples = [preview.sample(texts[0], texts[1:], person, at) for at in range(len(texts))]
    return {
        "samples": samples, "person": person, "media": find_media(fields["media_id"]), "url": fields["media_url"],
        "is_spoken": bool(fields["tts_config_id"]),
    }  # fmt: skip


@blueprint.get("/<uuid:campaign_id>/numbers")
def numbers(campaign_id: uuid.UUID) -> ResponseReturnValue:
    campaign = draft_of(campaign_id)
    form = NumbersForm.of(campaign, campaigns.instance_ids(campaign_id), campaigns.timezone())
    return _numbers_page(form, campaign)


@blueprint.post("/<uuid:campaign_id>/numbers")
def save_numbers(campaign_id: uuid.UUID) -> ResponseReturnValue:
    campaign, form = draft_of(campaign_id), NumbersForm()
    if not form.validate() or form.wants_a_time():
        return _numbers_page(form, campaign), 422
    zone = campaigns.timezone()
    try:
        if not form.numbers():
            raise Invalid.field("instance_ids", _("Escolha pelo menos um número."))
        service.update(
            campaign_id, instance_ids=form.numbers(), settings=form.settings(), scheduled_at=form.starts_at(zone)
        )
    except AppError as error:
        refuse(form, error)
        return _numbers_page(form, campaign), error.status
    return go("review", campaign_id)


@blueprint.post("/<uuid:campaign_id>/numbers/forecast")
def numbers_forecast(campaign_id: uuid.UUID) -> ResponseReturnValue:
    """The forecast while one changes the pace."""
    form = NumbersForm()
    form.validate()
    return render_template("campaigns/_forecast.html", **_forecast(draft_of(campaign_id), form))


def _numbers_page(form: NumbersForm, campaign: Campaign) -> str:
    return render_template(
        "campaigns/numbers.html",
        form=form,
        campaign=campaign,
        instances=list_instances(),
        steps=links(campaign),
        zone=campaigns.timezone(),
        **_forecast(campaign, form),
    )


def _forecast(campaign: Campaign, form: NumbersForm) -> dict[str, Any]:
    chosen = [one for one in list_instances() if one.id in form.numbers()]
    settings = form.settings()
    if rules.settings_errors(settings):
        settings = {}
    count = campaign.estimated_recipients or 0
    at = form.starts_at(campaigns.timezone()) or clock.now()
    plan = forecast.Plan(campaign.id, chosen, settings, forecast.evenly(chosen, count), at)
    shares = forecast.shares(plan)
    return {
        "shares": shares, "ends_at": forecast.last_end(shares), "count": count, "now": clock.now(),
        "too_fast": any(share.pace.delay_min_ms < 900 for share in shares),
        "stuck": any(share.remaining and share.ends_at is None for share in shares),
    }  # fmt: skip


def links(campaign: Campaign | None) -> list[str | None]:
    if campaign is None:
        return [None] * len(STEPS)
    return [url_for(f"campaign_wizard.{step}", campaign_id=campaign.id) for step in STEPS]
