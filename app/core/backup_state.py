"""When the last backup and the last drill were, for pages, alerts and `recado doctor`."""

import json
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

FILE = "backups.json"


def remember(data: Path, what: str, **values: Any) -> None:
    known = read(data)
    known[what] = values
    scratch = data / f".{FILE}.new"
    scratch.write_text(json.dumps(known, indent=1))
    os.replace(scratch, data / FILE)


def read(data: Path) -> dict[str, dict[str, Any]]:
    try:
        found = json.loads((data / FILE).read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def age_of(known: dict[str, Any] | None, now: datetime) -> timedelta | None:
    return now - datetime.fromisoformat(known["at"]) if known else None


def moment_of(known: dict[str, Any] | None) -> datetime | None:
    return datetime.fromisoformat(known["at"]) if known else None
