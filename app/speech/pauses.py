"""How long a reader stops between two parts that were spoken apart."""

_GAPS = {",": 30, ";": 110, ":": 110, "…": 110, ".": 220, "!": 220, "?": 220}
"""Milliseconds for `audio.join`, besides the breath that `audio.tidy` leaves: together what voices make of the mark
inside a text (measured: comma 160, colon 240, end of a sentence 340)."""


def gap_after(text: str) -> int:
    return _GAPS.get(text.rstrip(" \n\"')]}»”")[-1:], 0)
