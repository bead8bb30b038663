"""Queues, quick replies and how the company attends: pages under /settings."""

import uuid
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from app.contacts.rules import COLORS
from app.core.errors import AppError, Conflict, Forbidden, Invalid
from app.core.permissions import require
from app.inbox import queries, service
from app.inbox.forms import QueueForm, QuickReplyForm, attending, find_uuid, uuids
from app.media.queries import find_media, list_by_ids

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
    category = request.args.get("category", "")
    found = queries.list_quick_replies(request.args.get("q", ""), category)
    return render_template(
        "inbox/quick_replies.html",
        replies=found,
        files=list_by_ids([reply.media_id for reply in found if reply.media_id]),
        categories=[(name, name) for name in queries.list_reply_categories()],
        category=category,
        may_edit=queries.may_edit,
    )


@blueprint.get("/quick-replies/new")
def new_quick_reply() -> ResponseReturnValue:
    require("inbox.use")
    return _reply_page(QuickReplyForm(formdata=None), None)


@blueprint.post("/quick-replies/new")
def create_quick_reply() -> ResponseReturnValue:
    form = QuickReplyForm()
    return _save_reply(form, None, lambda: service.create_quick_reply(**form.fields(), is_own=form.is_own.data))


@blueprint.get("/quick-replies/<uuid:reply_id>")
def edit_quick_reply(reply_id: uuid.UUID) -> ResponseReturnValue:
    reply = queries.get_quick_reply(reply_id)
    if not queries.may_edit(reply):
        raise Forbidden
    return _reply_page(QuickReplyForm.of(reply), reply_id)


@blueprint.post("/quick-replies/<uuid:reply_id>")
def update_quick_reply(reply_id: uuid.UUID) -> ResponseReturnValue:
    form = QuickReplyForm()
    return _save_reply(form, reply_id, lambda: service.update_quick_reply(reply_id, **form.fields()))


@blueprint.post("/quick-replies/<uuid:reply_id>/delete")
def delete_quick_reply(reply_id: uuid.UUID) -> ResponseReturnValue:
    service.delete_quick_reply(reply_id)
    flash(_("Resposta rápida excluída."), "success")
    return redirect(url_for("inbox_settings.quick_replies"), 303)


def _save_reply(form: QuickReplyForm, reply_id: uuid.UUID | None, save_it: Callable[[], object]) -> ResponseReturnValue:
    try:
        save_it()
    except (Invalid, Conflict) as error:
        form.refuse(error)
        return _reply_page(form, reply_id, error.status)
    flash(_("Resposta rápida salva."), "success")
    return redirect(url_for("inbox_settings.quick_replies"), 303)


def _reply_page(form: QuickReplyForm, reply_id: uuid.UUID | None, status: int = 200) -> ResponseReturnValue:
    page = render_template(
        "inbox/quick_reply.html",
        form=form,
        reply_id=reply_id,
        media=find_media(find_uuid(form.media_id.data)),
        categories=queries.list_reply_categories(),
    )
    return page, status


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
