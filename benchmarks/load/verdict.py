"""At the end every word of both sides is looked for: lost, doubled, out of order in its conversation."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Any

from benchmarks.load.crowd import Attendant
from benchmarks.load.customers import Customer
from benchmarks.load.site import Site

_STEPS = ("PENDING", "SERVER_ACK", "DELIVERY_ACK", "READ", "PLAYED")
_STATUS = {"sent": 1, "delivered": 2, "read": 3, "played": 4}


@dataclass(frozen=True)
class Count:
    """`wrong` of `of`; wanted is none."""

    what: str
    wrong: int
    of: int


def words(site: Site, customers: list[Customer]) -> list[Count]:
    with site.servers.cursor(site.servers.superuser_url) as cursor:
        cursor.execute("""
            SELECT external_id, ticket_id::text FROM messages WHERE direction = 'inbound'
            ORDER BY ticket_id, thread_at, id
        """)
        kept = cursor.fetchall()
    said = [name for who in customers for name in who.said]
    times, threads = Counter(name for name, _ticket in kept), defaultdict(list)
    for name, ticket in kept:
        threads[ticket].append(name)
    wanted = {who.said[0]: who.said for who in customers if who.said}
    wrong = sum(wanted.get(thread[0]) != thread for thread in threads.values())
    split = abs(len(threads) - len(wanted))
    return [
        Count("palavras de clientes perdidas", len(set(said) - set(times)), len(said)),
        Count("palavras de clientes em dobro", len(kept) - len(times), len(said)),
        Count("conversas fora de ordem ou partidas", max(wrong, split), len(wanted)),
    ]


def answers(people: list[Attendant], ledger: list[dict[str, Any]]) -> list[Count]:
    given = {text for person in people for texts in person.answers.values() for text, _at in texts}
    left = [row["text"] for row in ledger if row["text"] in given]
    orders: dict[str, list[int]] = defaultdict(list)
    for text in left:
        ticket, turn = text.split(" ")
        orders[ticket].append(int(turn))
    return [
        Count("respostas de atendentes perdidas", len(given - set(left)), len(given)),
        Count("respostas em dobro", len(left) - len(set(left)), len(given)),
        Count("conversas com respostas fora de ordem", sum(turns != sorted(turns) for turns in orders.values()),
              len(orders)),
    ]  # fmt: skip


def unread(people: list[Attendant], site: Site) -> Count:
    with site.servers.cursor(site.servers.superuser_url) as cursor:
        cursor.execute("SELECT id::text FROM messages WHERE direction = 'inbound'")
        wanted = {row[0] for row in cursor.fetchall()}
    seen = {message for person in people for message in person.seen}
    return Count("palavras que nenhum atendente viu na tela", len(wanted - seen), len(wanted))


def campaigns(site: Site, ledger: list[dict[str, Any]], answering: set[str]) -> list[Count]:
    """Against what left for phones; `answering`: the gateway's names of numbers without campaigns. The ledger's
    statuses are what the gateway has told about."""
    with site.servers.cursor(site.servers.superuser_url) as cursor:
        cursor.execute("""
            SELECT external_id, status FROM messages WHERE campaign_id IS NOT NULL AND direction = 'outbound'
            AND status NOT IN ('queued', 'held', 'cancelled')
        """)
        rows = cursor.fetchall()
    known = {name: status for name, status in rows if name}
    gone = [row for row in ledger if row["instance"] not in answering]
    people = Counter((row["instance"], row["number"], row["kind"]) for row in gone)
    behind = sum(
        _STATUS.get(known[row["key_id"]], 0) < _STEPS.index(row["status"])
        for row in gone
        if row["key_id"] in known and row["status"] in _STEPS
    )
    strays = sum(row["key_id"] not in known for row in gone)
    open_ends = sum(status in ("unconfirmed", "failed", "sending") for _name, status in rows)
    return [
        Count("envios de campanha que saíram e não constam", strays, len(gone)),
        Count("envios que constam e não saíram", len(set(known) - {row["key_id"] for row in gone}), len(known)),
        Count("pessoas que receberam duas vezes", sum(n - 1 for n in people.values()), len(people)),
        Count("recibos que faltam", behind, len(gone)),
        Count("envios a verificar ou falhos", open_ends, len(rows)),
    ]


def answer_waits(people: list[Attendant], ledger: list[dict[str, Any]]) -> list[float]:
    """Seconds from the click to the gateway."""
    arrived: dict[str, float] = {}
    for row in ledger:
        arrived.setdefault(row["text"], row["at"])
    given = [one for person in people for texts in person.answers.values() for one in texts]
    return [arrived[text] - at for text, at in given if text in arrived]


def told_waits(people: list[Attendant], dues: dict[str, float], site: Site) -> list[float]:
    """Seconds from the moment a word was due at the webhook to the first attendant's browser that heard of it."""
    with site.servers.cursor(site.servers.superuser_url) as cursor:
        cursor.execute("SELECT id::text, external_id FROM messages WHERE direction = 'inbound'")
        names = dict(cursor.fetchall())
    first: dict[str, float] = {}
    for person in people:
        for message, at in person.told.items():
            first[message] = min(at, first.get(message, at))
    return [at - dues[names[message]] for message, at in first.items() if names.get(message) in dues]
