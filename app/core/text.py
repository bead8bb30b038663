"""Text as the database and spreadsheets can take it, and folded for search."""

import unicodedata

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def fold(text: str | None) -> str:
    """ASCII, lower case, single spaces, so that accents and case never hide a row."""
    if not text:
        return ""
    if text.isascii():
        return " ".join(text.lower().split())
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return " ".join(plain.lower().split())


def is_storable(text: str) -> bool:
    """PostgreSQL keeps neither NUL characters nor halves of surrogate pairs."""
    return "\0" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


def defused(cell: str) -> str:
    """What a spreadsheet would run as a formula becomes text, by a leading apostrophe."""
    return "'" + cell if cell.startswith(_FORMULA) else cell
