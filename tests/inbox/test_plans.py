"""How the inbox asks the database: a fixed number of statements however many rows, and never the whole ledger."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from sqlalchemy import event, text

from app.core.context import acting
from app.core.db import release, transaction
from app.extensions import db
from app.inbox import queries
from app.inbox.queries import TicketFilter
from app.inbox.queries.excerpts import excerpts
from app.media import queries as media
from app.messages import queries as ledger
from tests.factories import make_contact

TICKETS, EACH, LONG = 400, 40, 2_000

# A shop that has been open for some weeks: every fourth conversation is still open, one is very long.
_PEOPLE = """
    INSERT INTO contacts (id, tenant_id, name, phone, search)
    SELECT uuid7(), :tenant, 'Pessoa ' || n, '+55119' || (70000000 + n), 'pessoa ' || n || ' 55119' || (70000000 + n)
    FROM generate_series(1, :tickets) n
"""
_TICKETS = """
    INSERT INTO tickets (id, tenant_id, contact_id, instance_id, status, user_id, unread_count, last_message_at)
    SELECT uuid7(), :tenant, id, :number, CASE n % 4 WHEN 0 THEN 'open' WHEN 1 THEN 'pending' ELSE 'closed' END,
        CASE WHEN n % 4 <> 1 THEN cast(:agent AS uuid) END, n % 3, now() - n * interval '1 minute'
    FROM (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM contacts WHERE tenant_id = :tenant) c
"""
_MESSAGES = """
    INSERT INTO messages (id, tenant_id, instance_id, contact_id, ticket_id, direction, sender_type, body, search,
        external_id, status, thread_at, user_id, media_id)
    SELECT uuid7(), :tenant, :number, t.contact_id, t.id, d, CASE d WHEN 'inbound' THEN 'contact' ELSE 'user' END,
        words, words, t.id || '-' || n, 'read', t.last_message_at - n * interval '30 seconds', :agent,
        CASE WHEN n % 20 = 0 THEN cast(:file AS uuid) END
    FROM (SELECT t.*, row_number() OVER (ORDER BY last_message_at DESC) AS turn FROM tickets t
        WHERE tenant_id = :tenant) t,
        generate_series(1, CASE turn WHEN 1 THEN :long ELSE :each END) n,
        LATERAL (SELECT CASE n % 2 WHEN 0 THEN 'outbound' ELSE 'inbound' END AS d,
            'bom dia quanto custa o pao ' || CASE WHEN n = 7 AND turn % 50 = 3 THEN 'raro' || turn ELSE '' END AS words) w
"""
_LAST = """
    UPDATE tickets t SET last_message_id = (SELECT id FROM messages m WHERE m.ticket_id = t.id
        ORDER BY thread_at DESC LIMIT 1) WHERE tenant_id = :tenant
"""


@pytest.fixture
def shop(company, number, owner_engine) -> uuid.UUID:
    """The id of the long conversation."""
    values = {"tenant": company.tenant_id, "number": number, "agent": company.users["agent"], "file": uuid.uuid4(),
              "tickets": TICKETS, "each": EACH, "long": LONG}  # fmt: skip
    with owner_engine.begin() as connection:
        for statement in (_PEOPLE, _TICKETS, _MESSAGES, _LAST):
            connection.execute(text(statement), {k: v for k, v in values.items() if f":{k}" in statement})
    with owner_engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in ("contacts", "tickets", "messages"):
            connection.execute(text(f"ANALYZE {table}"))
    with acting(company.system), transaction() as session:
        longest = session.scalar(text("SELECT id FROM tickets ORDER BY last_message_at DESC LIMIT 1"))
    release()
    return longest


@contextmanager
def plans() -> Iterator[list[tuple[str, list[dict]]]]:
    """Every read inside the block, with its plan as the application's role gets it."""
    found: list[tuple[str, list[dict]]] = []

    def explain(_connection, cursor, statement, parameters, *_rest):
        if not statement.lstrip().upper().startswith(("SELECT", "WITH")):
            return
        with cursor.connection.cursor() as beside:
            beside.execute(f"EXPLAIN (FORMAT JSON) {statement}", parameters)
            found.append((statement, beside.fetchone()[0]))

    event.listen(db.engine, "before_cursor_execute", explain)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", explain)


def scans(node: dict) -> Iterator[dict]:
    if "Relation Name" in node:
        yield node
    for inner in node.get("Plans", ()):
        yield from scans(inner)


READS: dict[str, Callable[[uuid.UUID], object]] = {
    "mine": lambda _t: queries.list_tickets("mine"),
    "waiting": lambda _t: queries.list_tickets("waiting"),
    "all": lambda _t: queries.list_tickets("all"),
    "closed": lambda _t: queries.list_tickets("all", TicketFilter(status="closed")),
    "unread": lambda _t: queries.list_tickets("all", TicketFilter(unread=True)),
    "next page": lambda _t: queries.list_tickets("all", None, queries.list_tickets("all").next_cursor),
    "counts": lambda _t: queries.inbox_counts(),
    "badge": lambda _t: queries.count_calls(100),
    "a row": queries.get_row,
    "thread": queries.thread,
    "thread, older": lambda t: queries.thread(t, queries.thread(t).older),
    "panel": queries.contact_panel,
    "scheduled": queries.list_scheduled,
    "frequent word": lambda _t: queries.list_tickets("all", TicketFilter(q="quanto custa")),
    "rare word": lambda _t: queries.list_tickets("all", TicketFilter(q="raro53")),
    "nobody's word": lambda _t: queries.list_tickets("all", TicketFilter(q="xyzxyz")),
    "short": lambda _t: queries.list_tickets("all", TicketFilter(q="pe")),
    "excerpts": lambda _t: excerpts("raro53", found := queries.matching_messages("raro53"), list(found)),
    "messages of a ticket": lambda t: ledger.list_messages(ticket_id=t),
}


@pytest.mark.parametrize("role", ["agent", "manager"])
def test_no_read_of_the_inbox_goes_through_all_messages(act, shop, rows, role):
    filled = {row["name"] for row in rows("SELECT DISTINCT tableoid::regclass::text AS name FROM messages")}
    wrong, ledger_reads = [], 0
    with act(role):
        for name, read in READS.items():
            with plans() as found:
                read(shop)
            release()
            for statement, (plan,) in found:
                for node in scans(plan["Plan"]):
                    ledger_reads += node["Relation Name"] in filled
                    if node["Node Type"] == "Seq Scan" and node["Relation Name"] in filled:
                        wrong.append((name, statement))
    assert wrong == []
    assert ledger_reads > len(READS)


def test_a_file_is_looked_up_by_its_index(act, company, shop, rows):
    filled = {row["name"] for row in rows("SELECT DISTINCT tableoid::regclass::text AS name FROM messages")}
    with act("agent"), plans() as found:
        media._may_see(company.actor("agent"), media.Media(id=uuid.uuid4(), created_by=None))
    kinds = {n["Node Type"] for _s, (p,) in found for n in scans(p["Plan"]) if n["Relation Name"] in filled}
    assert kinds
    assert "Seq Scan" not in kinds


@pytest.fixture
def statements() -> Callable[[Callable[[], object]], int]:
    def count(call: Callable[[], object]) -> int:
        found = []

        def note(_connection, _cursor, statement, *_rest):
            found.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            call()
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        return len(found)

    return count


PATHS = (
    "/inbox/list?tab=waiting&limit={n}",
    "/inbox/list?tab=all&q=pao&limit={n}",
    "/inbox/{ticket}",
    "/inbox/{ticket}/thread",
    "/inbox/{ticket}/parts",
)
CALLS = ("/tickets?limit={n}", "/tickets?q=pao&limit={n}", "/messages?ticket_id={ticket}&limit={n}")


def test_pages_and_api_ask_as_often_for_ten_rows_as_for_sixty(
    client_for, api_client, act, company, ticket, number, rows, statements, owner_engine
):
    """Each row with what costs a look-up: a person, tags, a quote, a reaction, a file, a line of history."""
    asked = {}
    with acting(company.system):
        make_contact("Outra")
    first = ticket("P0", words="quero pao")
    browser, api = client_for("manager"), api_client("manager")
    for size in (10, 60):
        while len(rows("SELECT 1 FROM tickets")) < size:
            ticket(f"P{uuid.uuid4().hex[:5]}", words="quero pao")
        with owner_engine.begin() as connection:
            for statement in DRESS:
                values = {"t": company.tenant_id, "n": size, "first": first, "agent": company.users["agent"]}
                connection.execute(text(statement), {k: v for k, v in values.items() if f":{k}" in statement})
        for path in (*PATHS, *CALLS):
            call = partial((browser if path in PATHS else api).get, path.format(n=size, ticket=first))
            assert call().status_code == 200, path  # and warms what is looked up once
            asked.setdefault(path, []).append(statements(call))
    # A search that found enough among the newest asks once less.
    assert {path: counts for path, counts in asked.items() if counts[1] > counts[0]} == {}
    assert max(max(counts) for counts in asked.values()) < 46


def test_a_first_word_asks_no_more_than_it_needs(company, say, queue, online, statements):
    """A new person and conversation, a queue's greeting, an attendant by turn who is announced: what a crowd of first
    words costs a worker, each of them."""
    agent = company.users["agent"]
    queue("Vendas", greeting="Olá!", members=[agent], distribution="round_robin")
    online(agent)
    jids = (f"55119123400{n}@s.whatsapp.net" for n in range(10, 99))
    say("Oi", jid=next(jids))
    assert statements(lambda: say("Oi", jid=next(jids))) <= 60
    known = next(jids)
    say("Oi", jid=known)
    assert statements(lambda: say("Ainda aí?", jid=known)) <= 15


DRESS = (
    "INSERT INTO tags (id, tenant_id, name, color) VALUES (uuid7(), :t, 'vip' || :n, 'blue')",
    "INSERT INTO ticket_tags (tenant_id, ticket_id, tag_id) SELECT :t, t.id, g.id FROM tickets t, tags g"
    " WHERE t.tenant_id = :t AND g.tenant_id = :t ON CONFLICT DO NOTHING",
    "INSERT INTO media (id, tenant_id, file_name, mime_type, size, sha256, storage_key, kind)"
    " SELECT uuid7(), :t, 'a.pdf', 'application/pdf', 1, 'x' || i, 'k' || i, 'document' FROM generate_series(1, :n) i",
    "INSERT INTO messages (id, tenant_id, instance_id, contact_id, ticket_id, direction, sender_type, user_id, body,"
    " search, external_id, reply_to, status, media_id, type) SELECT uuid7(), :t, k.instance_id, k.contact_id, k.id,"
    " 'outbound', 'user', :agent, 'pao', 'pao', 'x' || :n || f.id, 'y' || f.id, 'read', f.id, 'document'"
    " FROM tickets k, media f WHERE k.id = :first AND f.tenant_id = :t LIMIT :n",
    "INSERT INTO external_refs (instance_id, external_id, tenant_id, message_id) SELECT m.instance_id, m.external_id,"
    " :t, m.id FROM messages m WHERE m.tenant_id = :t AND m.external_id IS NOT NULL ON CONFLICT DO NOTHING",
    "INSERT INTO ticket_events (id, tenant_id, ticket_id, kind, user_id, details) SELECT uuid7(), :t, :first,"
    " 'transferred', :agent, jsonb_build_object('user_id', cast(:agent AS text)) FROM generate_series(1, :n)",
)
