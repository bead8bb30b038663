"""What a file really is, whether it may be sent, and the name it may keep. Pure."""

from app.media.rules.images import ImageTooLarge, UnreadableImage, image_size, thumbnail, without_place
from app.media.rules.kinds import INLINE, KINDS, LIMITS, Type, sniff
from app.media.rules.names import agrees, clean_name, is_program, with_extension

__all__ = [
    "INLINE",
    "KINDS",
    "LIMITS",
    "ImageTooLarge",
    "Type",
    "UnreadableImage",
    "agrees",
    "clean_name",
    "image_size",
    "is_program",
    "sniff",
    "thumbnail",
    "with_extension",
    "without_place",
]
