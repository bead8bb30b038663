"""Queues, quick replies and how the company attends: pages under /settings."""

import uuid
from dataclasses import asdict
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.contacts.rules import COLORS
from app.core.errors import AppError
from app.core.permissions import require
from app.inbox import queries, service
from app.inbox.forms import QueueForm, attending, uuids

blueprint = Blueprint("inbox_settings", __name__, template_folder="../templates", url_prefix="/settings")


@blueprint.get("/queues")
def queues() -> ResponseReturnValue:
    require("queues.manage")
    found = queries.list_queues(with_inactive=True)
    return render_template(
        "inbox/queues.html",
        queues=found,
        members=queries.members_of([queue.id for queue in found]),
        people={one.id: one for one in queries.list_attendants()},
        settings=queries.get_settings(),
    )


@blueprint.get("/queues/new")
def new_queue() -> ResponseReturnValue:
    require("queues.manage")
    return _queue_page(QueueForm(formdata=None), None, [])


@blueprint.post("/queues/new")
def create_queue() -> ResponseReturnValue:
    return _save_queue(QueueForm(), None)


@blueprint.get("/queues/<uuid:queue_id>")
def edit_queue(queue_id: uuid.UUID) -> ResponseReturnValue:
    require("queues.manage")
    queue = queries.get_queue(queue_id)
    return _queue_page(QueueForm.of(queue), queue_id, queries.members_of([queue_id])[queue_id])


@blueprint.post("/queues/<uuid:queue_id>")
def update_queue(queue_id: uuid.UUID) -> ResponseReturnValue:
    return _save_queue(QueueForm(), queue_id)


@blueprint.post("/queues/<uuid:queue_id>/delete")
def delete_queue(queue_id: uuid.UUID) -> ResponseReturnValue:
    service.delete_queue(queue_id)
    flash(_("Fila excluída. As conversas dela continuam, sem fila."), "success")
    return redirect(url_for("inbox_settings.queues"), 303)


@blueprint.post("/inbox")
def save() -> ResponseReturnValue:
    """How the company attends."""
    service.save_settings(**attending(request.form, asdict(queries.get_settings())))
    flash(_("Atendimento salvo."), "success")
    return redirect(url_for("inbox_settings.queues"), 303)


@blueprint.get("/quick-replies")
def quick_replies() -> ResponseReturnValue:
    require("inbox.use")
    found = queries.list_quick_replies(request.args.get("q", ""))
    return render_template("inbox/quick_replies.html", replies=found, may_edit=queries.may_edit)


@blueprint.post("/quick-replies")
def create_quick_reply() -> ResponseReturnValue:
    fields = _reply_fields()
    service.create_quick_reply(fields["shortcut"], fields["content"], is_own=request.form.get("is_own") == "1")
    flash(_("Resposta rápida salva."), "success")
    return redirect(url_for("inbox_settings.quick_replies"), 303)


@blueprint.post("/quick-replies/<uuid:reply_id>")
def update_quick_reply(reply_id: uuid.UUID) -> ResponseReturnValue:
    service.update_quick_reply(reply_id, **_reply_fields())
    flash(_("Resposta rápida salva."), "success")
    return redirect(url_for("inbox_settings.quick_replies"), 303)


@blueprint.post("/quick-replies/<uuid:reply_id>/delete")
def delete_quick_reply(reply_id: uuid.UUID) -> ResponseReturnValue:
    service.delete_quick_reply(reply_id)
    flash(_("Resposta rápida excluída."), "success")
    return redirect(url_for("inbox_settings.quick_replies"), 303)


def _reply_fields() -> dict[str, str]:
    return {name: request.form.get(name, "") for name in ("shortcut", "content")}


def _save_queue(form: QueueForm, queue_id: uuid.UUID | None) -> ResponseReturnValue:
    members = uuids(request.form.getlist("member_ids"))
    fields: dict[str, Any] = {**form.fields(), "member_ids": members}
    try:
        if queue_id is None:
            service.create_queue(fields.pop("name"), **fields)
        else:
            service.update_queue(queue_id, **fields)
    except AppError as error:
        form.refuse(error)
        return _queue_page(form, queue_id, members, error.status)
    flash(_("Fila salva."), "success")
    return redirect(url_for("inbox_settings.queues"), 303)


def _queue_page(
    form: QueueForm, queue_id: uuid.UUID | None, members: list[uuid.UUID], status: int = 200
) -> ResponseReturnValue:
    page = render_template(
        "inbox/queue.html",
        form=form,
        queue_id=queue_id,
        members=members,
        people=queries.list_attendants(),
        colors=list(COLORS),
    )
    return page, status
