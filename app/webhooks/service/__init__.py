"""Verbs: what gateways posted becomes meaning; what could not be done is settled by a person."""

from app.webhooks.service.processing import BATCH, process

__all__ = ["BATCH", "process"]
