"""What arrives from customers, and what people typed on the phone itself."""

from app.inbox.service.arriving import receive
from app.inbox.service.changing import apply_deleted, apply_edited, read_on_phone

__all__ = ["apply_deleted", "apply_edited", "read_on_phone", "receive"]
