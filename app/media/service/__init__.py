"""Taking files in, from people and from addresses."""

from app.media.service.remote import Remote, read_remote
from app.media.service.shrinking import make_thumbnail, on_created
from app.media.service.storing import LARGEST, check_uploaded, store_from_url, store_upload

__all__ = [
    "LARGEST",
    "Remote",
    "check_uploaded",
    "make_thumbnail",
    "on_created",
    "read_remote",
    "store_from_url",
    "store_upload",
]
