"""One statement, one commit, nothing else: for doors that are asked thousands of times a second.

The session's machinery (scope, ping before use, isolation level set and reset) costs several times the statement.
Only definer functions make sense here: without an actor no tenant's row is seen.
"""

import threading
from collections import deque
from typing import Any

import psycopg2
from psycopg2.extensions import connection as Connection

PATIENCE_SECONDS = 5.0

Broken = (psycopg2.OperationalError, psycopg2.InterfaceError)


class Pool:
    """Connections in autocommit, opened as they are needed, at most `size`. Safe for threads and green threads."""

    def __init__(self, url: str, size: int) -> None:
        self._url = url.replace("postgresql+psycopg2://", "postgresql://", 1)
        self._room = threading.BoundedSemaphore(size)
        self._free: deque[Connection] = deque()

    def first(self, statement: str, values: tuple[Any, ...]) -> tuple[Any, ...] | None:
        """The first row. It may run twice and must mean the same twice. Raises one of Broken: database away, busy."""
        if not self._room.acquire(timeout=PATIENCE_SECONDS):
            raise psycopg2.OperationalError("no connection became free")
        try:
            return self._first(statement, values)
        finally:
            self._room.release()

    def _first(self, statement: str, values: tuple[Any, ...]) -> tuple[Any, ...] | None:
        if self._free:
            try:
                return self._run(self._free.pop(), statement, values)
            except Broken:  # the database was restarted meanwhile: the others are broken too
                self.close()
        return self._run(self._connect(), statement, values)

    def _run(self, connection: Connection, statement: str, values: tuple[Any, ...]) -> tuple[Any, ...] | None:
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement, values)
                row: tuple[Any, ...] | None = cursor.fetchone()
        except BaseException:
            connection.close()
            raise
        self._free.append(connection)
        return row

    def _connect(self) -> Connection:
        connection = psycopg2.connect(self._url, application_name="recado-oneshot", connect_timeout=5)
        connection.autocommit = True
        return connection

    def close(self) -> None:
        while self._free:
            self._free.pop().close()
