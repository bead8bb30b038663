"""The verbs of campaigns, called by pages, API and jobs alike."""

from app.campaigns.service.audition import audition, audition_for
from app.campaigns.service.control import (
    brake,
    cancel,
    empty_cancelled,
    pause,
    resume,
    schedule,
    settle,
    settle_due,
    unschedule,
)
from app.campaigns.service.drafts import clone, create, delete, follow_up, refresh_estimate, update, update_pace
from app.campaigns.service.estimating import estimate_of
from app.campaigns.service.export import build_result, request_result, result_of
from app.campaigns.service.launch import launch, launch_due, missing
from app.campaigns.service.repair import resend_unconfirmed, retry_failed, retry_one
from app.campaigns.service.speech import choose_way, find_speech
from app.campaigns.service.trial import send_test

__all__ = [
    "audition",
    "audition_for",
    "brake",
    "build_result",
    "cancel",
    "choose_way",
    "clone",
    "create",
    "delete",
    "empty_cancelled",
    "estimate_of",
    "find_speech",
    "follow_up",
    "launch",
    "launch_due",
    "missing",
    "pause",
    "refresh_estimate",
    "request_result",
    "resend_unconfirmed",
    "result_of",
    "resume",
    "retry_failed",
    "retry_one",
    "schedule",
    "send_test",
    "settle",
    "settle_due",
    "unschedule",
    "update",
    "update_pace",
]
