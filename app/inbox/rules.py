"""What customers' words mean, and who gets a conversation. Pure."""

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.core.text import fold
from app.instances.rules.pace import read_hours
from app.outbox.pacing import next_open

OPT_OUT = frozenset(
    (
        "sair", "parar", "pare", "stop", "cancelar", "descadastrar", "descadastre", "remover", "unsubscribe",
        "nao quero mais receber", "nao quero receber", "me tire da lista", "sair da lista", "quit", "end",
    )
)  # fmt: skip
_MARKS = str.maketrans("", "", "!.,;:?\"'*_~()[]")


def is_opt_out(text: str) -> bool:
    """The whole message is the word, accents, case and punctuation aside: "vou sair agora" is a conversation."""
    return len(text) <= 60 and fold(text.translate(_MARKS)) in OPT_OUT


_DIGIT = re.compile(r"(?:nota\s*)?([1-5])(?:\s*(?:estrelas?|/\s*5))?")
_CHOICE = re.compile(r"(?:opcao\s*)?(\d{1,2})")


def rating_of(text: str) -> int | None:
    """A whole message that is a grade: "5", "nota 4", "⭐⭐⭐". "5 caixas, por favor" is a conversation."""
    plain = text.strip()
    if plain and set(plain) <= {"⭐", "★", "\ufe0f"}:
        stars = sum(char in "⭐★" for char in plain)
        return stars if 1 <= stars <= 5 else None
    found = _DIGIT.fullmatch(fold(plain.replace("\ufe0f\u20e3", "")).strip(".! "))
    return int(found[1]) if found else None


def choice_of(text: str, names: Sequence[str]) -> int | None:
    """Which option of the menu was meant, by number or by name; its position."""
    plain = fold(text.replace("\ufe0f\u20e3", "")).strip(".! )")
    found = _CHOICE.fullmatch(plain)
    if found:
        position = int(found[1]) - 1
        return position if 0 <= position < len(names) else None
    folded = [fold(name) for name in names]
    return folded.index(plain) if plain in folded else None


def searchable(body: str) -> str | None:
    """What search looks through; None where nothing is written, "" where folding leaves nothing (only emoji)."""
    return fold(body) if body else None


def is_open(hours: Mapping[str, Any] | None, zone: str, now: datetime) -> bool:
    """Whether a queue answers now; without hours, always."""
    return not hours or next_open(read_hours(hours), zone, now) <= now


@dataclass(frozen=True)
class Candidate:
    """A member of a queue who could get a conversation. `busy` counts open ones; `limit` None means any number."""

    user_id: uuid.UUID
    is_online: bool
    busy: int
    limit: int | None
    last_assigned_at: datetime | None

    @property
    def is_free(self) -> bool:
        return self.is_online and (self.limit is None or self.busy < self.limit)


def choose(candidates: Sequence[Candidate], distribution: str) -> uuid.UUID | None:
    """Who gets the next one: in turn, or whoever has fewest. None when nobody may, or people choose themselves."""
    free = [one for one in candidates if one.is_free]
    if not free or distribution == "manual":
        return None
    if distribution == "least_busy":
        return min(free, key=lambda one: (one.busy, *_turn(one))).user_id
    return min(free, key=_turn).user_id


def _turn(one: Candidate) -> tuple[float, str]:
    at = one.last_assigned_at
    return (at.timestamp() if at else 0.0), str(one.user_id)


def around(text: str, words: str, margin: int = 32) -> tuple[str, str, str]:
    """What stands before, at and after `words` in `text`, whatever the accents; all of it before, when they don't."""
    line = " ".join(text.split())
    letters, places = _folded(line)
    at = letters.find(fold(words)) if fold(words) else -1
    if at < 0:
        return line[: margin * 4], "", ""
    start, end = places[at], places[at + len(fold(words)) - 1] + 1
    first = max(0, start - margin)
    return ("…" if first else "") + line[first:start], line[start:end], line[end : end + margin * 4]


def _folded(line: str) -> tuple[str, list[int]]:
    """The folded letters, and where in `line` each of them stands."""
    if line.isascii():
        return line.lower(), list(range(len(line)))
    pairs = [(letter, at) for at, char in enumerate(line) for letter in (char if char == " " else fold(char))]
    return "".join(letter for letter, _at in pairs), [at for _letter, at in pairs]
