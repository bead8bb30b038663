"""What an examination answers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from app.runtime.settings import Settings

OK, WARN, BAD = "ok", "warn", "bad"


@dataclass(frozen=True)
class Finding:
    """`fix` says what to do; only something that is well has none."""

    level: str
    what: str
    fix: str = ""


@dataclass(frozen=True)
class Patient:
    """The installation, and the moment it is looked at."""

    settings: Settings
    database_url: str
    owner_url: str
    redis_url: str
    now: datetime

    def get(self, name: str) -> str:
        return self.settings.env.get(name, "")


Examination = Callable[[Patient], Iterator[Finding]]


def well(what: str) -> Finding:
    return Finding(OK, what)


def worry(what: str, fix: str) -> Finding:
    return Finding(WARN, what, fix)


def ill(what: str, fix: str) -> Finding:
    return Finding(BAD, what, fix)
