"""Folding text for search: ASCII, lower case, single spaces, so that accents and case never hide a row."""

import unicodedata


def fold(text: str | None) -> str:
    if not text:
        return ""
    if text.isascii():
        return " ".join(text.lower().split())
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return " ".join(plain.lower().split())
