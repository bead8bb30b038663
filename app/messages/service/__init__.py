"""Verbs on what is already in the ledger."""

from app.messages.service.forgetting import forget_old
from app.messages.service.reading import mark_read

__all__ = ["forget_old", "mark_read"]
