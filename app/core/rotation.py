"""Every secret at rest under the newest key. Small batches, each row by the value it had; run again, it goes on."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import text

from app.core.context import current_actor
from app.core.crypto import reseal
from app.core.db import transaction

BATCH = 200
# Every column that `seal` fills, by what tells a company's rows apart; a test looks for others.
SEALED = {
    ("instances", "credentials"): "id",
    ("instances", "webhook_secret"): "id",
    ("users", "totp_secret"): "id",
    ("users", "totp_pending"): "id",
    ("users", "recovery_codes"): "id",
    ("webhooks", "secret"): "id",
    ("webhooks", "old_secret"): "id",
    ("mails", "payload"): "id",
    ("tts_accounts", "credentials"): "provider",
}


@dataclass
class Tally:
    """`unreadable`: no configured key opens them; the key that did must not be thrown away."""

    renewed: int = 0
    already: int = 0
    unreadable: int = 0


def rotate_all(tally: Tally) -> None:
    """Of the acting company."""
    for (table, column), key in SEALED.items():
        for name, old in _rows(table, column, key):
            try:
                new = reseal(old)
            except ValueError:
                tally.unreadable += 1
                continue
            if new is None:
                tally.already += 1
            elif _replace(table, column, key, name, old, new):
                tally.renewed += 1


def _rows(table: str, column: str, key: str) -> Iterator[tuple[str, bytes]]:
    """In order, nothing held between batches; a row that changes meanwhile is sealed anew by whoever does."""
    kind = "uuid" if key == "id" else "text"
    statement = text(
        f"SELECT {key} AS name, {column} AS sealed FROM {table} WHERE {column} IS NOT NULL AND tenant_id = :tenant"
        f" AND (cast(:after AS {kind}) IS NULL OR {key} > cast(:after AS {kind})) ORDER BY {key} LIMIT {BATCH}"
    )
    after = None
    while True:
        with transaction() as session:
            found = session.execute(statement, {"after": after, "tenant": current_actor().tenant_id})
            rows = [(str(row.name), bytes(row.sealed)) for row in found]
        yield from rows
        if len(rows) < BATCH:
            return
        after = rows[-1][0]


def _replace(table: str, column: str, key: str, name: str, old: bytes, new: bytes) -> bool:
    kind = "uuid" if key == "id" else "text"
    statement = text(
        f"UPDATE {table} SET {column} = :new WHERE {key} = cast(:name AS {kind}) AND tenant_id = :tenant"
        f" AND {column} = :old RETURNING 1"
    )
    values = {"name": name, "old": old, "new": new, "tenant": current_actor().tenant_id}
    with transaction() as session:
        return session.scalar(statement, values) is not None
