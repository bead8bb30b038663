"""Taking files in, from people and from addresses."""

from app.media.service.photos import remove_own_photo, set_own_photo
from app.media.service.recording import on_created, take_recording
from app.media.service.remote import Remote, read_remote
from app.media.service.shrinking import make_thumbnail
from app.media.service.storing import LARGEST, check_uploaded, store_from_url, store_upload
from app.media.service.sweeping import follow_uses, sweep

__all__ = [
    "LARGEST",
    "Remote",
    "check_uploaded",
    "follow_uses",
    "make_thumbnail",
    "on_created",
    "read_remote",
    "remove_own_photo",
    "set_own_photo",
    "store_from_url",
    "store_upload",
    "sweep",
    "take_recording",
]
