"""Names typed in capitals, as people write them."""

from __future__ import annotations

import re

_PARTICLES = frozenset(("da", "das", "de", "del", "della", "di", "do", "dos", "du", "e", "van", "von", "y"))
_NUMERALS = ("II", "III", "IV", "VI", "VII", "VIII", "IX", "XI")
_KEPT = frozenset((*_NUMERALS, "ME", "EPP", "MEI", "SA", "S/A", "S.A.", "CNPJ", "CPF", "TI", "RH"))
_WORD = re.compile(r"[^\W\d_]+(?:\.[^\W\d_]+)*", re.UNICODE)


def is_shouting(name: str) -> bool:
    """All capitals and long enough not to be an acronym such as "ABC"."""
    return name.isupper() and sum(map(str.isalpha, name)) > 3


def proper_case(name: str) -> str:
    words = name.split()
    return " ".join(_word(word, is_first=index == 0) for index, word in enumerate(words))


def _word(word: str, *, is_first: bool) -> str:
    if not is_first and word.lower() in _PARTICLES:
        return word.lower()
    if not is_first and word.upper() in _KEPT:
        return word.upper()
    # each run of letters by itself: D'Ávila, Ana-Maria, J.R. keep their marks
    return _WORD.sub(_capital, word)


def _capital(match: re.Match[str]) -> str:
    part = match.group()
    return part.upper() if "." in part else part[0].upper() + part[1:].lower()
