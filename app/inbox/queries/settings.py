"""How a company attends, from its settings; what is unset has a default."""

from dataclasses import dataclass, fields
from typing import Any

from app.accounts.queries import find_own_tenant


@dataclass(frozen=True)
class InboxSettings:
    """Hours unless named otherwise; 0 switches an `_hours` off. `announce`: tell the customer who took over;
    `mark_read`: read marks are sent to WhatsApp; `keep_groups`: group conversations come in too."""

    reopen_hours: float = 24
    announce: bool = True
    announce_text: str = ""
    menu: bool = True
    menu_text: str = ""
    ask_rating: bool = True
    rating_text: str = ""
    rating_hours: float = 24
    auto_close_hours: float = 0
    auto_close_warning_minutes: float = 60
    auto_close_text: str = ""
    mark_read: bool = True
    keep_groups: bool = False


NAMES = tuple(field.name for field in fields(InboxSettings))


def read_settings(raw: dict[str, Any] | None) -> InboxSettings:
    known = (raw or {}).get("inbox") or {}
    return InboxSettings(**{name: known[name] for name in NAMES if name in known})


def get_settings() -> InboxSettings:
    tenant = find_own_tenant()
    return read_settings(tenant.settings if tenant else None)
