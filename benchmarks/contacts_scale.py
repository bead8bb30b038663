"""Goal 15, contacts: the list and its search at 1,000,000 people against the same at 10,000, as the application asks.

Prints which plan nodes answered, at both sizes.
"""

import json
import os
import re
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import event

from app.contacts.queries import people
from app.contacts.queries.finding import Filter
from app.core.context import acting
from app.core.db import release
from app.extensions import db
from benchmarks import seeds
from benchmarks.common import Stack, percentile
from benchmarks.report import Row, main
from tests.factories import Company, make_company

SMALL, LARGE = 10_000, int(os.environ.get("BENCH_CONTACTS", "1000000"))
TIMES = 30
# Names come from 200 × 200 × number, so that a rare name exists at both sizes and is as rare.
_FILL = """
    INSERT INTO contacts (id, tenant_id, name, phone, search)
    SELECT uuid7(), %(tenant)s, n.name, '+' || n.phone, lower(n.name) || ' ' || n.phone
    FROM (SELECT 'Cliente ' || md5(i::text || %(tenant)s) AS name, '55119' || (80000000 + i) AS phone
          FROM generate_series(0, %(last)s) AS i) n
"""
_RARE = """
    UPDATE contacts SET name = 'José da Conceição', search = 'jose da conceicao ' || substr(phone, 2)
    WHERE tenant_id = %(tenant)s AND phone IN ('+5511980000007', '+5511980004242', '+5511980009000')
"""


def run(stack: Stack, _rounds: int) -> list[Row]:
    with stack.app().app_context():
        small, large = _company(stack, SMALL), _company(stack, LARGE)
        seeds.analyze(stack, "contacts")
        return [_row(stack, name, ask, small, large) for name, ask in _questions()]


def _company(stack: Stack, size: int) -> Company:
    company = make_company()
    values = {"tenant": str(company.tenant_id), "last": size - 1}
    with stack.cursor(stack.owner_url) as cursor:
        cursor.execute(_FILL, values)
        cursor.execute(_RARE, values)
    return company


def _questions() -> list[tuple[str, Callable[[], Any]]]:
    return [
        ("list", lambda: people.list_contacts(Filter())),
        ("list by name", lambda: people.list_contacts(Filter(), order="name")),
        ("search by name", lambda: people.list_contacts(Filter(search="josé da conceição"))),
        ("search by phone", lambda: people.list_contacts(Filter(search="(11) 98000-4242"))),
    ]


def _row(stack: Stack, name: str, ask: Callable[[], Any], small: Company, large: Company) -> Row:
    few, many = _timed(ask, small), _timed(ask, large)
    nodes = f"plan: {_plan(ask, small)} → {_plan(ask, large)}"
    figures = (f"p95 {many * 1000:.1f} ms", f"{few * 1000:.1f} ms")
    return Row(f"15 {name} at {LARGE:,}", *figures, many / few, 1.5, is_ceiling=True, note=nodes)


def _timed(ask: Callable[[], Any], company: Company) -> float:
    """p95 in seconds, warm."""
    waits = []
    with acting(company.actor("admin")):
        for turn in range(TIMES + 5):
            started = time.perf_counter()
            ask()
            release()
            if turn >= 5:
                waits.append(time.perf_counter() - started)
    return percentile(waits, 0.95)


def _plan(ask: Callable[[], Any], company: Company) -> str:
    """Kinds of nodes of the statement that reads the rows."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if "contact" in statement and "set_config" not in statement:
            asked.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        with acting(company.actor("admin")):
            release()  # the scope is set when a transaction begins
            ask()
            statement, parameters = next((pair for pair in asked if "LIMIT" in pair[0]), asked[0])
            cursor = db.session.connection().connection.cursor()
            cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
            plan = json.dumps(cursor.fetchone()[0])
            release()
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return ", ".join(dict.fromkeys(re.findall(r'"Node Type": "([^"]+)"', plan)))


if __name__ == "__main__":
    main(run)
