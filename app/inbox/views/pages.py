"""The three panes, and the fragments that keep them true."""

import uuid
from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from app.contacts.queries.labels import list_tags
from app.contacts.service.people import note_view
from app.core import ids
from app.core.context import current_actor
from app.core.errors import NotFound
from app.core.permissions import can, require
from app.inbox import queries, service
from app.inbox.forms import filters_of, kept, tab_of
from app.inbox.queries.excerpts import excerpts
from app.instances.queries import list_instances
from app.ui.errors import is_fragment

blueprint = Blueprint("inbox", __name__, template_folder="../templates", url_prefix="/inbox")
PER_PAGE, MOST = 40, 100
BADGE_MOST = 99


@blueprint.get("")
def index() -> ResponseReturnValue:
    return render_template("inbox/index.html", **_list(), **_choices(), own_presence=service.own_choice())


@blueprint.get("/<uuid:ticket_id>")
def show(ticket_id: uuid.UUID) -> ResponseReturnValue:
    """The whole page, or the conversation alone for our script."""
    found = _conversation(ticket_id)
    if is_fragment():
        return render_template("inbox/_conversation.html", **found)
    return render_template("inbox/index.html", **_list(), **found, own_presence=service.own_choice())


@blueprint.get("/list")
def rows() -> ResponseReturnValue:
    """`?after=` goes on; `limit=` redraws as many as the page shows."""
    if request.args.get("polling"):
        service.touch_presence()
    found = _list()
    if request.args.get("chips"):
        return render_template("inbox/_list.html", **found, **_choices(), with_chips=True)
    return render_template("inbox/_list.html", **found)


@blueprint.get("/team")
def team() -> ResponseReturnValue:
    """Who is here, and how much each has open."""
    return render_template("inbox/_team.html", people=queries.list_attendants(), presence=_presence())


@blueprint.get("/<uuid:ticket_id>/thread")
def thread(ticket_id: uuid.UUID) -> ResponseReturnValue:
    found = queries.thread(ticket_id, request.args.get("before"))
    return render_template("inbox/_thread.html", thread=found, ticket_id=ticket_id)


@blueprint.get("/messages/<uuid:message_id>")
def message(message_id: uuid.UUID) -> ResponseReturnValue:
    return render_template("inbox/_message.html", item=queries.thread_message(message_id))


@blueprint.get("/<uuid:ticket_id>/parts")
def parts(ticket_id: uuid.UUID) -> ResponseReturnValue:
    """Everything around the thread, after something happened to the conversation."""
    return render_template("inbox/_parts.html", **_around(_row(ticket_id)))


@blueprint.get("/badge")
def badge() -> ResponseReturnValue:
    """How many customers the actor owes a look: the figure in the menu of every page."""
    require("inbox.use")
    return render_badge()


def render_badge() -> Markup:
    if not can(current_actor(), "inbox.use"):
        return Markup()
    unread, waiting = queries.count_calls(BADGE_MOST + 1)
    return Markup(render_template("inbox/_badge.html", unread=unread, waiting=waiting, most=BADGE_MOST))


def _list() -> dict[str, Any]:
    require("inbox.use")
    tab, wanted = tab_of(request.args), filters_of(request.args)
    limit = min(request.args.get("limit", PER_PAGE, type=int), MOST)
    page = queries.list_tickets(tab, wanted, request.args.get("after"), limit)
    found = queries.matching_messages(wanted.q) if wanted.q else {}
    return {
        "tab": tab,
        "page": page,
        "counts": queries.inbox_counts(),
        "kept": kept(request.args),
        "found": excerpts(wanted.q, found, [row.id for row in page.items]),
        "spoken": queries.spoken(page.items),
        "call": queries.newest_call(),
        "many_numbers": len(list_instances()) > 1,
    }


def _choices() -> dict[str, Any]:
    """What the filters and dialogs offer."""
    return {
        "queues": queries.list_queues(),
        "people": queries.list_attendants(),
        "saved": queries.list_saved_filters(),
        "presence": _presence(),
        "tags": list_tags(),
        "instances": list_instances(),
        "me": current_actor().user_id,
    }


def _presence() -> dict[uuid.UUID, str]:
    return service.list_presence_or_nobody()


def _row(ticket_id: uuid.UUID) -> queries.TicketRow:
    row = queries.get_row(ticket_id)
    if row is None:
        raise NotFound(_("Conversa não encontrada"))
    return row


def _around(row: queries.TicketRow) -> dict[str, Any]:
    return {
        "row": row,
        "panel": queries.contact_panel(row.id),
        "scheduled": queries.list_scheduled(row.id),
        "rating_asked": queries.get_settings().ask_rating,
        **_choices(),
    }


def _conversation(ticket_id: uuid.UUID) -> dict[str, Any]:
    row = _row(ticket_id)
    service.watch_typing(row)
    # Opening it shows the person's data; keeping it open is no second look. It commits, which would expire what the
    # page has read and ask for each row again: so it comes first.
    note_view(row.contact_id)
    return {
        **_around(row),
        "mentionable": service.mentionable(queries.get_ticket(ticket_id)),
        "thread": queries.thread(ticket_id),
        "ticket_id": ticket_id,
        "draft": service.find_draft(ticket_id),
        "client_key": str(ids.new_id()),
        "replies": queries.list_quick_replies(),
    }
