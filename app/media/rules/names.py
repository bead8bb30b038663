"""File names are hostile: paths, control characters, reversed text, programs in disguise."""

import re
import unicodedata

from app.media.rules.kinds import Type

MAX_NAME = 120
_FORBIDDEN = re.compile(r'[<>:"/\\|?*]+')
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # control, format (reversed text), surrogates, private, unassigned
_EXTENSION = re.compile(r"\.([A-Za-z0-9]{1,8})$")
_SAME = {
    "jpeg": "jpg",
    "jpe": "jpg",
    "jfif": "jpg",
    "mpeg": "mpg",
    "tiff": "tif",
    "htm": "html",
    "oga": "ogg",
    "opus": "ogg",
}
_PROGRAMS = frozenset(
    ("exe", "bat", "cmd", "com", "scr", "pif", "js", "jse", "vbs", "vbe", "wsf", "wsh", "ps1", "msi", "msp", "jar",
     "lnk", "hta", "cpl", "reg", "dll", "sys", "sh", "run", "elf", "swf", "scf", "url")
)  # fmt: skip
_PROGRAM_TYPES = {"application/x-msdownload", "application/x-executable", "application/x-shockwave-flash"}
_CLAIMS = {
    "image": {"jpg", "png", "webp", "gif"},
    "video": {"mp4", "3gp", "m4v"},
    "audio": {"mp3", "ogg", "aac", "m4a", "amr"},
}


def clean_name(name: str) -> str:
    """The last part of a path, in visible characters that any system takes; may come out empty."""
    name = unicodedata.normalize("NFC", name.replace("\\", "/").rsplit("/", 1)[-1])
    visible = "".join(" " if char in "\t\n\r" else char for char in name if _is_visible(char))
    plain = " ".join(_FORBIDDEN.sub("_", visible).split()).strip(". ")
    extension = _EXTENSION.search(plain)
    if len(plain) <= MAX_NAME or extension is None:
        return plain[:MAX_NAME].strip(". ")
    return plain[: MAX_NAME - len(extension[0])].rstrip(". ") + extension[0]


def _is_visible(char: str) -> bool:
    return char in "\t\n\r" or unicodedata.category(char) not in _HIDDEN


def extension_of(name: str) -> str:
    """Lower case, without the dot, one spelling per type; empty when there is none."""
    found = _EXTENSION.search(name)
    extension = found[1].lower() if found else ""
    return _SAME.get(extension, extension)


def with_extension(name: str, real: Type, fallback: str) -> str:
    """Gateways tell the type by the extension, so it has to be the true one."""
    stem = name or fallback
    if extension_of(stem) == real.extension:
        return stem
    if real.kind != "document" and _claimed_kind(stem) == real.kind:
        stem = _EXTENSION.sub("", stem)
    return stem if real.mime == "application/octet-stream" and "." in stem else f"{stem}.{real.extension}"


def agrees(name: str, real: Type) -> bool:
    """A name that claims a picture, a film or a sound must hold one."""
    claimed = _claimed_kind(name)
    return claimed is None or claimed == real.kind or real.mime.startswith(f"{claimed}/")


def _claimed_kind(name: str) -> str | None:
    extension = extension_of(name)
    return next((kind for kind, extensions in _CLAIMS.items() if extension in extensions), None)


def is_program(name: str, real: Type) -> bool:
    return extension_of(name) in _PROGRAMS or real.mime in _PROGRAM_TYPES
