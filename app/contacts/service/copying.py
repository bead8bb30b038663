"""COPY through the session's own connection, so that it is part of the transaction."""

from __future__ import annotations

from typing import IO, Any

from sqlalchemy.orm import Session


def copy_in(session: Session, table: str, columns: str, stream: IO[Any]) -> None:
    """Text format. Under row-level security only temporary tables take it."""
    with _cursor(session) as cursor:
        cursor.copy_expert(f"COPY {table} ({columns}) FROM STDIN", stream, size=65536)


def copy_out(session: Session, query: str, stream: IO[Any]) -> None:
    with _cursor(session) as cursor:
        cursor.copy_expert(f"COPY ({query}) TO STDOUT", stream, size=65536)


def _cursor(session: Session) -> Any:
    return session.connection().connection.cursor()
