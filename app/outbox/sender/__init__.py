"""The sender: one process that drives many numbers, each at its own pace."""

from app.outbox.sender.loop import Sender

__all__ = ["Sender"]
