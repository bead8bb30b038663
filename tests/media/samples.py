"""Small real files."""

import io
import zipfile
import zlib
from typing import Any

from PIL import Image

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + b"\x00" * 64
OGG = b"OggS\x00\x02" + b"\x00" * 22 + b"OpusHead" + b"\x00" * 40
MP3 = b"ID3\x04\x00\x00\x00\x00\x00\x00" + b"\xff\xfb\x90\x00" + b"\x00" * 64
EXE = b"MZ\x90\x00\x03\x00\x00\x00" + b"\x00" * 64
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!DOCTYPE html><html><body><script>alert(1)</script></body></html>"


def picture(format: str = "PNG", size: tuple[int, int] = (8, 6), **options: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (20, 120, 130)).save(out, format, **options)
    return out.getvalue()


def photo(orientation: int = 1) -> bytes:
    """A JPEG that says where it was taken, in EXIF, and by whom, in XMP."""
    exif = Image.Exif()
    exif[0x010F] = "Fabricante"
    if orientation != 1:
        exif[0x0112] = orientation
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2] = "S", (23.0, 32.0, 51.0)
    return picture("JPEG", exif=exif.tobytes(), xmp=b"<x:xmpmeta>Maria</x:xmpmeta>")


def bomb() -> bytes:
    """A PNG of a few KB that would take gigabytes once decoded."""
    real = bytearray(picture("PNG"))
    header = real[12:16] + (60_000).to_bytes(4) + (60_000).to_bytes(4) + real[24:29]
    real[12:33] = header + zlib.crc32(bytes(header)).to_bytes(4)
    return bytes(real)


def package() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "a")
    return out.getvalue()
