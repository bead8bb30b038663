"""Pages of WhatsApp numbers. Nothing here talks to the gateway: pages ask, jobs do, live parts show."""

from typing import Any
from uuid import UUID

from flask import Blueprint, Flask, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf import FlaskForm

from app.config import Config
from app.core import clock
from app.core.errors import AppError
from app.core.permissions import require
from app.instances import queries, service
from app.instances.forms import NewInstanceForm, PaceForm, PairingForm, SettingsForm, TestForm
from app.instances.models import Instance
from app.instances.rules import trouble_of
from app.instances.rules.pace import is_new_number, pace_warnings, read_pace

blueprint = Blueprint("instances", __name__, template_folder="templates", url_prefix="/instances")


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)
    app.jinja_env.globals["trouble_of"] = trouble_of


def _config() -> Config:
    return current_app.extensions["recado"]


def _show(instance: Instance, status: int = 200, **forms: FlaskForm) -> ResponseReturnValue:
    sending = queries.sending_of(instance.id)
    is_new = is_new_number(sending.first_go_at, clock.now())
    page = render_template(
        "instances/show.html",
        instance=instance,
        sending=sending,
        settings=forms.get("settings") or SettingsForm.of(instance),
        pace=forms.get("pace") or PaceForm.of(instance),
        test=forms.get("test") or TestForm(formdata=None),
        warnings=pace_warnings(read_pace(instance.pace), is_new=is_new),
        webhook_url=f"{_config().public_url}/webhooks/evolution/{instance.id}",
        simulator=_simulator(),
    )
    return page, status


def _simulator() -> str | None:
    config = _config()
    return config.evolution_api_url if config.simulated else None


def _refuse(form: FlaskForm, error: AppError) -> None:
    """Put the service's words beside the field they are about."""
    rest = [str(error.message)] if not error.errors else []
    for one in error.errors:
        name = one.field.removeprefix("pace.")
        name = {"hours": "has_hours"}.get(name, name)
        if name in form:
            form[name].errors = [*form[name].errors, one.message]
        else:
            rest.append(one.message)
    form.form_errors.extend(rest)


@blueprint.get("")
def index() -> ResponseReturnValue:
    require("instances.see")
    return render_template("instances/index.html", instances=queries.list_instances(), simulator=_simulator())


@blueprint.get("/cards")
def cards() -> ResponseReturnValue:
    require("instances.see")
    return render_template("instances/_cards.html", instances=queries.list_instances())


@blueprint.get("/new")
def new() -> ResponseReturnValue:
    require("instances.manage")
    return render_template("instances/new.html", form=NewInstanceForm(formdata=None), simulator=_simulator())


@blueprint.post("/new")
def create() -> ResponseReturnValue:
    form = NewInstanceForm()
    if not form.validate():
        return render_template("instances/new.html", form=form, simulator=_simulator()), 422
    try:
        instance = service.create(_config(), name=form.name.data, description=form.description.data or "")
    except AppError as error:
        _refuse(form, error)
        return render_template("instances/new.html", form=form, simulator=_simulator()), error.status
    service.ask_connect(instance.id)
    return redirect(url_for("instances.qr", instance_id=instance.id), 303)


@blueprint.get("/<uuid:instance_id>")
def show(instance_id: UUID) -> ResponseReturnValue:
    require("instances.see")
    return _show(queries.get_instance(instance_id))


@blueprint.get("/<uuid:instance_id>/state")
def state(instance_id: UUID) -> ResponseReturnValue:
    require("instances.see")
    instance = queries.get_instance(instance_id)
    return render_template("instances/_state.html", instance=instance, sending=queries.sending_of(instance_id))


@blueprint.get("/<uuid:instance_id>/test")
def test_result(instance_id: UUID) -> ResponseReturnValue:
    require("instances.see")
    return render_template("instances/_test.html", instance=queries.get_instance(instance_id))


@blueprint.post("/<uuid:instance_id>")
def update(instance_id: UUID) -> ResponseReturnValue:
    instance, form = queries.get_instance(instance_id), SettingsForm()
    if not form.validate():
        return _show(instance, 422, settings=form)
    fields = ("name", "description", "is_active")
    return _save(instance, form, {name: form[name].data for name in fields}, "settings")


@blueprint.post("/<uuid:instance_id>/pace")
def update_pace(instance_id: UUID) -> ResponseReturnValue:
    instance, form = queries.get_instance(instance_id), PaceForm()
    if not form.validate():
        return _show(instance, 422, pace=form)
    return _save(instance, form, {"pace": form.settings()}, "pace")


def _save(instance: Instance, form: FlaskForm, changes: dict[str, Any], name: str) -> ResponseReturnValue:
    instance_id = instance.id
    try:
        service.update(instance_id, changes)
    except AppError as error:
        _refuse(form, error)
        return _show(queries.get_instance(instance_id), error.status, **{name: form})
    flash(_("Alterações salvas."), "success")
    return redirect(url_for("instances.show", instance_id=instance_id), 303)


@blueprint.get("/<uuid:instance_id>/qr")
def qr(instance_id: UUID) -> ResponseReturnValue:
    require("instances.connect")
    instance = queries.get_instance(instance_id)
    return render_template(
        "instances/qr.html", instance=instance, form=PairingForm(formdata=None), simulator=_simulator()
    )


@blueprint.get("/<uuid:instance_id>/qr/panel")
def qr_panel(instance_id: UUID) -> ResponseReturnValue:
    require("instances.connect")
    instance = queries.get_instance(instance_id)
    if instance.status == "connecting":
        service.ask_refresh(instance_id)
    return render_template("instances/_panel.html", instance=instance)


@blueprint.post("/<uuid:instance_id>/connect")
def connect(instance_id: UUID) -> ResponseReturnValue:
    service.ask_connect(instance_id)
    return redirect(url_for("instances.qr", instance_id=instance_id), 303)


@blueprint.post("/<uuid:instance_id>/pair")
def pair(instance_id: UUID) -> ResponseReturnValue:
    form = PairingForm()
    if form.validate():
        try:
            service.ask_connect(instance_id, form.phone_number.data)
            return redirect(url_for("instances.qr", instance_id=instance_id), 303)
        except AppError as error:
            _refuse(form, error)
    instance = queries.get_instance(instance_id)
    return render_template("instances/qr.html", instance=instance, form=form, simulator=_simulator()), 422


@blueprint.post("/<uuid:instance_id>/disconnect")
def disconnect(instance_id: UUID) -> ResponseReturnValue:
    service.ask_disconnect(instance_id)
    flash(_("Número desconectado."), "success")
    return redirect(url_for("instances.show", instance_id=instance_id), 303)


@blueprint.post("/<uuid:instance_id>/restart")
def restart(instance_id: UUID) -> ResponseReturnValue:
    service.ask_restart(instance_id)
    flash(_("Reiniciando a conexão. Isso leva alguns segundos."), "info")
    return redirect(url_for("instances.show", instance_id=instance_id), 303)


@blueprint.post("/<uuid:instance_id>/default")
def make_default(instance_id: UUID) -> ResponseReturnValue:
    instance = service.make_default(instance_id)
    flash(_("“%(name)s” agora é o número padrão.", name=instance.name), "success")
    return redirect(url_for("instances.show", instance_id=instance_id), 303)


@blueprint.post("/<uuid:instance_id>/test")
def send_test(instance_id: UUID) -> ResponseReturnValue:
    form = TestForm()
    if form.validate():
        try:
            service.ask_test(instance_id, form.recipient.data)
            return redirect(url_for("instances.show", instance_id=instance_id, _anchor="test"), 303)
        except AppError as error:
            _refuse(form, error)
    return _show(queries.get_instance(instance_id), 422, test=form)


@blueprint.post("/<uuid:instance_id>/delete")
def delete(instance_id: UUID) -> ResponseReturnValue:
    service.delete(instance_id)
    flash(_("Número excluído. O histórico de mensagens continua guardado."), "success")
    return redirect(url_for("instances.index"), 303)
