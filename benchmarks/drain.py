"""Goal 4: a backlog of mixed events becomes messages, tickets, ticks; against a stream's consumer that only inserts."""

import random
import time
import uuid
from collections.abc import Callable

import orjson
from psycopg2.extras import execute_values
from redis import Redis

from app.core import realtime
from app.webhooks import jobs
from benchmarks import ledger, seeds
from benchmarks.common import Stack
from benchmarks.report import Row, interleave, main

MESSAGES, WORDS = 5_000, 5_000  # three receipts per message: 20,000 events a run, 100,000 in five
NUMBERS = 2
PEOPLE = 5_000
BATCH = 500
STREAM, GROUP = "bench:events", "bench"
_BARE = """
    CREATE TABLE IF NOT EXISTS bare_messages (id uuid PRIMARY KEY, number uuid, external_id text, kind text, body text,
        at timestamptz);
    CREATE UNIQUE INDEX IF NOT EXISTS bare_messages_external ON bare_messages (number, external_id, kind);
    GRANT SELECT, INSERT ON bare_messages TO recado_app;
"""
_INSERT = "INSERT INTO bare_messages (id, number, external_id, kind, body, at) VALUES %s ON CONFLICT DO NOTHING"


def run(stack: Stack, rounds: int) -> list[Row]:
    app, rng = stack.app(), random.Random(1)
    with stack.cursor(stack.owner_url) as cursor:
        cursor.execute(_BARE)
    with app.app_context():
        lines = [ledger.make_line(stack, PEOPLE // NUMBERS, start=n * PEOPLE) for n in range(NUMBERS)]
        realtime.connect_emitter(stack.redis_url)
        seeds.analyze(stack, "contacts", "contact_identities")
        pair = interleave(lambda: _ours(stack, lines, rng), lambda: _floor(stack, lines, rng), rounds)
    figure, limit = f"{pair.our_median:.0f} events/s", f"{pair.limit_median:.0f} rows/s"
    return [Row("4 backlog drain", figure, limit, pair.ratio, 0.35)]


def _ours(stack: Stack, lines: list[ledger.Line], rng: random.Random) -> float:
    for line in lines:
        externals = ledger.send(stack, line, MESSAGES // len(lines))
        ledger.store(stack, line, ledger.mixed(line, externals, WORDS // len(lines), rng))
    seeds.analyze(stack, "messages", "external_refs", "inbound_events")
    return _rate(3 * MESSAGES + WORDS, lambda: _drained(stack))


def _drained(stack: Stack) -> None:
    """The job hands over after its shift; here it takes up again until nothing waits."""
    while stack.scalar("SELECT count(*) FROM inbound_events WHERE state = 'pending'"):
        jobs.process()
    if dead := stack.scalar("SELECT count(*) FROM inbound_events WHERE state <> 'done'"):
        raise AssertionError(f"{dead} events became dead letters")


def _floor(stack: Stack, lines: list[ledger.Line], rng: random.Random) -> float:
    stream = Redis.from_url(stack.redis_url)
    stream.delete(STREAM)
    stream.xgroup_create(STREAM, GROUP, "0", mkstream=True)
    count = 0
    for line in lines:
        externals = [uuid.uuid4().hex for _ in range(MESSAGES // len(lines))]
        with stream.pipeline(transaction=False) as pipeline:
            for body in ledger.mixed(line, externals, WORDS // len(lines), rng):
                pipeline.xadd(STREAM, {"body": body})
                count += 1
            pipeline.execute()
    return _rate(count, lambda: _consume(stack, stream))


def _consume(stack: Stack, stream: Redis) -> None:
    """Read a batch, read its JSON, write its rows, commit, acknowledge."""
    with stack.cursor() as cursor:
        while found := stream.xreadgroup(GROUP, "bench", {STREAM: ">"}, count=BATCH):
            entries = found[0][1]
            execute_values(cursor, _INSERT, [_bare_row(entry[b"body"]) for _id, entry in entries], page_size=BATCH)
            stream.xack(STREAM, GROUP, *[entry_id for entry_id, _entry in entries])


def _bare_row(raw: bytes) -> tuple[str, str, str, str, str, str]:
    data = orjson.loads(raw)["data"]
    key = data.get("key") or {}
    number, external = str(uuid.UUID(int=1)), data.get("keyId") or key.get("id")
    text = (data.get("message") or {}).get("conversation", "")
    return str(uuid.uuid4()), number, external, data.get("status", ""), text, "2026-03-02T14:03:11Z"


def _rate(count: int, work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return count / (time.perf_counter() - started)


if __name__ == "__main__":
    main(run)
