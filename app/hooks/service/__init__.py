"""Verbs of outgoing webhooks."""

from app.hooks.service.deliveries import discard, replay, replay_failed
from app.hooks.service.rendering import render
from app.hooks.service.results import Outcome, record
from app.hooks.service.subscriptions import (
    NewWebhook,
    create_webhook,
    delete_webhook,
    resume_webhook,
    rotate_secret,
    send_test,
    switch_webhook,
    update_webhook,
)
from app.hooks.service.waking import FACTS, wake

__all__ = [
    "FACTS",
    "NewWebhook",
    "Outcome",
    "create_webhook",
    "delete_webhook",
    "discard",
    "record",
    "render",
    "replay",
    "replay_failed",
    "resume_webhook",
    "rotate_secret",
    "send_test",
    "switch_webhook",
    "update_webhook",
    "wake",
]
