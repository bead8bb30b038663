"""Reads of outgoing webhooks."""

from app.hooks.queries.payloads import Sources, read_sources
from app.hooks.queries.subscriptions import (
    count_failed,
    get_delivery,
    get_webhook,
    list_deliveries,
    list_failed,
    list_webhooks,
    may_read,
    pending_counts,
)

__all__ = [
    "Sources",
    "count_failed",
    "get_delivery",
    "get_webhook",
    "list_deliveries",
    "list_failed",
    "list_webhooks",
    "may_read",
    "pending_counts",
    "read_sources",
]
