"""An event that takes its worker with it (a library that crashes, a loop, memory without end) leaves no exception to
catch: whoever comes next has to know.

Before a batch its first event is noted in Redis; a batch that ends takes the note away. Who finds the note of the very
event that is first again knows that the last try ended badly, and goes through that batch one event at a time: what
came before and after the poisoned one is applied, and the one that ended badly ALONE times by itself is put aside.
Should Redis lose the notes, it takes a few crashes more.
"""

import uuid
from dataclasses import dataclass
from typing import Any

import orjson
import structlog
from redis.exceptions import RedisError

from app.core.background import redis

log = structlog.get_logger(__name__)

ALONE = 3
KEPT_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Note:
    """`left`: how many more go one at a time; `alone`: how often the first one, by itself, was not survived."""

    first: str = ""
    size: int = 0
    left: int = 0
    alone: int = 0

    @property
    def is_poisoned(self) -> bool:
        return self.alone >= ALONE


def begin(note: Note, first: uuid.UUID, waiting: int) -> Note:
    """What is tried now, of that many waiting events; pure."""
    left, alone = note.left, 0
    if note.first == str(first):
        log.warning("batch_not_survived", event_id=str(first), size=note.size)
        left = left or note.size
        alone = note.alone + 1 if note.size == 1 else 0
    return Note(str(first), 1 if left else waiting, left, alone)


def ended(note: Note) -> Note | None:
    """What is left to know after a try that ended well; pure."""
    return Note(left=note.left - 1) if note.left > 1 else None


def survived(instance_id: uuid.UUID) -> None:
    """The try failed, and the worker is still there: no event is suspected."""
    left = read(instance_id).left
    write(instance_id, Note(left=left) if left else None)


def is_suspect(instance_id: uuid.UUID) -> bool:
    """Whether a try of this number's events is under way, or was not survived."""
    return read(instance_id) != Note()


def read(instance_id: uuid.UUID) -> Note:
    return Note(**_values(instance_id))


def _values(instance_id: uuid.UUID) -> dict[str, Any]:
    try:
        kept = redis().get(_key(instance_id))
    except RedisError:
        return {}
    return dict(orjson.loads(kept)) if kept else {}


def write(instance_id: uuid.UUID, note: Note | None) -> None:
    try:
        if note is None:
            redis().delete(_key(instance_id))
        else:
            redis().set(_key(instance_id), orjson.dumps(note), ex=KEPT_SECONDS)
    except RedisError:
        log.info("note_not_kept", instance_id=str(instance_id))


def _key(instance_id: uuid.UUID) -> str:
    return f"inbound:trying:{instance_id}"
