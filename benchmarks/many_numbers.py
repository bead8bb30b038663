"""One sender process with 200 numbers at a human pace: no gap under the minimum, and goes near their time.

The times are those of the goes themselves, noted by a trigger beside the queue.
"""

import time

from benchmarks import sending
from benchmarks.common import Stack, percentile
from benchmarks.report import Row, main

NUMBERS, MIN_MS, MAX_MS = 200, 900, 1400
SECONDS = 40
LATE_MS = 100.0
_NOTES = """
    CREATE TABLE bench_goes (number uuid, went_at timestamptz, due_at timestamptz);
    CREATE FUNCTION bench_note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
        INSERT INTO bench_goes SELECT NEW.instance_id, NEW.started_at, greatest(p.next_at, p.high_at)
        FROM instance_pace p WHERE p.instance_id = NEW.instance_id;
        RETURN NULL;
    END $$;
    CREATE TRIGGER bench_note AFTER UPDATE ON outbox FOR EACH ROW
        WHEN (OLD.started_at IS NULL AND NEW.started_at IS NOT NULL) EXECUTE FUNCTION bench_note();
"""
_GAPS = """
    SELECT extract(epoch FROM went_at - lag(went_at) OVER (PARTITION BY number ORDER BY went_at))::float8 AS gap,
        CASE WHEN due_at > '-infinity' THEN extract(epoch FROM went_at - due_at)::float8 END AS late
    FROM bench_goes
"""


def run(stack: Stack, _rounds: int) -> list[Row]:
    with stack.cursor(stack.owner_url) as cursor:
        cursor.execute(_NOTES)
    with stack.app().app_context(), sending.gateway(stack) as stub:
        company, numbers = sending.make_numbers(stub, NUMBERS, sending.pace(MIN_MS, MAX_MS))
        sending.queue(stack, company, numbers, SECONDS * 2)
        with sending.sender(stack):
            sending.first_arrival(stub)
            time.sleep(SECONDS)
    with stack.cursor(stack.superuser_url) as cursor:
        cursor.execute(_GAPS)
        rows = cursor.fetchall()
    gaps = [gap for gap, _late in rows if gap is not None]
    # The first goes are all due at once, 200 in one moment: lateness is measured from the second on.
    late = [late * 1000 for _gap, late in rows if late is not None]
    least, p99 = min(gaps) * 1000, percentile(late, 0.99)
    per_second = len(rows) / SECONDS
    return [
        Row("200 numbers: least gap", f"{least:.0f} ms ({per_second:.0f}/s)", f"{MIN_MS} ms", least / MIN_MS, 1.0),
        Row("200 numbers: p99 lateness", f"{p99:.0f} ms", f"{LATE_MS:.0f} ms", p99 / LATE_MS, 1.0, is_ceiling=True),
    ]


if __name__ == "__main__":
    main(run)
