"""Voices: the page under /settings, its fragments, and the audios themselves."""

import uuid
from typing import Any

from flask import Blueprint, Flask, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.core.context import acting, system
from app.core.errors import AppError
from app.core.permissions import require
from app.ui.downloads import file_response
from app.voice import service
from app.voice.forms import CREDENTIALS, VoiceForm, money_of
from app.voice.models import VoiceConfig
from app.voice.queries import configs, usage
from app.voice.queries.audios import get_audio
from app.voice.rules.words import PROVIDERS, trouble
from app.voice.service.asking import recipe_of
from app.voice.service.files import stored
from app.voice.service.links import follow
from app.voice.service.money import today

blueprint = Blueprint("voice", __name__, template_folder="templates", url_prefix="/settings/voice")
audios = Blueprint("voice_audio", __name__, template_folder="templates", url_prefix="/voice")
SAMPLE = "Olá, Maria! Aqui é da Padaria do Zé. Seu pedido de R$ 34,90 sai às 14h30."


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
    app.register_blueprint(audios)
    app.jinja_env.globals.update(voice_trouble=trouble, voice_providers=PROVIDERS)


@blueprint.get("")
def index() -> str:
    require("voice.manage")
    service.ensure_first()
    day = today()
    return render_template(
        "voice/index.html",
        configs=configs.list_configs(),
        words=configs.pronunciations(),
        sample=SAMPLE,
        month=usage.of_month(day),
        week=usage.of_last_week(day),
        budget=usage.budget(day),
        shelf=usage.shelf(),
        days=usage.by_day(day),
        **_accounts(),
    )


def _accounts() -> dict[str, Any]:
    return {"accounts": configs.accounts(), "credentials": CREDENTIALS}


@blueprint.get("/accounts")
def accounts() -> str:
    """The part that shows how the test of an account goes."""
    return render_template("voice/_accounts.html", **_accounts())


@blueprint.post("/accounts")
def save_account() -> ResponseReturnValue:
    provider = request.form.get("provider", "")
    given = {name: request.form.get(name, "") for name, _label, _long in CREDENTIALS.get(provider, ())}
    service.save_account(provider, given)
    flash(_("Credenciais guardadas. Estamos testando com o provedor."), "success")
    return redirect(url_for("voice.index"), 303)


@blueprint.post("/accounts/test")
def test_account() -> ResponseReturnValue:
    service.test_account(request.form.get("provider", ""))
    return redirect(url_for("voice.index") + "#accounts", 303)


@blueprint.get("/new")
def new() -> ResponseReturnValue:
    require("voice.manage")
    return _page(VoiceForm(formdata=None), None)


@blueprint.post("/new")
def create() -> ResponseReturnValue:
    return _save(VoiceForm(), None)


@blueprint.get("/<uuid:config_id>")
def edit(config_id: uuid.UUID) -> ResponseReturnValue:
    require("voice.manage")
    config = configs.get_config(config_id)
    return _page(VoiceForm.of(config), config)


@blueprint.post("/<uuid:config_id>")
def update(config_id: uuid.UUID) -> ResponseReturnValue:
    require("voice.manage")
    return _save(VoiceForm(), configs.get_config(config_id))


@blueprint.post("/<uuid:config_id>/delete")
def delete(config_id: uuid.UUID) -> ResponseReturnValue:
    service.delete_config(config_id)
    flash(_("Voz excluída."), "success")
    return redirect(url_for("voice.index"), 303)


def _save(form: VoiceForm, config: VoiceConfig | None) -> ResponseReturnValue:
    try:
        saved = service.update_config(config.id, **form.fields()) if config else service.create_config(**form.fields())
    except AppError as error:
        form.refuse(error)
        return _page(form, config, error.status)
    flash(_("Voz “%(name)s” salva.", name=saved.name), "success")
    return redirect(url_for("voice.index"), 303)


def _page(form: VoiceForm, config: VoiceConfig | None, status: int = 200) -> ResponseReturnValue:
    others = [one for one in configs.list_configs() if config is None or one.id != config.id]
    form.fallback_id.choices = [("", _("Nenhuma: esperar ele voltar")), *[(str(one.id), one.name) for one in others]]
    state = _offer_voices(form)
    page = render_template("voice/edit.html", form=form, config=config, sample=SAMPLE, state=state)
    return page, status


def _offer_voices(form: VoiceForm) -> str:
    """The voices to choose from; the one that is set is always among them."""
    found, state = service.voices_of(form.provider.data or "local", form.language_code.data or "pt-BR")
    genders = {"female": _("feminina"), "male": _("masculina")}
    choices = []
    for one in found:
        about = " · ".join(str(part) for part in (genders.get(one["gender"]), one["voice_class"]) if part)
        choices.append((one["id"], f"{one['name']} ({about})"))
    chosen = form.voice_id.data
    if chosen and chosen not in dict(choices) and state != "ready":
        choices.insert(0, (chosen, chosen))
    form.voice_id.choices = choices
    return state


@blueprint.get("/voices")
def voices() -> str:
    """The voices of another provider or language, while the form is filled in."""
    require("voice.manage")
    form = VoiceForm(formdata=request.args)
    return render_template("voice/_voices.html", form=form, state=_offer_voices(form))


@blueprint.post("/check")
def check() -> str:
    """What the provider cannot do of the settings as they stand in the form."""
    require("voice.manage")
    form = VoiceForm()
    try:
        service.speaker_from(**form.settings())
    except AppError as error:
        form.refuse(error)
    return render_template("voice/_problems.html", form=form)


@blueprint.post("/listen")
def listen() -> str:
    """The settings as they stand in the form, saved or not."""
    require("voice.manage")
    speaker = service.speaker_from(**VoiceForm().settings())
    text = request.form.get("sample", "")[:500].strip() or SAMPLE
    audio = service.ask(text, recipe=recipe_of(speaker, text, configs.dictionary(), in_parts=False))
    return render_template("voice/_player.html", audio=audio)


@blueprint.post("/<uuid:config_id>/sample")
def sample(config_id: uuid.UUID) -> str:
    require("voice.manage")
    return render_template("voice/_player.html", audio=service.ask(SAMPLE, config_id))


@blueprint.post("/words")
def add_word() -> ResponseReturnValue:
    service.add_pronunciation(request.form.get("word", ""), request.form.get("spoken", ""))
    flash(_("Palavra guardada."), "success")
    return redirect(url_for("voice.index") + "#words", 303)


@blueprint.post("/words/<uuid:word_id>/delete")
def remove_word(word_id: uuid.UUID) -> ResponseReturnValue:
    service.remove_pronunciation(word_id)
    return redirect(url_for("voice.index") + "#words", 303)


@blueprint.post("/budget")
def set_budget() -> ResponseReturnValue:
    require("settings.manage")
    service.set_budget(money_of(request.form.get("monthly_usd", "")))
    flash(_("Orçamento guardado."), "success")
    return redirect(url_for("voice.index") + "#budget", 303)


@blueprint.post("/budget/lift")
def lift_budget() -> ResponseReturnValue:
    service.lift()
    flash(_("Liberado até o fim do mês. Retome as campanhas que pararam."), "success")
    return redirect(url_for("voice.index") + "#budget", 303)


@audios.get("/audios/<uuid:audio_id>")
def show(audio_id: uuid.UUID) -> Response:
    """`?kind=note` is the voice note as WhatsApp gets it."""
    return file_response(stored(get_audio(audio_id), as_note=request.args.get("kind") == "note"))


@audios.get("/audios/<uuid:audio_id>/player")
def player(audio_id: uuid.UUID) -> str:
    return render_template("voice/_listen.html", audio=get_audio(audio_id), asked=audio_id)


@audios.get("/listen/<token>")
def signed(token: str) -> Response:
    """For whoever holds the link, until it ends."""
    audio = follow(token)
    with acting(system(audio.tenant_id)):
        return file_response(stored(audio, as_note=request.args.get("kind") == "note"))
