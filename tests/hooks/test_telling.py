"""From the fact to the receiver: what is made, in which transaction, and what is sent."""

import ast
import base64
import hashlib
import hmac
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from app.accounts.models import User
from app.contacts.service import people
from app.core import facts
from app.core.context import acting
from app.core.db import transaction
from app.core.ids import new_id
from app.hooks import rules, service
from app.messages.models import Message
from tests.factories import make_contact, make_instance


def test_an_event_is_written_with_its_fact_or_not_at_all(company, hook, rows):
    hook("contact.*")
    with acting(company.actor()):
        with pytest.raises(RuntimeError), transaction():
            facts.emit("contact.updated", contact_id=new_id())
            raise RuntimeError
        assert rows() == []
        person = people.create_contact(people.NewContact(name="Ana", phone="+5511987650001")).id
    assert [(row.event, row.facts) for row in rows()] == [("contact.created", {"contact_id": str(person)})]


def test_even_a_fact_in_raw_sql_has_its_event(company, hook, rows):
    hook("instance.*")
    with acting(company.actor()), transaction() as session:
        values = {"id": new_id(), "t": company.tenant_id}
        session.execute(text("INSERT INTO facts (id, tenant_id, name) VALUES (:id, :t, 'instance.held')"), values)
    assert [row.event for row in rows()] == ["instance.held"]


def test_only_what_was_asked_for_is_told(company, hook, rows):
    hook("ticket.*", "campaign.completed")
    with acting(company.actor()):
        facts.emit("contact.created", contact_id=new_id())
        facts.emit("campaign.changed", campaign_id=new_id())
        facts.emit("campaign.completed", campaign_id=new_id())
        facts.emit("tag.created", id=new_id())
    assert [row.event for row in rows()] == ["campaign.completed"]


def test_another_company_hears_nothing(company, outsider, hook, rows):
    hook("contact.*", who=outsider)
    with acting(company.actor()):
        facts.emit("contact.created", contact_id=new_id())
    assert rows() == []
    assert rows(outsider) == []


def test_a_switched_off_address_records_nothing(company, hook, rows):
    made = hook("contact.*")
    with acting(company.actor()):
        service.switch_webhook(made.id, False)
        facts.emit("contact.created", contact_id=new_id())
    assert rows() == []


def test_an_address_of_one_number_hears_of_that_number(company, hook, rows):
    with acting(company.actor()):
        mine, other = make_instance("Uma").id, make_instance("Outra").id
        hook("instance.*", instance_id=mine)
        facts.emit("instance.held", instance_id=other)
        facts.emit("instance.held", instance_id=mine)
    assert [row.facts["instance_id"] for row in rows()] == [str(mine)]


@pytest.fixture
def message(company):
    """`message(**fields)`: a message of a person of the company."""

    def make(**fields):
        with acting(company.actor()), transaction() as session:
            usual = {"direction": "inbound", "sender_type": "contact", "status": "received", "body": "Tem pão?"}
            row = Message(instance_id=make_instance().id, contact_id=make_contact("Ana").id, **{**usual, **fields})
            session.add(row)
            session.flush()
            return SimpleNamespace(id=row.id, instance_id=row.instance_id, contact_id=row.contact_id)

    return make


def test_a_batch_of_statuses_is_one_event_each_in_their_order(company, hook, rows, message):
    hook("message.status")
    one = message(direction="outbound", status="delivered")
    with acting(company.actor()):
        facts.emit("message.statuses", changes=[[str(one.id), "sent"], [str(one.id), "delivered"]])
    assert [(row.event, row.facts["status"]) for row in rows()] == [
        ("message.status", "sent"),
        ("message.status", "delivered"),
    ]
    assert {row.key for row in rows()} == {one.contact_id}


def test_notes_of_the_team_stay_in_the_house(company, hook, rows, message):
    hook("message.status")
    note = message(is_private=True)
    with acting(company.actor()):
        facts.emit("message.status", message_id=note.id, status="sent")
    assert rows() == []


def test_it_is_signed_and_told_whole(company, hook, site, deliver, message, deliverer):
    made = hook("message.received")
    one = message()
    with acting(company.actor()):
        facts.emit("message.received", message_id=one.id, instance_id=one.instance_id)
    deliver(lambda: site.heard)
    heard = site.heard[0]
    assert heard.json["type"] == "message.received"
    assert heard.json["timestamp"].endswith("Z")
    data = heard.json["data"]
    assert (data["message"]["id"], data["message"]["text"]) == (str(one.id), "Tem pão?")
    assert data["contact"]["name"] == "Ana"
    assert data["contact"]["phone"].startswith("+55119")
    signed = f"{heard.headers['webhook-id']}.{heard.headers['webhook-timestamp']}.{heard.body}".encode()
    key = base64.b64decode(made.secret.removeprefix("whsec_"))
    wanted = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert heard.headers["webhook-signature"] == wanted
    assert heard.headers["content-type"].startswith("application/json")


def test_who_may_not_see_people_does_not_get_them_by_the_back_door(company, deliverer, hook, site, deliver, message):
    """A developer sets the address: ids and states only, no text, name or phone."""
    hook("message.received", "contact.*", role="developer")
    one = message()
    with acting(company.actor()):
        facts.emit("message.received", message_id=one.id, instance_id=one.instance_id)
        facts.emit("contact.updated", contact_id=one.contact_id)
    deliver(lambda: len(site.heard) == 2)
    everything = "".join(heard.body for heard in site.heard)
    assert "Tem pão?" not in everything
    assert "Ana" not in everything
    assert "+55119" not in everything
    assert str(one.contact_id) in everything


def test_whoever_left_the_company_takes_their_sight_along(company, deliverer, hook, site, deliver, message):
    hook("message.received")
    with acting(company.actor()), transaction() as session:
        session.get(User, company.users["admin"]).is_active = False
    one = message()
    with acting(company.system):
        facts.emit("message.received", message_id=one.id, instance_id=one.instance_id)
    deliver(lambda: site.heard)
    assert "Tem pão?" not in site.heard[0].body


def test_changing_the_address_does_not_carry_sight_over(company, deliverer, hook, site, deliver, message):
    """A developer turns the admin's address to a server of theirs."""
    made = hook("message.received")
    with acting(company.actor("developer")):
        service.update_webhook(made.id, url=site.url("/outro"))
    one = message()
    with acting(company.actor()):
        facts.emit("message.received", message_id=one.id, instance_id=one.instance_id)
    deliver(lambda: site.at("/outro"))
    assert "Tem pão?" not in site.heard[0].body


def test_every_fact_that_promises_an_event_wakes_the_deliverer():
    """Facts of these kinds that the code emits and the list of events does not know would never be told at once."""
    emitted = set()
    for path in Path("app").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in (
                "emit",
                "emit_many",
            ):
                emitted |= {
                    part.value
                    for part in ast.walk(node)
                    if isinstance(part, ast.Constant)
                    and isinstance(part.value, str)
                    and rules.kind(part.value) in rules.KINDS
                    and "." in part.value
                }
    untold = {"message.queued", "message.changed", "message.replied"}
    assert emitted - set(service.FACTS) == untold
