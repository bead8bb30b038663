"""The owner's own pronunciations: whole words, whatever their case and accents."""

import re
import unicodedata
from collections.abc import Mapping

_WORD = re.compile(r"\w+")


def pronounced(text: str, dictionary: Mapping[str, str]) -> str:
    """The longest entry wins; what it puts in is not looked up again."""
    by_first_word = _index(dictionary)
    if not by_first_word:
        return text
    folded = _folded(text)
    parts, done = [], 0
    for word in _WORD.finditer(folded):
        if word.start() < done:
            continue
        for key, said in by_first_word.get(word.group(), ()):
            end = word.start() + len(key)
            if folded.startswith(key, word.start()) and not _goes_on(folded, end):
                parts += [text[done : word.start()], said]
                done = end
                break
    return "".join([*parts, text[done:]])


def _index(dictionary: Mapping[str, str]) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for written, said in dictionary.items():
        key = _folded(" ".join(written.split()))
        if first := _WORD.match(key):
            found.setdefault(first.group(), []).append((key, said))
    for entries in found.values():
        entries.sort(key=lambda entry: -len(entry[0]))
    return found


def _goes_on(folded: str, end: int) -> bool:
    """The word does, beyond the key."""
    return end < len(folded) and bool(_WORD.match(folded[end])) and bool(_WORD.match(folded[end - 1]))


def _folded(text: str) -> str:
    """Of the same length, so that places in it are places in the text."""
    return "".join(_folded_character(char) for char in unicodedata.normalize("NFC", text))


def _folded_character(char: str) -> str:
    base = unicodedata.normalize("NFD", char)[0].casefold()
    return base if len(base) == 1 else char
