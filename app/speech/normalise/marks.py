"""What is written and not said: WhatsApp's formatting, emoji, invisible characters, the layout."""

import re
import unicodedata

# Compatibility forms that mean something by themselves; the figures read them.
_KEPT = frozenset("ºª°²³½¼¾…")
_REPLACED = {"№": "nº", "™": " ", "®": " ", "©": " ", "–": "-", "—": " - ", "−": "-", "‑": "-", "’": "'", "•": "\n"}
# Private, unassigned, surrogates, controls, symbols and their modifiers, joiners and marks around another sign.
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "So", "Sk", "Me"})
_UNUSUAL = re.compile(r"[^ -~\n\tÀ-ÖØ-öø-ÿ]")
_FENCE = re.compile(r"`{1,3}")
_QUOTE = re.compile(r"^[ \t]*(?:>[ \t]?)+", re.MULTILINE)
_BULLET = re.compile(r"^[ \t]*[-*·][ \t]+", re.MULTILINE)
_MARK = re.compile(r"(?<![^\W_])[*_~]+(?=\S)|(?<=\S)[*_~]+(?![^\W_])")
_PICTURE = "\ue000"
_PICTURES = re.compile(rf"(?<=[\w%]) ?{_PICTURE}[ {_PICTURE}]*(?=[A-ZÀ-Ý])")
_SPACES = re.compile(r"[^\S\n]+")
_EMPTY_LINES = re.compile(r"\n[ \n]*")
_DASH = re.compile(r"(?<=[\w.,;:!?…)]) ?(?: -+|-+ ) ?")
_BEFORE_POINT = re.compile(r"\s+(?=[,.;:!?])")
_REPEATED = re.compile(r"([!?;:,])(?:\s*\1)+")
_DOTS = re.compile(r"\.{2,}")
_LONELY = re.compile(r"(?:(?<=[,.;:!?])|^)\s*[,;:]+")
_EMPTY_PAIR = re.compile(r"[(\[{\"']\s*[)\]}\"']")
_ROUNDS = 20
_BAR = re.compile(r" ?\|+ ?| [/\\]+ ")
_SIGNS = re.compile(r"[*_~`|\\^<>{}\[\]#]+")


def plain(text: str) -> str:
    """Fancy letters into letters, digits of every script into 0 to 9, formatting and emoji gone."""
    text = unicodedata.normalize("NFC", _UNUSUAL.sub(lambda match: _simple(match.group()), text))
    text = _FENCE.sub(" ", text)
    text = _QUOTE.sub("", text)
    text = _BULLET.sub("", text)
    text = squeezed(_MARK.sub("", text))
    # A picture between a word and a capital is where a person would stop.
    return squeezed(_PICTURES.sub(", ", text).replace(_PICTURE, " "))


def squeezed(text: str) -> str:
    """At most one space, at most one end of line: what comes after may look for spaces without counting them."""
    return _EMPTY_LINES.sub("\n", _SPACES.sub(" ", text))


def _simple(char: str) -> str:
    if char.isascii():
        return char if char.isprintable() or char in "\n\t" else " "
    if char in _REPLACED:
        return _REPLACED[char]
    if char in _KEPT:
        return char
    if (digit := unicodedata.digit(char, None)) is not None:
        return str(digit)
    if char in "\u2028\u2029\u0085":
        return "\n"
    kind = unicodedata.category(char)
    if kind == "Sm" and char not in "×÷±⁄∕":
        return " "
    if kind in _DROPPED or "\ufe00" <= char <= "\ufe0f":
        # The joiners of an emoji and of a script leave no gap, pictures do.
        return "" if kind in {"Cf", "Mn", "Me"} else _PICTURE if kind == "So" else " "
    return "".join(_digit(part) for part in unicodedata.normalize("NFKC", char))


def _digit(char: str) -> str:
    if char in "⁄∕":
        return "/"
    digit = unicodedata.digit(char, None)
    return char if digit is None or char.isascii() else str(digit)


def finished(text: str) -> str:
    """One line: the end of a line is the end of a sentence; no sign that a voice would name; spaces and points as a
    printer sets them."""
    lines = [line.strip() for line in squeezed(_SIGNS.sub(" ", _BAR.sub(", ", text))).split("\n")]
    lines = [line for line in lines if any(char.isalnum() for char in line)]
    ended = [line if line[-1] in ".,;:!?…" else f"{line}." for line in lines[:-1]] + lines[-1:]
    text = " ".join(ended)
    for _ in range(_ROUNDS):
        text, before = _set(text), text
        if text == before:
            break
    return text


def _set(text: str) -> str:
    """One removal may bring the next two together."""
    text = _DASH.sub(", ", _SPACES.sub(" ", _EMPTY_PAIR.sub(" ", text)))  # a long gap costs its square below
    text = _DOTS.sub("…", text.replace("…", "..."))
    text = _LONELY.sub("", _REPEATED.sub(r"\1", _BEFORE_POINT.sub("", text)))
    return _SPACES.sub(" ", text).strip()
