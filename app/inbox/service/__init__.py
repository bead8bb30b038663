"""The verbs of the inbox: what arrives from customers, and what attendants do with it."""

from app.inbox.service.answering import on_queued, reply
from app.inbox.service.arriving import receive
from app.inbox.service.changing import apply_deleted, apply_edited, read_on_phone
from app.inbox.service.marks import add_tags, mark_read, mark_unread, set_priority, set_tags
from app.inbox.service.notes import add_note, find_draft, mentionable, save_draft
from app.inbox.service.presence import list_presence, set_presence, touch_presence
from app.inbox.service.scheduled import cancel_scheduled, edit_scheduled
from app.inbox.service.tickets import close, release, reopen, take, transfer

__all__ = [
    "add_note",
    "add_tags",
    "apply_deleted",
    "apply_edited",
    "cancel_scheduled",
    "close",
    "edit_scheduled",
    "find_draft",
    "list_presence",
    "mark_read",
    "mark_unread",
    "mentionable",
    "on_queued",
    "read_on_phone",
    "receive",
    "release",
    "reopen",
    "reply",
    "save_draft",
    "set_presence",
    "set_priority",
    "set_tags",
    "take",
    "touch_presence",
    "transfer",
]
