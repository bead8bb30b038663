"""A campaign's wordings as the texts between their variables: where a voice may be cut."""

from collections.abc import Sequence

from app.campaigns.rules.values import compiled
from app.templates.rules import Literal


def literals_of(message: str, variations: Sequence[str]) -> list[list[str | None]]:
    """None stands for a variable."""
    wordings = compiled(message, variations)
    return [[part.text if isinstance(part, Literal) else None for part in parts] for parts in wordings]
