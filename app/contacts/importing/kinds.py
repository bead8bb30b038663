"""Which kind of file this is, by its bytes: names and extensions lie."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Literal

from app.contacts.importing.limits import LIMITS, FileProblem, Limits

FileKind = Literal["workbook", "text"]

_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_ENCRYPTED_OLE = "EncryptedPackage".encode("utf-16-le")
_SPREADSHEET_PARTS = ("xl/workbook.xml", "xl/workbook.bin")
_ODS_MIME = b"application/vnd.oasis.opendocument.spreadsheet"
_WEB_PAGE = (b"<html", b"<!doctype html", b"<table", b"<?xml")
_BINARY_STARTS = (
    b"%PDF",
    b"\x89PNG",
    b"\xff\xd8\xff",
    b"GIF8",
    b"Rar!",
    b"7z\xbc\xaf",
    b"\x1f\x8b",
    b"{\\rtf",
)


def file_kind(path: Path, limits: Limits = LIMITS) -> FileKind:
    """Raises FileProblem for what we refuse to open."""
    size = path.stat().st_size
    if size == 0:
        raise FileProblem("file_empty")
    if size > limits.file_bytes:
        raise FileProblem("file_too_big", limit_mb=limits.file_bytes // 1024 // 1024)
    with path.open("rb") as stream:
        start = stream.read(4096)
    if start[:2] == b"PK":
        _check_package(path, size, limits)
        return "workbook"
    if start[:8] == _OLE:
        _check_ole(path)
        return "workbook"
    _check_text(start)
    return "text"


def _check_package(path: Path, size: int, limits: Limits) -> None:
    try:
        with zipfile.ZipFile(path) as package:
            entries = package.infolist()
            _check_expansion(entries, size, limits)
            _check_contents(package, {entry.filename for entry in entries})
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError) as error:
        raise FileProblem("file_damaged") from error


def _check_expansion(entries: list[zipfile.ZipInfo], size: int, limits: Limits) -> None:
    """The directory may lie; the reader's memory and time limits hold whatever it says."""
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > limits.unpacked_bytes or unpacked > max(size, 100_000) * limits.ratio or len(entries) > 10_000:
        raise FileProblem("file_expands")
    if any(entry.flag_bits & 1 for entry in entries):
        raise FileProblem("file_password")


def _check_contents(package: zipfile.ZipFile, names: set[str]) -> None:
    if any(part in names for part in _SPREADSHEET_PARTS):
        return
    if "mimetype" in names and package.read("mimetype").strip().startswith(_ODS_MIME):
        if "META-INF/manifest.xml" in names and b"encryption-data" in package.read("META-INF/manifest.xml"):
            raise FileProblem("file_password")
        return
    raise FileProblem("file_not_spreadsheet")


def _check_ole(path: Path) -> None:
    """An OLE file is an old .xls, or the envelope Office puts around a workbook with a password."""
    content = path.read_bytes()
    if _ENCRYPTED_OLE in content:
        raise FileProblem("file_password")
    if not any(name.encode("utf-16-le") in content for name in ("Workbook", "Book")):
        raise FileProblem("file_not_spreadsheet")


def _check_text(start: bytes) -> None:
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_WEB_PAGE):
        raise FileProblem("file_web_page")
    if start.startswith(_BINARY_STARTS):
        raise FileProblem("file_not_spreadsheet")
