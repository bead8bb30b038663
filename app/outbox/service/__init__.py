"""What the other features ask of the send queue."""

from app.outbox.service.lanes import close_lanes, has_unsent, open_lanes, update_lane_pace
from app.outbox.service.queueing import queue_message, wake
from app.outbox.service.receipts import Receipt, apply_receipts
from app.outbox.service.repair import (
    cancel_campaign_messages,
    cancel_for_contact,
    cancel_message,
    discard_failed,
    resend_unconfirmed,
    retry_message,
)
from app.outbox.service.requests import queue_from_api, send_again
from app.outbox.service.restored import count_restored, release_restored
from app.outbox.service.safety import in_safe_mode, set_safe_mode
from app.outbox.service.spoken import fail_spoken, left_behind, next_unspoken, release_spoken, speak, spoken_in_queue

__all__ = [
    "Receipt",
    "apply_receipts",
    "cancel_campaign_messages",
    "cancel_for_contact",
    "cancel_message",
    "close_lanes",
    "count_restored",
    "discard_failed",
    "fail_spoken",
    "has_unsent",
    "in_safe_mode",
    "left_behind",
    "next_unspoken",
    "open_lanes",
    "queue_from_api",
    "queue_message",
    "release_restored",
    "release_spoken",
    "resend_unconfirmed",
    "retry_message",
    "send_again",
    "set_safe_mode",
    "speak",
    "spoken_in_queue",
    "update_lane_pace",
    "wake",
]
