"""The type of a file by its first bytes. What the sender says decides only between texts and inside containers."""

import re
from dataclasses import dataclass

import filetype

MB = 1024 * 1024
HEAD = 8192
LIMITS = {"image": 16 * MB, "video": 64 * MB, "audio": 16 * MB, "document": 100 * MB}
KINDS = tuple(LIMITS)


@dataclass(frozen=True)
class Type:
    """`extension` without the dot."""

    mime: str
    kind: str
    extension: str


# What WhatsApp shows or plays by itself; anything else travels as a document.
_SHOWN = {
    "image/jpeg": "image",
    "image/png": "image",
    "image/webp": "image",
    "image/gif": "image",
    "video/mp4": "video",
    "video/3gpp": "video",
    "audio/mpeg": "audio",
    "audio/ogg": "audio",
    "audio/aac": "audio",
    "audio/mp4": "audio",
    "audio/amr": "audio",
}
# What a browser may show from our own address: it runs no script in any of them.
INLINE = frozenset(_SHOWN)

_BRANDS = {
    b"M4A ": ("audio/mp4", "m4a"),
    b"M4B ": ("audio/mp4", "m4a"),
    b"qt  ": ("video/quicktime", "mov"),
    b"heic": ("image/heic", "heic"),
    b"heix": ("image/heic", "heic"),
    b"mif1": ("image/heic", "heic"),
    b"msf1": ("image/heic", "heic"),
    b"avif": ("image/avif", "avif"),
    b"3gp4": ("video/3gpp", "3gp"),
    b"3gp5": ("video/3gpp", "3gp"),
    b"3gp6": ("video/3gpp", "3gp"),
}
_OFFICE = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."
# Containers that say little about what is inside: the name decides, among these only.
_IN_ZIP = {
    "docx": _OFFICE + "wordprocessingml.document",
    "xlsx": _OFFICE + "spreadsheetml.sheet",
    "pptx": _OFFICE + "presentationml.presentation",
    "odt": _ODF + "text",
    "ods": _ODF + "spreadsheet",
    "odp": _ODF + "presentation",
    "epub": "application/epub+zip",
    "apk": "application/vnd.android.package-archive",
    "zip": "application/zip",
}
_IN_OLE = {
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
    "ppt": "application/vnd.ms-powerpoint",
    "msg": "application/vnd.ms-outlook",
}
_TEXTS = {
    "csv": "text/csv",
    "xml": "application/xml",
    "json": "application/json",
    "ics": "text/calendar",
    "vcf": "text/vcard",
    "ofx": "application/x-ofx",
    "md": "text/markdown",
}
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body|script|iframe|table|div|a\s|p>)", re.I)
_SVG = re.compile(rb"<svg[\s>]", re.I)
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


def sniff(head: bytes, extension: str = "") -> Type:
    """`head`: the first HEAD bytes; `extension`: of the sender's file name, lower case, without the dot."""
    mime, real = _recognise(head, extension)
    return Type(mime, _SHOWN.get(mime, "document"), real)


def _recognise(head: bytes, extension: str) -> tuple[str, str]:
    if head[4:8] == b"ftyp":
        sound_only = ("audio/mp4", "m4a") if extension == "m4a" else ("video/mp4", "mp4")
        return _BRANDS.get(head[8:12], sound_only)
    if head.startswith(b"PK\x03\x04") and extension in _IN_ZIP:
        return _IN_ZIP[extension], extension
    if head.startswith(_OLE):
        return (_IN_OLE[extension], extension) if extension in _IN_OLE else ("application/x-ole-storage", "bin")
    known = filetype.guess(head)
    if known is not None:
        return ("image/png", "png") if known.mime == "image/apng" else (known.mime, known.extension)
    return _text(head, extension) or ("application/octet-stream", extension or "bin")


def _text(head: bytes, extension: str) -> tuple[str, str] | None:
    if not head or _BINARY.search(head):
        return None
    if _SVG.search(head):
        return "image/svg+xml", "svg"
    if _HTML.search(head):
        return "text/html", "html"
    return (_TEXTS[extension], extension) if extension in _TEXTS else ("text/plain", "txt")
