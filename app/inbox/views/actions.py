"""Buttons of a conversation. Each asks its service; the script redraws the panes, a plain form goes back."""

import uuid
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from app.inbox import service
from app.inbox.forms import find_uuid, kept, tab_of, uuids
from app.inbox.service.retrying import send_again
from app.ui.errors import is_fragment, referrer

blueprint = Blueprint("inbox_actions", __name__, url_prefix="/inbox")


def _done(ticket_id: uuid.UUID) -> ResponseReturnValue:
    if is_fragment():
        return "", 204
    return redirect(referrer() or url_for("inbox.show", ticket_id=ticket_id), 303)


@blueprint.post("/<uuid:ticket_id>/take")
def take(ticket_id: uuid.UUID) -> ResponseReturnValue:
    service.take(ticket_id, force=request.form.get("force") == "1")
    return ("", 204) if is_fragment() else redirect(url_for("inbox.show", ticket_id=ticket_id), 303)


@blueprint.post("/<uuid:ticket_id>/release")
def release(ticket_id: uuid.UUID) -> ResponseReturnValue:
    service.release(ticket_id)
    return _done(ticket_id)


@blueprint.post("/<uuid:ticket_id>/transfer")
def transfer(ticket_id: uuid.UUID) -> ResponseReturnValue:
    service.transfer(ticket_id, note=request.form.get("note", ""), **_target(request.form.get("target", "")))
    return _done(ticket_id)


@blueprint.post("/<uuid:ticket_id>/close")
def close(ticket_id: uuid.UUID) -> ResponseReturnValue:
    rating = request.form.get("rating")
    service.close(ticket_id, ask_rating=None if rating is None else rating == "1")
    return _done(ticket_id)


@blueprint.post("/<uuid:ticket_id>/reopen")
def reopen(ticket_id: uuid.UUID) -> ResponseReturnValue:
    service.reopen(ticket_id)
    return _done(ticket_id)


@blueprint.post("/<uuid:ticket_id>/priority")
def priority(ticket_id: uuid.UUID) -> ResponseReturnValue:
    service.set_priority(ticket_id, request.form.get("priority", ""))
    return _done(ticket_id)


@blueprint.post("/<uuid:ticket_id>/tags")
def tags(ticket_id: uuid.UUID) -> ResponseReturnValue:
    service.set_tags(ticket_id, uuids(request.form.getlist("tag_ids")))
    return _done(ticket_id)


@blueprint.post("/<uuid:ticket_id>/consent")
def consent(ticket_id: uuid.UUID) -> ResponseReturnValue:
    service.set_consent(ticket_id, is_given=request.form.get("consent") == "in")
    return _done(ticket_id)


@blueprint.post("/<uuid:ticket_id>/read")
def read(ticket_id: uuid.UUID) -> ResponseReturnValue:
    service.mark_read(ticket_id)
    return _done(ticket_id)


@blueprint.post("/<uuid:ticket_id>/unread")
def unread(ticket_id: uuid.UUID) -> ResponseReturnValue:
    service.mark_unread(ticket_id)
    return _done(ticket_id)


@blueprint.post("/<uuid:ticket_id>/messages/<uuid:message_id>/retry")
def retry(ticket_id: uuid.UUID, message_id: uuid.UUID) -> ResponseReturnValue:
    send_again(ticket_id, message_id)
    return _done(ticket_id)


@blueprint.post("/presence")
def presence() -> ResponseReturnValue:
    service.set_presence(request.form.get("status", ""))
    return ("", 204) if is_fragment() else redirect(referrer() or url_for("inbox.index"), 303)


@blueprint.post("/bulk")
def bulk() -> ResponseReturnValue:
    """`action` is a verb, or a verb and its object: `transfer:queue:<id>`, `add_tags:<id>`."""
    action, _colon, value = request.form.get("action", "").partition(":")
    outcome = service.bulk(action, uuids(request.form.getlist("ids")), **_object_of(action, value))
    words = ngettext("%(num)s conversa mudou.", "%(num)s conversas mudaram.", len(outcome.done))
    if outcome.failed:
        words += " " + ngettext("%(num)s recusou: ", "%(num)s recusaram: ", len(outcome.failed)) + outcome.failed[0][1]
    if is_fragment():
        return words
    flash(words, "warning" if outcome.failed else "success")
    return redirect(referrer() or url_for("inbox.index"), 303)


def _object_of(action: str, value: str) -> dict[str, Any]:
    if action == "transfer":
        return _target(value)
    if action == "add_tags":
        return {"tag_ids": uuids([value])}
    return {"priority": value} if action == "set_priority" else {}


def _target(value: str) -> dict[str, Any]:
    """`queue:<id>` or `user:<id>`."""
    kind, _colon, target = value.partition(":")
    return {f"{kind}_id": find_uuid(target)} if kind in ("queue", "user") else {}


@blueprint.post("/filters")
def save_filter() -> ResponseReturnValue:
    service.save_filter(request.form.get("name", ""), {**kept(request.form), "tab": tab_of(request.form)})
    if is_fragment():
        return "", 204
    flash(_("Filtro salvo."), "success")
    return redirect(url_for("inbox.index", tab=tab_of(request.form), **kept(request.form)), 303)


@blueprint.post("/filters/<uuid:filter_id>/delete")
def delete_filter(filter_id: uuid.UUID) -> ResponseReturnValue:
    service.delete_filter(filter_id)
    return ("", 204) if is_fragment() else redirect(url_for("inbox.index"), 303)
