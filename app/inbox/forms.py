"""What the pages of the inbox send: filters of the list, and the fields of its verbs."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask_babel import get_timezone
from flask_babel import gettext as _

from app.core.errors import Invalid
from app.inbox.models import PRIORITIES, STATUSES
from app.inbox.queries import TicketFilter

TABS = ("mine", "waiting", "all")
NAMES = ("q", "queue", "tag", "user", "instance", "status", "priority", "unread", "from", "to")
NONE = "none"


def tab_of(args: Mapping[str, str]) -> str:
    return args["tab"] if args.get("tab") in TABS else "mine"


def filters_of(args: Mapping[str, str]) -> TicketFilter:
    """What isn't understood narrows nothing."""
    return TicketFilter(
        q=args.get("q", "").strip()[:200],
        queue_id=find_uuid(args.get("queue")),
        has_no_queue=args.get("queue") == NONE,
        tag_id=find_uuid(args.get("tag")),
        user_id=find_uuid(args.get("user")),
        instance_id=find_uuid(args.get("instance")),
        status=_one_of(args.get("status"), STATUSES),
        priority=_one_of(args.get("priority"), PRIORITIES),
        unread=args.get("unread") == "1",
        since=_day(args.get("from")),
        until=_day(args.get("to"), end=True),
    )


def kept(args: Mapping[str, str]) -> dict[str, str]:
    """The filters that are set, as they stand in the address."""
    return {name: args[name] for name in NAMES if args.get(name)}


def find_uuid(value: object) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(value)) if value else None
    except ValueError:
        return None


def uuids(values: Iterable[str]) -> list[uuid.UUID]:
    return [found for found in map(find_uuid, values) if found]


def local_moment(value: str | None) -> datetime | None:
    """A `datetime-local` field, in the company's zone. Raises Invalid."""
    if not value:
        return None
    try:
        return datetime.fromisoformat(value).replace(tzinfo=_zone())
    except ValueError as error:
        raise Invalid.field("send_after", _("Escolha o dia e a hora")) from error


def _one_of(value: str | None, known: Iterable[str]) -> str:
    return value if value in known else ""  # type: ignore[return-value]


def _day(value: str | None, *, end: bool = False) -> datetime | None:
    try:
        day = datetime.fromisoformat(value or "").date()
    except ValueError:
        return None
    return datetime.combine(day + timedelta(days=1) if end else day, time(), _zone())


def _zone() -> ZoneInfo:
    return ZoneInfo(str(get_timezone()))
