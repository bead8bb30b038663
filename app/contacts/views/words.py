"""What the templates of contacts need in words."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from app.contacts.models import Group, Tag
from app.contacts.rules import COLORS


def color_of(name: str) -> str:
    return COLORS.get(name, COLORS["teal"])


def group_options(groups: Sequence[Group]) -> list[tuple[str, str]]:
    return [(str(group.id), group.name) for group in groups]


def operator_options(allowed: Sequence[str], names: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(one, names[one]) for one in allowed]


def source_words(source: str | None) -> str:
    """Where a consent came from: our own words for our own codes, people's words as they are."""
    word = _("palavra de saída no WhatsApp")
    known = {"page": _("registro na página"), "inbox": _("registro na conversa"), "api": _("sistema integrado")}
    text = source or ""
    if text.startswith("import: "):
        return _("planilha %(name)s", name=text.removeprefix("import: "))
    return {**known, "word": word, "message": word}.get(text, text)


def condition_value(
    condition: Mapping[str, Any], groups: Sequence[Group], tags: Sequence[Tag], consents: Mapping[str, Any]
) -> str:
    """A list's condition as a person would say it."""
    value, field = condition.get("value"), condition["field"]
    if condition["op"] in ("filled", "empty", "never"):
        return ""
    if field in ("group", "tag"):
        names = {str(row.id): row.name for row in (groups if field == "group" else tags)}
        return ", ".join(names.get(one, _("(excluído)")) for one in value or [])
    if field == "consent":
        return str(consents.get(value, value))
    if field == "blocked":
        return _("Sim") if value else _("Não")
    return _day(str(value)) if condition["op"] in ("before", "after") else str(value)


def _day(value: str) -> str:
    return "/".join(reversed(value.split("-")))


GLOBALS: dict[str, Callable[..., Any]] = {
    "color_of": color_of,
    "group_options": group_options,
    "operator_options": operator_options,
    "source_words": source_words,
    "condition_value": condition_value,
}
