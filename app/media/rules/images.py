"""Pictures: their size without decoding them, and photos without the place where they were taken."""

import io
import struct
from collections.abc import Iterator
from typing import BinaryIO

from PIL import Image, ImageOps, UnidentifiedImageError

MAX_PIXELS = 50_000_000  # a phone's largest; 200 MB once decoded
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
_BROKEN = (UnidentifiedImageError, OSError, SyntaxError, ValueError, TypeError, KeyError, struct.error)
_ORIENTATION = 0x0112
_APP1, _APP13, _START_OF_SCAN = 0xE1, 0xED, 0xDA


class UnreadableImage(ValueError):
    """Not a picture, or a broken one."""


class ImageTooLarge(ValueError):
    """So many pixels that decoding it would exhaust somebody's memory."""


def image_size(file: BinaryIO) -> tuple[int, int]:
    """Width and height from the header; nothing is decoded."""
    here = file.tell()
    try:
        with Image.open(file, formats=_FORMATS) as image:
            size = image.size
    except Image.DecompressionBombError as error:
        raise ImageTooLarge from error
    except _BROKEN as error:
        raise UnreadableImage from error
    finally:
        if not file.closed:
            file.seek(here)
    if size[0] * size[1] > MAX_PIXELS:
        raise ImageTooLarge
    return size


def thumbnail(picture: bytes, most: int) -> bytes:
    """A JPEG that fits into `most` by `most` points, upright and without metadata. In workers: it decodes."""
    try:
        with Image.open(io.BytesIO(picture), formats=_FORMATS) as image:
            image.draft("RGB", (most * 2, most * 2))
            upright = ImageOps.exif_transpose(image)
            upright.thumbnail((most, most))
            flat = Image.new("RGB", upright.size, "white")
            clear = upright.convert("RGBA")
            flat.paste(clear, mask=clear.getchannel("A"))
    except (*_BROKEN, Image.DecompressionBombError) as error:
        raise UnreadableImage from error
    out = io.BytesIO()
    flat.save(out, "JPEG", quality=80, optimize=True)
    return out.getvalue()


def without_place(jpeg: bytes) -> bytes:
    """A JPEG without EXIF, XMP and IPTC (place, device, names), losslessly; only the orientation stays."""
    try:
        segments = list(_segments(jpeg))
    except (IndexError, struct.error):
        return jpeg  # odd, but it opened: what we cannot read, we do not cut
    kept = [part for marker, part in segments if not _is_private(marker, part)]
    if len(kept) == len(segments):
        return jpeg
    return b"\xff\xd8" + _orientation(jpeg) + b"".join(kept)


def _segments(jpeg: bytes) -> Iterator[tuple[int, bytes]]:
    """(marker, bytes) after the start; the picture itself comes last, as one."""
    at = 2
    while True:
        if jpeg[at] != 0xFF:
            raise IndexError("not at a marker")
        while jpeg[at + 1] == 0xFF:  # fill bytes
            at += 1
        marker = jpeg[at + 1]
        if marker == _START_OF_SCAN:
            yield marker, jpeg[at:]
            return
        end = at + 2 + struct.unpack_from(">H", jpeg, at + 2)[0]
        yield marker, jpeg[at:end]
        at = end


def _is_private(marker: int, part: bytes) -> bool:
    return marker == _APP13 or (marker == _APP1 and part[4:].startswith((b"Exif\0", b"http://ns.adobe.com/")))


def _orientation(jpeg: bytes) -> bytes:
    """An EXIF segment that only says which side is up, when it isn't the usual one."""
    try:
        with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
            side = image.getexif().get(_ORIENTATION, 1)
    except _BROKEN:
        return b""
    if side not in range(2, 9):
        return b""
    exif = Image.Exif()
    exif[_ORIENTATION] = side
    body = exif.tobytes()
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
