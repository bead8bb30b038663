"""Every secret at rest under the newest key. Small batches, each row by the value it had; run again, it goes on."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import text

from app.core.crypto import reseal
from app.core.db import transaction

BATCH = 200
# Every column that `seal` fills; a test looks for others.
SEALED = (
    ("instances", "credentials"),
    ("instances", "webhook_secret"),
    ("users", "totp_secret"),
    ("users", "totp_pending"),
    ("users", "recovery_codes"),
    ("webhooks", "secret"),
    ("webhooks", "old_secret"),
    ("mails", "payload"),
)


@dataclass
class Tally:
    """`unreadable`: no configured key opens them; the key that did must not be thrown away."""

    renewed: int = 0
    already: int = 0
    unreadable: int = 0


def rotate_all(tally: Tally) -> None:
    """Of the acting company."""
    for table, column in SEALED:
        for row_id, old in _rows(table, column):
            try:
                new = reseal(old)
            except ValueError:
                tally.unreadable += 1
                continue
            if new is None:
                tally.already += 1
            elif _replace(table, column, row_id, old, new):
                tally.renewed += 1


def _rows(table: str, column: str) -> Iterator[tuple[object, bytes]]:
    """By key, so that nothing is held between batches; a row that changes meanwhile is sealed anew by whoever does."""
    statement = text(
        f"SELECT id, {column} AS sealed FROM {table} WHERE {column} IS NOT NULL"
        f" AND (cast(:after AS uuid) IS NULL OR id > :after) ORDER BY id LIMIT {BATCH}"
    )
    after = None
    while True:
        with transaction() as session:
            rows = [(row.id, bytes(row.sealed)) for row in session.execute(statement, {"after": after})]
        yield from rows
        if len(rows) < BATCH:
            return
        after = rows[-1][0]


def _replace(table: str, column: str, row_id: object, old: bytes, new: bytes) -> bool:
    statement = text(f"UPDATE {table} SET {column} = :new WHERE id = :id AND {column} = :old RETURNING id")
    with transaction() as session:
        return session.scalar(statement, {"id": row_id, "old": old, "new": new}) is not None
