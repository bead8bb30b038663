"""The four steps against a real gateway over real HTTP."""

import pytest
from sqlalchemy import text

from app.core.db import transaction
from app.core.errors import Conflict, Forbidden, Invalid, NotFound
from app.instances import service as instances
from app.outbox.jobs import forget_number
from app.outbox.models import Lane
from app.outbox.service import queue_message, resend_unconfirmed, retry_message
from tests.factories import make_contact
from tests.outbox.conftest import hold_of, left, statuses, wait_until


def queue(line, count=1, **rest):
    """Ids: the rows themselves belong to a session that the tests give back."""
    contacts = [make_contact(f"Cliente {n}").id for n in range(count)]
    return [
        queue_message(line.id, contact_id=contact, body=f"Oi {n}", lane=Lane.NORMAL, **rest).id
        for n, contact in enumerate(contacts)
    ]


def test_a_queued_message_reaches_the_phone_once(line, company, senders):
    queue(line, 1)
    senders()
    wait_until(lambda: statuses(company) == {"sent": 1})
    assert line.texts() == ["Oi 0"]
    assert left(company) == 0


def test_two_senders_share_the_work_and_nothing_goes_twice(line, company, senders):
    queue(line, 40)
    senders()
    senders()
    wait_until(lambda: statuses(company) == {"sent": 40})
    assert sorted(line.texts()) == sorted(f"Oi {n}" for n in range(40))


def test_the_learned_address_is_kept(line, company, senders):
    contact = make_contact("Ana", phone="5531988887777")
    queue_message(line.id, contact_id=contact.id, body="Oi")
    senders()
    wait_until(lambda: statuses(company) == {"sent": 1})
    with transaction() as session:
        jid = session.scalar(text("SELECT value FROM contact_identities WHERE kind = 'jid'"))
    assert jid == "553188887777@s.whatsapp.net"


def test_a_number_that_is_not_on_whatsapp_fails_with_its_reason(line, company, senders):
    contact = make_contact("Ana", phone="5511912340000")
    message = queue_message(line.id, contact_id=contact.id, body="Oi").id
    senders()
    wait_until(lambda: statuses(company) == {"failed": 1})
    with transaction() as session:
        row = session.execute(text("SELECT error_code FROM messages WHERE id = :i"), {"i": message}).one()
        assert session.scalar(text("SELECT unreachable_at IS NOT NULL FROM contacts")) is True
    assert row.error_code == "not_on_whatsapp"


def test_first_in_first_out_for_one_recipient(line, company, senders):
    contact = make_contact("Ana")
    for n in range(6):
        queue_message(line.id, contact_id=contact.id, body=f"passo {n}")
    senders()
    senders()
    wait_until(lambda: statuses(company) == {"sent": 6})
    assert line.texts() == [f"passo {n}" for n in range(6)]


def test_an_answer_goes_before_the_api_and_before_campaigns(line, company, senders):
    queue(line, 5)
    contact = make_contact("Ana")
    queue_message(line.id, contact_id=contact.id, body="resposta", lane=Lane.HIGH)
    senders()
    wait_until(lambda: statuses(company) == {"sent": 6})
    assert line.texts()[0] == "resposta"


@pytest.mark.parametrize("kind", ["status_503", "status_429", "license", "onwhatsapp", "connection_closed"])
def test_passing_trouble_spends_no_attempt_and_heals_alone(line, company, senders, kind):
    line.fault(kind, count=3)
    queue(line, 5)
    senders()
    wait_until(lambda: statuses(company) == {"sent": 5})
    assert sorted(line.texts()) == sorted(f"Oi {n}" for n in range(5))
    with transaction() as session:
        assert session.scalar(text("SELECT max(attempts) FROM messages")) >= 1


@pytest.mark.parametrize("kind", ["accept_reset", "accept_empty", "accept_error", "accept_status"])
def test_an_unknown_outcome_is_bound_by_search_never_sent_again(line, company, senders, kind):
    rest = {"status": 500} if kind == "accept_status" else {}
    line.fault(kind, count=2, **rest)
    queue(line, 6)
    senders()
    wait_until(lambda: statuses(company) == {"sent": 6})
    rows = line.ledger()
    assert sorted(row["text"] for row in rows) == sorted(f"Oi {n}" for n in range(6))


def test_a_hanging_gateway_costs_few_messages_and_loses_none(line, company, senders):
    line.fault("accept_hang", count=1, for_seconds=20)
    queue(line, 6)
    senders()
    wait_until(lambda: statuses(company) == {"sent": 6})
    assert len(line.ledger()) == 6


def test_not_found_is_never_proof_and_a_person_decides(line, company, senders):
    line.fault("reset_before", count=1)
    (message,) = queue(line, 1)
    senders()
    wait_until(lambda: statuses(company) == {"unconfirmed": 1})
    wait_until(lambda: hold_of(company, line.id) is None)
    assert line.ledger() == []
    with transaction() as session:
        assert session.scalar(text("SELECT searched_at IS NOT NULL FROM outbox")) is True
    assert resend_unconfirmed([message]) == 1
    wait_until(lambda: statuses(company) == {"sent": 1})
    assert len(line.ledger()) == 1


def test_a_failed_message_can_be_retried_once_mended(line, company, senders):
    contact = make_contact("Ana", phone="5511912350000")
    message = queue_message(line.id, contact_id=contact.id, body="Oi").id
    senders()
    wait_until(lambda: statuses(company) == {"failed": 1})
    line.sim.play("POST", "config", not_on_whatsapp="nada$")
    retry_message(message)
    wait_until(lambda: statuses(company) == {"sent": 1})
    line.sim.play("POST", "config", not_on_whatsapp="0000$")
    with pytest.raises(Conflict):
        retry_message(message)


def test_queueing_asks_permission_and_checks_its_input(line, company, outsider, act):
    contact = make_contact("Ana")
    with act("viewer"), pytest.raises(Forbidden):
        queue_message(line.id, contact_id=contact.id, body="Oi")
    for bad in ({"body": " "}, {"body": "x" * 4097}, {"type": "image", "body": ""}, {"recipient": "abc", "body": "Oi"}):
        with pytest.raises(Invalid):
            queue_message(line.id, **({"contact_id": contact.id} | bad if "recipient" not in bad else bad))
    with pytest.raises(NotFound):
        queue_message(company.tenant_id, contact_id=contact.id, body="Oi")


def test_deleting_a_number_cancels_what_waits_for_it(line, company, as_admin):
    (message,) = queue(line, 1)
    instances.delete(line.id)
    forget_number(str(company.tenant_id), str(line.id))
    assert statuses(company) == {"cancelled": 1}
    with transaction() as session:
        assert session.scalar(text("SELECT error_code FROM messages WHERE id = :i"), {"i": message}) == "number_deleted"
        assert session.scalar(text("SELECT count(*) FROM outbox")) == 0
        session.execute(text("UPDATE messages SET status = 'failed' WHERE id = :i"), {"i": message})
    with pytest.raises(NotFound):
        retry_message(message)
