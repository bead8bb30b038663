"""Verbs: what gateways posted becomes meaning; what could not be done is settled by a person."""

from app.webhooks.service.caution import is_suspect
from app.webhooks.service.processing import BATCH, next_size, process

__all__ = ["BATCH", "is_suspect", "next_size", "process"]
