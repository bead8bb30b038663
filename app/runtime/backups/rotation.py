"""Which backups stay: the newest of each of the last 24 hours, 7 days and 4 weeks that have one."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

HOURLY, DAILY, WEEKLY = 24, 7, 4
_SPANS: Sequence[tuple[int, Callable[[datetime], object]]] = (
    (HOURLY, lambda at: (at.date(), at.hour)),
    (DAILY, lambda at: at.date()),
    (WEEKLY, lambda at: at.isocalendar()[:2]),
)


def kept(times: Iterable[datetime]) -> set[datetime]:
    """Counted by what there is, not by the calendar: after a week of silence nothing older is thrown away for it."""
    newest_first = sorted(times, reverse=True)
    stay: set[datetime] = set()
    for many, span in _SPANS:
        newest_of: dict[object, datetime] = {}
        for at in newest_first:
            newest_of.setdefault(span(at), at)
        stay.update(list(newest_of.values())[:many])
    return stay
