"""Reads of the inbox."""

from app.inbox.queries.access import find_contested, get_ticket, may_see, visible, waiting_for
from app.inbox.queries.lists import (
    Counts,
    LastMessage,
    TagRef,
    TicketFilter,
    TicketRow,
    get_row,
    inbox_counts,
    list_numbered,
    list_tickets,
    rows_of,
    tags_of,
)
from app.inbox.queries.search import matching_messages, matching_tickets
from app.inbox.queries.settings import InboxSettings, get_settings
from app.inbox.queries.threads import (
    Quote,
    Reaction,
    Thread,
    ThreadEvent,
    ThreadMessage,
    list_scheduled,
    thread,
    thread_message,
)

__all__ = [
    "Counts",
    "InboxSettings",
    "LastMessage",
    "Quote",
    "Reaction",
    "TagRef",
    "Thread",
    "ThreadEvent",
    "ThreadMessage",
    "TicketFilter",
    "TicketRow",
    "find_contested",
    "get_row",
    "get_settings",
    "get_ticket",
    "inbox_counts",
    "list_numbered",
    "list_scheduled",
    "list_tickets",
    "matching_messages",
    "matching_tickets",
    "may_see",
    "rows_of",
    "tags_of",
    "thread",
    "thread_message",
    "visible",
    "waiting_for",
]
