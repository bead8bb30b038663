"""Goal 16: receipts applied per second, out of order; against a bare UPDATE of the status, batch for batch."""

import random
import time

from app.core.context import acting, system
from app.core.db import release
from app.outbox.service import Receipt, apply_receipts
from benchmarks import ledger, seeds
from benchmarks.common import Stack
from benchmarks.report import Row, interleave, main

MESSAGES = 6_700  # three receipts each: 20,100 a run, 100,500 in five
PEOPLE = 2_000
BATCH = 500
STATUS = {"SERVER_ACK": "sent", "DELIVERY_ACK": "delivered", "READ": "read"}
_BARE = """
    UPDATE messages m SET status = v.status
    FROM unnest(%s::uuid[], %s::text[]) AS v(id, status) WHERE m.id = v.id
"""


def run(stack: Stack, rounds: int) -> list[Row]:
    app, rng = stack.app(), random.Random(1)
    with app.app_context():
        line = ledger.make_line(stack, PEOPLE)
        pair = interleave(lambda: _ours(stack, line, rng), lambda: _bare(stack, line, rng), rounds)
    figure, limit = f"{pair.our_median:.0f}/s", f"{pair.limit_median:.0f}/s"
    return [Row("16 receipts applied", figure, limit, pair.ratio, 0.30)]


def _ours(stack: Stack, line: ledger.Line, rng: random.Random) -> float:
    told = _told(stack, line, rng)
    receipts = [Receipt(external, STATUS[step]) for external, step in told]
    started = time.perf_counter()
    with acting(system(line.company.tenant_id)):
        for first in range(0, len(receipts), BATCH):
            apply_receipts(line.number, receipts[first : first + BATCH])
    seconds = time.perf_counter() - started
    release()
    wrong = f"SELECT count(*) FROM messages WHERE instance_id = '{line.number}' AND status <> 'read'"
    if stack.scalar(wrong):
        raise AssertionError("a message whose receipts all came is not read")
    return len(receipts) / seconds


def _bare(stack: Stack, line: ledger.Line, rng: random.Random) -> float:
    told = _told(stack, line, rng)
    ids = _ids(stack, line)
    updates = [(ids[external], STATUS[step]) for external, step in told]
    with stack.cursor() as cursor:
        cursor.execute("SELECT set_config('app.tenant_id', %s, false)", (str(line.company.tenant_id),))
        started = time.perf_counter()
        for first in range(0, len(updates), BATCH):
            # One row per id and batch, as an UPDATE needs it.
            batch = dict(updates[first : first + BATCH])
            cursor.execute(_BARE, (list(batch), list(batch.values())))
        seconds = time.perf_counter() - started
        cursor.execute("UPDATE messages SET status = 'read'")
    return len(updates) / seconds


def _told(stack: Stack, line: ledger.Line, rng: random.Random) -> list[tuple[str, str]]:
    externals = ledger.send(stack, line, MESSAGES)
    seeds.analyze(stack, "messages", "external_refs")
    return ledger.receipts(externals, rng)


def _ids(stack: Stack, line: ledger.Line) -> dict[str, str]:
    with stack.cursor(stack.superuser_url) as cursor:
        cursor.execute("SELECT external_id, id::text FROM messages WHERE instance_id = %s", (str(line.number),))
        found: dict[str, str] = dict(cursor.fetchall())
    return found


if __name__ == "__main__":
    main(run)
