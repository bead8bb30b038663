"""Somebody whose account is closed leaves no conversation behind; the company's hours hold for queues without their own."""

from datetime import UTC, datetime

import pytest

from app.accounts.models import Tenant
from app.accounts.service import team
from app.core import clock
from app.core.context import acting
from app.core.db import transaction
from app.inbox.jobs import leave
from app.inbox.models import Queue, Ticket
from app.inbox.service import routing


def test_their_conversations_wait_for_the_others_again(company, ticket, second_agent):
    mine, closed, other = (
        ticket("Ana", status="open", user_id=second_agent.user_id),
        ticket("Beto", status="closed", user_id=second_agent.user_id),
        ticket("Caio", status="open", user_id=company.users["agent"]),
    )
    with acting(company.actor()):
        team.deactivate(second_agent.user_id)
    leave(str(company.tenant_id), str(second_agent.user_id))
    leave(str(company.tenant_id), str(second_agent.user_id))  # twice changes nothing
    with acting(company.actor()), transaction() as session:
        places = [(session.get(Ticket, one).status, session.get(Ticket, one).user_id) for one in (mine, closed, other)]
    assert places == [
        ("pending", None),
        ("closed", second_agent.user_id),
        ("open", company.users["agent"]),
    ]


SUNDAY = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
MONDAY = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)  # noon in São Paulo
WORKDAYS = {"start": "09:00", "end": "18:00", "days": [1, 2, 3, 4, 5]}
ALWAYS = {"start": "00:00", "end": "23:59", "days": [1, 2, 3, 4, 5, 6, 7]}


@pytest.mark.parametrize(
    ("company_hours", "own_hours", "at", "is_open"),
    [
        ({}, {}, SUNDAY, True),
        (WORKDAYS, {}, SUNDAY, False),
        (WORKDAYS, {}, MONDAY, True),
        (WORKDAYS, ALWAYS, SUNDAY, True),
    ],
)
def test_a_queue_without_hours_keeps_the_companys(company, queue, company_hours, own_hours, at, is_open):
    queue_id = queue("Vendas", hours=own_hours)
    with acting(company.system), transaction() as session:
        session.get(Tenant, company.tenant_id).settings = {"hours": company_hours}
    with acting(company.system), clock.frozen(at), transaction() as session:
        assert routing._is_open(session.get(Queue, queue_id)) is is_open
