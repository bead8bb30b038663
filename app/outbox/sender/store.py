"""The sender's SQL: an autocommit connection per thread, one round trip per step, no transaction ever left open."""

import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.engine import Connection, Engine, Row
from sqlalchemy.exc import DBAPIError

# A pick that a crash of the database forgets has changed nothing, so it need not wait for the disk. A claim must: its
# attempt number tells results apart, and one given out a second time would let an old result requeue a new call.
_PICK = text("SELECT f.*, set_config('synchronous_commit', 'off', true) FROM outbox_pick(:me, :lease) f")
_CLAIM = text("SELECT * FROM outbox_claim(:me, :instance, :lease, :want, :limit, :open, :open_high, :high_only)")
_GO = text(
    "SELECT * FROM outbox_go(:me, :message, :attempt, :stamp, :lane_stamp, :min_gap, :gap, :slack, "
    "cast(:cap AS int), cast(:lane_cap AS int), :today, :open_until, :batch, :lease)"
)
_GIVE_BACK = text("SELECT outbox_give_back(:me, :message, :attempt, cast(:until AS timestamptz))")
_BEAT = text("SELECT outbox_beat(:me, cast(:messages AS uuid[]), :lease)")
_RELEASE = text("SELECT outbox_release(:me)")
_EXPIRE = text("SELECT * FROM outbox_expire()")
_PROBES = text("SELECT * FROM outbox_probes(:n, :lease)")
_WAITING = text("SELECT * FROM outbox_waiting()")
_RESTORED = text("SELECT outbox_hold_restored()")


class Store:
    """Reconnects by itself: after a fault the next call opens a new connection, and the fault is raised once."""

    def __init__(self, engine: Engine, me: str, lease: float) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._me, self._lease = me, lease
        self._connections: dict[int, Connection] = {}

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        me = threading.get_ident()
        if me not in self._connections:
            self._connections[me] = self._engine.connect()
        try:
            yield self._connections[me]
        except DBAPIError:
            self._drop(me)
            raise

    def close(self) -> None:
        """While no other thread is using it."""
        for thread in list(self._connections):
            self._drop(thread)

    def _drop(self, thread: int) -> None:
        connection = self._connections.pop(thread)
        connection.invalidate()
        connection.close()

    def _all(self, statement: Any, **values: Any) -> Sequence[Row[Any]]:
        with self._connected() as connection:
            return connection.execute(statement, values).all()

    def pick(self) -> Sequence[Row[Any]]:
        """The numbers we drive now, with their settings and waits (seconds)."""
        return self._all(_PICK, me=self._me, lease=self._lease)

    def claim(
        self, instance: uuid.UUID, *, want: int, limit: int, open_s: float, open_high_s: float, high_only: bool
    ) -> Sequence[Row[Any]]:
        return self._all(
            _CLAIM,
            me=self._me,
            instance=instance,
            lease=self._lease,
            want=want,
            limit=limit,
            open=open_s,
            open_high=open_high_s,
            high_only=high_only,
        )

    def go(
        self,
        message: uuid.UUID,
        attempt: int,
        *,
        stamp: datetime,
        lane_stamp: datetime | None,
        min_gap: float,
        gap: float,
        slack: float,
        cap: int | None,
        lane_cap: int | None,
        today: date,
        open_until: datetime,
        batch: int,
    ) -> tuple[str, float, float]:
        """('go', seconds to the next, and to the next answer) once committed as started; else why not, and the wait."""
        row = self._all(
            _GO,
            me=self._me,
            message=message,
            attempt=attempt,
            stamp=stamp,
            lane_stamp=lane_stamp,
            min_gap=min_gap,
            gap=gap,
            slack=slack,
            cap=cap,
            lane_cap=lane_cap,
            today=today,
            open_until=open_until,
            batch=batch,
            lease=self._lease,
        )[0]
        return row.verdict, row.wait, row.high_wait

    def give_back(self, message: uuid.UUID, attempt: int, lane_rests_until: datetime | None = None) -> None:
        self._all(_GIVE_BACK, me=self._me, message=message, attempt=attempt, until=lane_rests_until)

    def beat(self, messages: Sequence[uuid.UUID]) -> None:
        self._all(_BEAT, me=self._me, messages=[str(message) for message in messages], lease=self._lease)

    def release(self) -> None:
        self._all(_RELEASE, me=self._me)

    def expire(self) -> Sequence[Row[Any]]:
        return self._all(_EXPIRE)

    def probes(self, at_most: int, lease: float) -> Sequence[Row[Any]]:
        return self._all(_PROBES, n=at_most, lease=lease)

    def waiting(self) -> Row[Any]:
        return self._all(_WAITING)[0]

    def hold_restored(self) -> int:
        """How many messages were stopped because this database is a restored copy; 0 on every other day."""
        return int(self._all(_RESTORED)[0][0])
