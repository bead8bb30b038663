"""`/tickets`."""

from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_smorest import Blueprint

from app.core.db import transaction
from app.core.errors import NotFound
from app.core.paging import Page
from app.core.schema import page_of
from app.inbox import queries, service
from app.inbox.schemas import (
    CloseSchema,
    NoteOutSchema,
    NoteSchema,
    TakeoverSchema,
    TicketPatchSchema,
    TicketQuery,
    TicketSchema,
    TicketStatsSchema,
    TransferSchema,
    filter_of,
    ticket_fields,
)

blp = Blueprint("tickets", __name__, url_prefix="/tickets", description="Conversations")


@blp.get("")
@blp.arguments(TicketQuery, location="query")
@blp.response(200, page_of(TicketSchema))
def index(query: dict[str, Any]) -> Page[dict[str, Any]]:
    """List conversations

    Newest activity first, those that the caller may see. `total` stops at 10,000; `next_cursor` goes on at any depth.
    """
    wanted, tab = filter_of(query), query["tab"]
    if query["cursor"]:
        page = queries.list_tickets(tab, wanted, query["cursor"], query["limit"])
    else:
        page = queries.list_numbered(wanted, query["page"], query["limit"], tab)
    return Page([ticket_fields(row) for row in page.items], page.total, page.page, page.limit, page.next_cursor)


@blp.get("/stats")
@blp.response(200, TicketStatsSchema)
def stats() -> dict[str, int]:
    """Count conversations"""
    return {**vars(queries.inbox_counts()), **queries.status_counts()}


@blp.get("/<uuid:ticket_id>")
@blp.response(200, TicketSchema)
def show(ticket_id: UUID) -> dict[str, Any]:
    """Read a conversation; its messages are at `GET /messages?ticket_id=`"""
    return _shown(ticket_id)


@blp.patch("/<uuid:ticket_id>")
@blp.arguments(TicketPatchSchema)
@blp.response(200, TicketSchema)
def update(data: dict[str, Any], ticket_id: UUID) -> dict[str, Any]:
    """Change queue, person, priority or tags"""
    with transaction():
        queries.get_ticket(ticket_id)
        if "priority" in data:
            service.set_priority(ticket_id, data["priority"])
        if "tag_ids" in data:
            service.set_tags(ticket_id, data["tag_ids"])
        if "queue_id" in data or "user_id" in data:
            service.transfer(ticket_id, queue_id=data.get("queue_id"), user_id=data.get("user_id"))
        return _moved(ticket_id)


@blp.post("/<uuid:ticket_id>/takeover")
@blp.arguments(TakeoverSchema, required=False)
@blp.response(200, TicketSchema)
def takeover(data: dict[str, Any], ticket_id: UUID) -> dict[str, Any]:
    """Take a conversation: the bot stops, the caller answers

    Of two at once one wins and the other gets 409. A colleague's is taken with `force`, by who sees all.
    """
    service.take(ticket_id, force=data.get("force", False))
    return _shown(ticket_id)


@blp.post("/<uuid:ticket_id>/transfer")
@blp.arguments(TransferSchema)
@blp.response(200, TicketSchema)
def transfer(data: dict[str, Any], ticket_id: UUID) -> dict[str, Any]:
    """Hand a conversation to a queue or a person, with a note"""
    with transaction():
        service.transfer(ticket_id, **data)
        return _moved(ticket_id)


@blp.post("/<uuid:ticket_id>/close")
@blp.arguments(CloseSchema, required=False)
@blp.response(200, TicketSchema)
def close(data: dict[str, Any], ticket_id: UUID) -> dict[str, Any]:
    """Close a conversation"""
    with transaction():
        service.close(ticket_id, ask_rating=data.get("ask_rating"))
        return _moved(ticket_id)


@blp.post("/<uuid:ticket_id>/reopen")
@blp.response(200, TicketSchema)
def reopen(ticket_id: UUID) -> dict[str, Any]:
    """Open a closed conversation again, for the caller"""
    service.reopen(ticket_id)
    return _shown(ticket_id)


@blp.post("/<uuid:ticket_id>/notes")
@blp.arguments(NoteSchema)
@blp.response(201, NoteOutSchema)
def add_note(data: dict[str, Any], ticket_id: UUID) -> Any:
    """Write a private note; the customer never sees it"""
    return service.add_note(ticket_id, data["body"], data["mentions"])


def _shown(ticket_id: UUID) -> dict[str, Any]:
    row = queries.get_row(ticket_id)
    if row is None:
        raise NotFound(_("Conversa não encontrada"))
    return ticket_fields(row)


def _moved(ticket_id: UUID) -> dict[str, Any]:
    """As it is after the caller's change, which may have put it out of their sight."""
    return ticket_fields(queries.row_after_change(ticket_id))
