"""`/queues`, `/quick-replies` and `/users/online`."""

from typing import Any
from uuid import UUID

from flask_smorest import Blueprint

from app.core.paging import Page, clamp
from app.core.schema import PageQuery, page_of
from app.inbox import queries, service
from app.inbox.models import Queue, QuickReply
from app.inbox.schemas import OnlineSchema, QueuePatchSchema, QueueSchema, QuickReplyPatchSchema, QuickReplySchema

queues = Blueprint("queues", __name__, url_prefix="/queues", description="Departments that conversations wait in")
quick_replies = Blueprint("quick-replies", __name__, url_prefix="/quick-replies", description="Ready answers")
users = Blueprint("attendants", __name__, url_prefix="/users", description="People who attend")
_SHOWN = ("id", "name", "description", "color", "greeting", "away_message", "hours", "distribution", "priority",
          "is_active", "created_at")  # fmt: skip


def _page(rows: list[dict[str, Any]], query: dict[str, Any]) -> Page[dict[str, Any]]:
    """A company has few: all are read."""
    page, limit = clamp(query["page"], query["limit"])
    return Page(rows[(page - 1) * limit : page * limit], len(rows), page, limit)


def _queue(queue: Queue) -> dict[str, Any]:
    members = queries.members_of([queue.id])[queue.id]
    return {name: getattr(queue, name) for name in _SHOWN} | {"member_ids": members}


def _reply(reply: QuickReply) -> dict[str, Any]:
    names = ("id", "shortcut", "content", "category", "media_id", "created_at")
    return {name: getattr(reply, name) for name in names} | {"is_own": reply.user_id is not None}


@queues.get("")
@queues.arguments(PageQuery, location="query")
@queues.response(200, page_of(QueueSchema))
def list_queues(query: dict[str, Any]) -> Page[dict[str, Any]]:
    """List queues"""
    found = queries.list_queues(with_inactive=True)
    members = queries.members_of([queue.id for queue in found])
    return _page([{n: getattr(q, n) for n in _SHOWN} | {"member_ids": members[q.id]} for q in found], query)


@queues.post("")
@queues.arguments(QueueSchema)
@queues.response(201, QueueSchema)
def create_queue(data: dict[str, Any]) -> dict[str, Any]:
    """Make a queue"""
    return _queue(service.create_queue(**data))


@queues.get("/<uuid:queue_id>")
@queues.response(200, QueueSchema)
def show_queue(queue_id: UUID) -> dict[str, Any]:
    """Read a queue"""
    return _queue(queries.get_queue(queue_id))


@queues.patch("/<uuid:queue_id>")
@queues.arguments(QueuePatchSchema)
@queues.response(200, QueueSchema)
def update_queue(data: dict[str, Any], queue_id: UUID) -> dict[str, Any]:
    """Change a queue"""
    return _queue(service.update_queue(queue_id, **data))


@queues.delete("/<uuid:queue_id>")
@queues.response(204)
def delete_queue(queue_id: UUID) -> None:
    """Delete a queue; its conversations stay, in none"""
    service.delete_queue(queue_id)


@quick_replies.get("")
@quick_replies.arguments(PageQuery, location="query")
@quick_replies.response(200, page_of(QuickReplySchema))
def list_replies(query: dict[str, Any]) -> Page[dict[str, Any]]:
    """List ready answers: everybody's and the caller's own"""
    return _page([_reply(reply) for reply in queries.list_quick_replies()], query)


@quick_replies.post("")
@quick_replies.arguments(QuickReplySchema)
@quick_replies.response(201, QuickReplySchema)
def create_reply(data: dict[str, Any]) -> dict[str, Any]:
    """Make a ready answer"""
    return _reply(service.create_quick_reply(**data))


@quick_replies.get("/<uuid:reply_id>")
@quick_replies.response(200, QuickReplySchema)
def show_reply(reply_id: UUID) -> dict[str, Any]:
    """Read a ready answer"""
    return _reply(queries.get_quick_reply(reply_id))


@quick_replies.patch("/<uuid:reply_id>")
@quick_replies.arguments(QuickReplyPatchSchema)
@quick_replies.response(200, QuickReplySchema)
def update_reply(data: dict[str, Any], reply_id: UUID) -> dict[str, Any]:
    """Change a ready answer"""
    return _reply(service.update_quick_reply(reply_id, **data))


@quick_replies.delete("/<uuid:reply_id>")
@quick_replies.response(204)
def delete_reply(reply_id: UUID) -> None:
    """Delete a ready answer"""
    service.delete_quick_reply(reply_id)


@users.get("/online")
@users.doc(tags=["users"])
@users.response(200, OnlineSchema)
def online() -> dict[str, Any]:
    """Who is here"""
    people = service.list_attendants_here()
    return {"data": people, "total": len(people)}
