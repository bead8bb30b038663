"""The little language of message texts: `{nome}`, `{nome|cliente}`, and `{{` `}}` for braces that mean themselves.

Names are found whatever their case, accents or underscores: `{Data de Nascimento}` reads `data_de_nascimento`.
"""

import re
import unicodedata
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from app.core.text import fold

MAX_LENGTH = 4096  # of a rendered text, by WhatsApp

BUILT_IN = {
    "nome": "name",
    "name": "name",
    "primeiro_nome": "first_name",
    "telefone": "phone",
    "phone": "phone",
    "email": "email",
}
_BRAZILIAN = re.compile(r"\+55([0-9]{2})([0-9]{4,5})([0-9]{4})")
_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}|\n]+)(?:\|([^{}\n]*))?\}")
_NAME = re.compile(r"\w+(?: \w+)*")


@dataclass(frozen=True, slots=True)
class Literal:
    text: str


@dataclass(frozen=True, slots=True)
class Variable:
    """`default` None means that none was given; an empty one was asked for."""

    name: str
    default: str | None = None
    key: str = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "key", key_of(self.name))


Part = Literal | Variable


def key_of(name: str) -> str:
    """What two spellings of one name share. Names in other alphabets keep their letters."""
    plain = unicodedata.normalize("NFC", name).casefold()
    return "_".join((fold(name) or plain).replace("_", " ").split())


def parse(text: str) -> list[Part]:
    """Braces that form no variable are literal; neighbouring literals are one. A default given once serves every
    mention of the name that has none of its own."""
    parts: list[Part] = []
    at = 0
    for token in _TOKEN.finditer(text):
        found = _variable(token)
        if found is None and token[0] not in ("{{", "}}"):
            continue  # its text goes with the next literal
        _append_literal(parts, text[at : token.start()])
        if found is None:
            _append_literal(parts, token[0][0])
        else:
            parts.append(found)
        at = token.end()
    _append_literal(parts, text[at:])
    return _share_defaults(parts)


def _variable(token: re.Match[str]) -> Variable | None:
    if token[1] is None:
        return None
    name = unicodedata.normalize("NFC", " ".join(token[1].split()))
    if not _NAME.fullmatch(name) or not key_of(name):
        return None
    return Variable(name, None if token[2] is None else token[2].strip())


def _append_literal(parts: list[Part], text: str) -> None:
    if text and parts and isinstance(parts[-1], Literal):
        parts[-1] = Literal(parts[-1].text + text)
    elif text:
        parts.append(Literal(text))


def _share_defaults(parts: list[Part]) -> list[Part]:
    given: dict[str, str] = {}
    for part in parts:
        if isinstance(part, Variable) and part.default is not None:
            given.setdefault(part.key, part.default)
    return [_with_default(p, given) if isinstance(p, Variable) and p.default is None else p for p in parts]


def _with_default(variable: Variable, given: Mapping[str, str]) -> Variable:
    return Variable(variable.name, given.get(variable.key))


def variables(text: str) -> list[Variable]:
    """Each once, as first written, in order."""
    found: dict[str, Variable] = {}
    for part in parse(text):
        if isinstance(part, Variable):
            found.setdefault(part.key, part)
    return list(found.values())


def lookup(values: Mapping[str, object]) -> dict[str, str]:
    """The values under their keys, as texts; blank ones are left out, so that defaults apply."""
    texts = ((key_of(name), "" if value is None else str(value).strip()) for name, value in values.items())
    return {key: text for key, text in texts if text}


def fill(parts: Iterable[Part], known: Mapping[str, str]) -> str:
    """Render parsed parts from a `lookup()`; values are never parsed again."""
    return "".join([p.text if isinstance(p, Literal) else known.get(p.key) or p.default or "" for p in parts])


def render(text: str, values: Mapping[str, object]) -> str:
    return fill(parse(text), lookup(values))


def empty_names(parts: Sequence[Part], known: Mapping[str, str]) -> list[str]:
    """Variables that would leave a hole: no value and no default of their own."""
    holes: dict[str, str] = {}
    for part in parts:
        if isinstance(part, Variable) and part.default is None and not known.get(part.key):
            holes.setdefault(part.key, part.name)
    return list(holes.values())


class Person(Protocol):
    @property
    def id(self) -> uuid.UUID: ...
    @property
    def name(self) -> str: ...
    @property
    def phone(self) -> str | None: ...
    @property
    def email(self) -> str | None: ...
    @property
    def custom_fields(self) -> dict[str, object]: ...


def values_of(contact: Person) -> dict[str, str]:
    """Texts by key; blank ones are left out, so that defaults apply."""
    found: dict[str, str] = {}
    for name in sorted(contact.custom_fields, key=spelling_order):
        text = as_text(contact.custom_fields[name]).strip()
        if text and key_of(name) not in BUILT_IN:
            found[key_of(name)] = text
    own = {
        "name": (contact.name or "").strip(),
        "first_name": ((contact.name or "").split() or [""])[0],
        "phone": phone_text(contact.phone),
        "email": (contact.email or "").strip(),
    }
    return found | {key: own[field] for key, field in BUILT_IN.items() if own[field]}


def spelling_order(name: str) -> tuple[int, bytes]:
    """Where two spellings of one field are both filled, the last in this order speaks."""
    return len(name.encode()), name.encode()


def as_text(value: object) -> str:
    """As PostgreSQL's `->>` writes a JSON scalar; lists and objects say nothing."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | str):
        return str(value)
    return format(Decimal(repr(value)), "f") if isinstance(value, float) else ""


def phone_text(e164: str | None) -> str:
    """Brazilian numbers as people write them, others in international form."""
    plain = (e164 or "").strip()
    found = _BRAZILIAN.fullmatch(plain)
    return "({}) {}-{}".format(*found.groups()) if found else plain
