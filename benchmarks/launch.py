"""Goal 9: from the click to 100,000 personalised messages queued; against INSERT … SELECT of the same rows.

And how long after the launch's commit the first message reaches the gateway, with the product's own sender.
"""

import time
import uuid

import psycopg2

from app.campaigns import service
from app.core import ids
from app.core.context import acting
from app.core.db import release
from benchmarks import seeds, sending
from benchmarks.common import Stack
from benchmarks.report import Row, interleave, main
from tests.factories import Company

RECIPIENTS = 100_000
MESSAGE = "Oi, {nome|cliente}! Promoção só hoje."
_BARE = (
    """
    INSERT INTO messages (id, tenant_id, instance_id, contact_id, campaign_id, direction, sender_type, body,
        recipient_key, status)
    SELECT uuid7(), c.tenant_id, %(number)s, c.id, %(campaign)s, 'outbound', 'campaign',
        'Oi, ' || c.name || '! Promoção só hoje.', i.value, 'queued'
    FROM contacts c JOIN contact_identities i ON i.contact_id = c.id AND i.kind = 'phone'
    """,
    """
    INSERT INTO campaign_recipients (campaign_id, recipient_key, tenant_id, contact_id, message_id)
    SELECT campaign_id, recipient_key, tenant_id, contact_id, id FROM messages WHERE campaign_id = %(campaign)s
    """,
    """
    INSERT INTO outbox (message_id, tenant_id, instance_id, contact_id, campaign_id, recipient_key, lane)
    SELECT id, tenant_id, instance_id, contact_id, campaign_id, recipient_key, 2
    FROM messages WHERE campaign_id = %(campaign)s
    """,
)


def run(stack: Stack, rounds: int) -> list[Row]:
    with stack.app().app_context(), sending.gateway(stack) as stub:
        company, (number,) = sending.make_numbers(stub, 1, sending.pace(900, 1400))
        group = _everybody(stack, company)
        waits: list[float] = []
        with sending.sender(stack):
            pair = interleave(
                lambda: _ours(stack, stub, company, number, group, waits),
                lambda: _bare(stack, company, number),
                min(rounds, 3),
            )
    wait = sorted(waits)[len(waits) // 2]
    figure, limit = f"{pair.our_median:.0f} rows/s", f"{pair.limit_median:.0f} rows/s"
    return [
        Row("9 launch of 100,000", figure, limit, pair.ratio, 0.50),
        Row("9 first message out", f"{wait:.2f} s", "1 s", wait, 1.0, is_ceiling=True),
    ]


def _everybody(stack: Stack, company: Company) -> uuid.UUID:
    people, group = seeds.make_people(stack, company, RECIPIENTS), ids.new_id()
    seeds.copy(stack, "groups", ("id", "tenant_id", "name"), [(group, company.tenant_id, "Todos")])
    members = ((group, person, company.tenant_id) for person in people)
    seeds.copy(stack, "group_members", ("group_id", "contact_id", "tenant_id"), members)
    seeds.analyze(stack, "contacts", "contact_identities", "group_members")
    return group


def _ours(
    stack: Stack, stub: sending.Stub, company: Company, number: uuid.UUID, group: uuid.UUID, waits: list[float]
) -> float:
    stub.arrivals()
    with acting(company.actor("admin")):
        campaign = service.create(
            name=f"Bench {uuid.uuid4().hex[:8]}",
            message=MESSAGE,
            instance_ids=[number],
            audience={"group_ids": [group]},
        )
        wanted = campaign.id
        started = time.perf_counter()
        service.launch(wanted)
        launched = time.perf_counter()
        release()
        sending.first_arrival(stub)
        waits.append(time.perf_counter() - launched)
        queued = stack.scalar(f"SELECT count(*) FROM campaign_recipients WHERE campaign_id = '{wanted}'")
        service.cancel(wanted)
        release()
    if queued != RECIPIENTS:
        raise AssertionError(f"{queued} queued")
    return RECIPIENTS / (launched - started)


def _bare(stack: Stack, company: Company, number: uuid.UUID) -> float:
    campaign = ids.new_id()
    values = {"campaign": str(campaign), "number": str(number), "tenant": str(company.tenant_id)}
    started = time.perf_counter()
    with psycopg2.connect(stack.app_url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT set_config('app.tenant_id', %(tenant)s, true)", values)
        for statement in _BARE:
            cursor.execute(statement, values)
        connection.commit()
    seconds = time.perf_counter() - started
    with stack.cursor(stack.owner_url) as cursor:  # they have no lane, and must not stay in the way
        cursor.execute("DELETE FROM outbox WHERE campaign_id = %s", (str(campaign),))
        cursor.execute("DELETE FROM messages WHERE campaign_id = %s", (str(campaign),))
    return RECIPIENTS / seconds


if __name__ == "__main__":
    main(run)
