"""What a letter says, before it is text and HTML."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Words:
    """`button` is a label and an address; `note` the small print below. Plain text throughout."""

    subject: str
    paragraphs: list[str] = field(default_factory=list)
    button: tuple[str, str] | None = None
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> "Words":
        return cls(**{**raw, "button": tuple(raw["button"]) if raw["button"] else None})
