"""The verbs of the inbox: what arrives from customers, and what attendants do with it."""

from app.inbox.service.answering import on_queued, reply
from app.inbox.service.arriving import receive
from app.inbox.service.bulk import ACTIONS, Outcome, bulk
from app.inbox.service.changing import apply_deleted, apply_edited, read_on_phone
from app.inbox.service.consent import set_consent
from app.inbox.service.marks import add_tags, mark_read, mark_unread, set_priority, set_tags
from app.inbox.service.notes import add_note, find_draft, mentionable, save_draft
from app.inbox.service.presence import (
    list_attendants_here,
    list_presence,
    list_presence_or_nobody,
    own_choice,
    set_presence,
    touch_presence,
    typing,
)
from app.inbox.service.queues import create_queue, delete_queue, update_queue
from app.inbox.service.quick_replies import (
    create_quick_reply,
    delete_filter,
    delete_quick_reply,
    fill_quick_reply,
    save_filter,
    update_quick_reply,
)
from app.inbox.service.scheduled import cancel_scheduled, edit_scheduled
from app.inbox.service.settings import save_settings
from app.inbox.service.speaking import send_spoken, speak_draft, voices_to_choose
from app.inbox.service.tickets import close, release, reopen, start, take, transfer
from app.inbox.service.watching import hear_typing, watch_typing

__all__ = [
    "ACTIONS",
    "Outcome",
    "add_note",
    "add_tags",
    "apply_deleted",
    "apply_edited",
    "bulk",
    "cancel_scheduled",
    "close",
    "create_queue",
    "create_quick_reply",
    "delete_filter",
    "delete_queue",
    "delete_quick_reply",
    "edit_scheduled",
    "fill_quick_reply",
    "find_draft",
    "hear_typing",
    "list_attendants_here",
    "list_presence",
    "list_presence_or_nobody",
    "mark_read",
    "mark_unread",
    "mentionable",
    "on_queued",
    "own_choice",
    "read_on_phone",
    "receive",
    "release",
    "reopen",
    "reply",
    "save_draft",
    "save_filter",
    "save_settings",
    "send_spoken",
    "set_consent",
    "set_presence",
    "set_priority",
    "set_tags",
    "speak_draft",
    "start",
    "take",
    "touch_presence",
    "transfer",
    "typing",
    "update_queue",
    "update_quick_reply",
    "voices_to_choose",
    "watch_typing",
]
