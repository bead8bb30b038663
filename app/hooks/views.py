"""Pages of outgoing webhooks: /settings/webhooks."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms.fields.choices import SelectChoice

from app.core.errors import Invalid
from app.core.permissions import require
from app.hooks import queries, service
from app.hooks.forms import WebhookForm
from app.hooks.models import Delivery, Webhook
from app.hooks.rules import EVENTS, KINDS, kind
from app.instances.queries import list_instances

blueprint = Blueprint("hooks", __name__, template_folder="templates", url_prefix="/settings/webhooks")
KIND_NAMES = {
    "message": _l("Mensagens: recebidas e mudanças de situação"),
    "ticket": _l("Conversas: abertas, atribuídas, encerradas"),
    "campaign": _l("Campanhas: criadas, lançadas, concluídas"),
    "instance": _l("Números: conectados, caídos, retidos"),
    "contact": _l("Contatos: criados, alterados, saídas"),
    "alert": _l("Alertas: começaram, resolvidos"),
}
STATES = {
    "on": (_l("Ligado"), "success"),
    "failing": (_l("Falhando"), "warning"),
    "paused": (_l("Parado"), "danger"),
    "off": (_l("Desligado"), "neutral"),
}
DELIVERY_STATES = {
    "pending": (_l("Na fila"), "info"),
    "sending": (_l("Enviando"), "info"),
    "delivered": (_l("Entregue"), "success"),
    "failed": (_l("Não entregue"), "danger"),
    "discarded": (_l("Descartado"), "neutral"),
}
REASONS = {
    "dead": _l("Nenhuma resposta boa por tempo demais."),
    "gone": _l("O endereço respondeu que não existe mais (410)."),
}


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)


@blueprint.get("")
def index() -> ResponseReturnValue:
    page = queries.list_webhooks(limit=100)
    waiting = queries.pending_counts([hook.id for hook in page.items])
    return render_template("hooks/index.html", hooks=page.items, waiting=waiting, states=STATES, reasons=REASONS)


@blueprint.get("/new")
def new() -> ResponseReturnValue:
    require("webhooks.manage")
    return _edit(_form(None, empty=True), None)


@blueprint.post("/new")
def create() -> ResponseReturnValue:
    require("webhooks.manage")
    form = _form(None)
    made: list[service.NewWebhook] = []
    problem = _try(form, None, lambda values: made.append(service.create_webhook(**values)))
    return problem or (_show(made[0].row, secret=made[0].secret), 201)


@blueprint.get("/<uuid:webhook_id>")
def show(webhook_id: UUID) -> ResponseReturnValue:
    return _show(queries.get_webhook(webhook_id))


@blueprint.get("/<uuid:webhook_id>/edit")
def edit(webhook_id: UUID) -> ResponseReturnValue:
    hook = queries.get_webhook(webhook_id)
    return _edit(_form(hook, empty=True), hook)


@blueprint.post("/<uuid:webhook_id>/edit")
def update(webhook_id: UUID) -> ResponseReturnValue:
    hook = queries.get_webhook(webhook_id)
    problem = _try(_form(hook), hook, lambda values: service.update_webhook(webhook_id, **values))
    if problem:
        return problem
    flash(_("Webhook salvo."), "success")
    return _back(webhook_id)


@blueprint.post("/<uuid:webhook_id>/test")
def test(webhook_id: UUID) -> ResponseReturnValue:
    delivery = service.send_test(webhook_id)
    return redirect(url_for("hooks.delivery", delivery_id=delivery.id), 303)


@blueprint.post("/<uuid:webhook_id>/resume")
def resume(webhook_id: UUID) -> ResponseReturnValue:
    service.resume_webhook(webhook_id)
    flash(_("Retomado: o que esperava sai agora, na ordem."), "success")
    return _back(webhook_id)


@blueprint.post("/<uuid:webhook_id>/rotate-secret")
def rotate_secret(webhook_id: UUID) -> ResponseReturnValue:
    made = service.rotate_secret(webhook_id)
    return _show(made.row, secret=made.secret)


@blueprint.post("/<uuid:webhook_id>/replay")
def replay_failed(webhook_id: UUID) -> ResponseReturnValue:
    count = service.replay_failed(webhook_id)
    flash(ngettext("%(num)s aviso voltou à fila.", "%(num)s avisos voltaram à fila.", count), "success")
    return _back(webhook_id)


@blueprint.post("/<uuid:webhook_id>/delete")
def delete(webhook_id: UUID) -> ResponseReturnValue:
    service.delete_webhook(webhook_id)
    flash(_("Webhook excluído."), "success")
    return redirect(url_for("hooks.index"), 303)


@blueprint.get("/deliveries/<uuid:delivery_id>")
def delivery(delivery_id: UUID) -> ResponseReturnValue:
    row = queries.get_delivery(delivery_id)
    hook = queries.get_webhook(row.webhook_id)
    fragment = request.headers.get("X-Live") or request.args.get("fragment")
    name = "hooks/_delivery.html" if fragment else "hooks/delivery.html"
    return render_template(name, row=row, hook=hook, body=_pretty(row, hook), states=DELIVERY_STATES)


@blueprint.post("/deliveries/<uuid:delivery_id>/replay")
def replay(delivery_id: UUID) -> ResponseReturnValue:
    service.replay(delivery_id)
    return redirect(url_for("hooks.delivery", delivery_id=delivery_id), 303)


def _show(hook: Webhook, secret: str | None = None) -> str:
    state = request.args.get("status") if request.args.get("status") in DELIVERY_STATES else None
    number = request.args.get("page", 1, type=int)
    page = queries.list_deliveries(hook.id, state=state, page=max(1, min(number or 1, 200)), limit=50)
    return render_template(
        "hooks/show.html", hook=hook, secret=secret, page=page, states=STATES, delivery_states=DELIVERY_STATES,
        state=state, reasons=REASONS, waiting=queries.pending_counts([hook.id])[hook.id],
    )  # fmt: skip


def _form(hook: Webhook | None, *, empty: bool = False) -> WebhookForm:
    form = WebhookForm(formdata=None, obj=hook) if empty else WebhookForm()
    numbers = [SelectChoice(str(row.id), row.name) for row in list_instances()]
    form.instance_id.choices = [SelectChoice("", _("Todos os números")), *numbers]
    if empty and hook is not None:
        form.instance_id.data = str(hook.instance_id or "")
    form.events.choices = [SelectChoice(name, name) for name in (*(f"{name}.*" for name in KINDS), *EVENTS)]
    return form


def _edit(form: WebhookForm, hook: Webhook | None) -> str:
    groups = [(name, KIND_NAMES[name], [event for event in EVENTS if kind(event) == name]) for name in KINDS]
    wholes = [f"{name}.*" for name in KINDS]
    return render_template("hooks/edit.html", form=form, hook=hook, groups=groups, wholes=wholes)


def _try(form: WebhookForm, hook: Webhook | None, verb: Callable[[dict[str, Any]], object]) -> Any:
    """None when it worked, else the form with its errors."""
    if form.validate():
        names = ("url", "events", "is_active")
        values = {name: getattr(form, name).data for name in names}
        try:
            verb({**values, "description": form.description.data or "", "instance_id": _number(form)})
            return None
        except Invalid as error:
            for item in error.errors:
                getattr(form, item.field if item.field in form else "url").errors = [item.message]
    return _edit(form, hook), 422


def _number(form: WebhookForm) -> UUID | None:
    return UUID(form.instance_id.data) if form.instance_id.data else None


def _pretty(row: Delivery, hook: Webhook) -> str | None:
    """None: not made yet, or not for this person's eyes."""
    if row.body is None or not queries.may_read(hook):
        return None
    return json.dumps(json.loads(row.body), ensure_ascii=False, indent=2)


def _back(webhook_id: UUID) -> ResponseReturnValue:
    return redirect(url_for("hooks.show", webhook_id=webhook_id), 303)
