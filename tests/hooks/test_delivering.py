"""Calls that fail, hang, die and come back: at least once, in order, and nobody waits for another's trouble."""

import threading
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.core import clock, facts
from app.core.context import acting
from app.core.db import transaction
from app.core.errors import Conflict
from app.core.ids import new_id
from app.hooks import jobs, service
from app.hooks.models import Webhook
from app.hooks.sender import Deliverer
from tests.hooks.receiver import receiver


def tell(company, *people):
    with acting(company.actor()):
        for person in people:
            facts.emit("contact.updated", contact_id=person)


def state(company, hook_id):
    with acting(company.actor()), transaction() as session:
        row = session.get(Webhook, hook_id, populate_existing=True)
        session.expunge(row)
        return row


def test_a_failure_is_tried_again_with_the_same_bytes_and_id(company, deliverer, hook, site, deliver, rows, due):
    made = hook()
    site.status["/"] = [500, 503, 200]
    tell(company, new_id())
    for count in (1, 2, 3):
        deliver(lambda count=count: len(site.heard) == count)
        due()
    assert {heard.body for heard in site.heard} == {site.heard[0].body}
    assert len({heard.headers["webhook-id"] for heard in site.heard}) == 1
    row = rows()[0]
    assert (row.state, row.attempts) == ("delivered", 3)
    assert [(one["attempt"], one["status"]) for one in row.log] == [(1, 500), (2, 503), (3, 200)]
    assert row.log[0]["answer"] == '{"ok": true}'
    hook_row = state(company, made.id)
    assert (hook_row.failures, hook_row.last_status) == (0, 200)
    assert hook_row.last_called_at is not None


def test_the_first_tries_are_five_seconds_apart(company, deliverer, hook, site, deliver, rows):
    hook()
    site.status["/"] = 500
    tell(company, new_id())
    before = clock.now()
    deliver(lambda: site.heard)
    wait = (rows()[0].next_at - before).total_seconds()
    assert wait >= 4.9
    assert rows()[0].state == "pending"


def test_one_conversation_keeps_its_order_and_others_do_not_wait(company, deliverer, hook, site, deliver, rows, due):
    hook()
    ana, beto = new_id(), new_id()
    site.refused = [str(ana)]
    tell(company, ana, ana, beto, ana)
    deliver(lambda: len(site.heard) >= 2)
    told = [heard.json["data"]["contact_id"] for heard in site.heard]
    assert sorted(told) == sorted([str(ana), str(beto)])
    due()
    deliver(lambda: all(row.state == "delivered" for row in rows()))
    times = {row.seq: row.settled_at for row in rows() if row.key == ana}
    assert [times[seq] for seq in sorted(times)] == sorted(times.values())
    order = [heard.headers["webhook-id"] for heard in site.heard]
    first = [str(row.id) for row in rows() if row.key == ana]
    assert [name for name in dict.fromkeys(order) if name in first] == first


def test_a_receiver_that_hangs_delays_nobody_else(company, outsider, deliverer, hook, site, deliver, rows):
    site.gates["/lento"] = threading.Event()
    hook(path="/lento")
    hook(path="/bom", who=outsider)
    tell(company, *(new_id() for _ in range(30)))
    tell(outsider, *(new_id() for _ in range(30)))
    deliver_until = lambda: len(site.at("/bom")) == 30  # noqa: E731
    while not deliver_until():
        deliverer.turn()
    assert len(site.at("/lento")) <= 8
    site.gates["/lento"].set()
    deliver(lambda: all(row.state == "delivered" for row in rows()))


def test_an_address_that_fails_in_a_row_is_only_probed(company, deliverer, hook, site, deliver, rows, due):
    made = hook()
    site.status["/"] = 500
    tell(company, *(new_id() for _ in range(200)))
    deliver()
    called = len(site.heard)
    assert called < 40
    hook_row = state(company, made.id)
    assert hook_row.retry_at > clock.now()
    due()
    deliver(lambda: len(site.heard) > called)
    assert len(site.heard) == called + 1
    assert sum(row.state == "pending" for row in rows()) == 200


def test_after_a_day_without_an_answer_it_is_paused_and_keeps_everything(
    company, deliverer, hook, site, deliver, rows, due
):
    made = hook()
    site.status["/"] = 500
    tell(company, new_id())
    deliver(lambda: site.heard)
    with acting(company.actor()), transaction() as session:
        session.execute(text("UPDATE webhooks SET failing_since = now() - interval '25 hours'"))
    due()
    deliver(lambda: len(site.heard) == 2)
    assert state(company, made.id).paused_reason == "dead"
    tell(company, new_id(), new_id())
    due()
    deliver()
    assert len(site.heard) == 2
    assert [row.state for row in rows()] == ["pending"] * 3
    with acting(company.actor()), transaction() as session:
        told = session.scalars(text("SELECT name FROM facts WHERE name = 'webhook.paused'")).all()
        letters = session.scalar(text("SELECT count(*) FROM mails"))
    assert told == ["webhook.paused"]
    assert letters == 1
    site.status["/"] = 200
    with acting(company.actor()):
        service.resume_webhook(made.id)
    deliver(lambda: all(row.state == "delivered" for row in rows()))
    assert state(company, made.id).state == "on"


def test_an_address_that_says_it_is_gone_is_paused_at_once(company, deliverer, hook, site, deliver):
    made = hook()
    site.status["/"] = 410
    tell(company, new_id())
    deliver(lambda: site.heard)
    deliver()
    assert state(company, made.id).paused_reason == "gone"


def test_one_event_that_nobody_wants_does_not_stop_the_others_for_ever(
    company, deliverer, hook, site, deliver, rows, due
):
    hook()
    site.status["/"] = [500, 200]
    ana = new_id()
    tell(company, ana, ana)
    deliver(lambda: site.heard)
    with acting(company.actor()), transaction() as session:
        session.execute(text("UPDATE webhook_deliveries SET first_at = now() - interval '25 hours' WHERE attempts = 1"))
    site.status["/"] = [500, 200]
    due()
    deliver(lambda: len(site.heard) == 3)
    assert [row.state for row in rows()] == ["failed", "delivered"]


def test_a_redirect_is_a_failure_and_is_not_followed(company, deliverer, hook, site, deliver, rows):
    hook()
    site.status["/"], site.headers["Location"] = 302, site.url("/secreto")
    tell(company, new_id())
    deliver(lambda: site.heard)
    deliver()
    assert site.at("/secreto") == []
    assert rows()[0].log[0]["status"] == 302


def test_an_address_that_turned_private_is_not_called(company, deliverer, hook, deliver, rows):
    """The name answered a public address when it was set and an inner one when it is called."""
    hook()
    with acting(company.actor()), transaction() as session:
        session.execute(text("UPDATE webhooks SET url = :url"), {"url": "http://[::1]:9/"})
    tell(company, new_id())
    deliver(lambda: rows()[0].log)
    assert rows()[0].log[0]["status"] is None
    assert "rede interna" in rows()[0].log[0]["error"]


def test_nobody_at_the_address_is_a_try_with_its_reason(company, deliverer, hook, deliver, rows):
    with receiver() as gone:
        with acting(company.actor()):
            service.create_webhook(gone.url(), ["contact.*"])
    tell(company, new_id())
    deliver(lambda: rows()[0].log)
    assert rows()[0].log[0]["error"]


def test_a_killed_worker_loses_nothing(company, deliverer, hook, site, deliver, rows):
    """It had claimed: the lease ends, and another says it again."""
    hook()
    tell(company, new_id(), new_id())
    dead = Deliverer(lease=0.0)
    assert dead._claim() == 2
    assert [row.state for row in rows()] == ["sending", "sending"]
    deliver(lambda: len(site.heard) == 2)
    assert [row.state for row in rows()] == ["delivered", "delivered"]


def test_a_result_that_comes_after_the_lease_changes_nothing(company, deliverer, hook, site, deliver, rows):
    hook()
    site.status["/"] = 500
    tell(company, new_id())
    slow = Deliverer(lease=0.0, timeout=1.0)
    slow._claim()
    slow._lanes.clear()
    site.status["/"] = 200
    deliver(lambda: rows()[0].state == "delivered")
    row = rows()[0]
    late = service.Outcome(row.id, row.tenant_id, row.webhook_id, row.event, 1, clock.now(), clock.now(), 5, status=500)
    with acting(company.system):
        service.record([late], slow.me)
    assert rows()[0].state == "delivered"


def test_answers_are_kept_bounded_and_readable(company, deliverer, hook, deliver, rows):
    tell_all = []
    with receiver() as loud:
        loud.headers["X-Big"] = "y" * 1000
        with acting(company.actor()):
            tell_all.append(service.create_webhook(loud.url(), ["contact.*"]))
        tell(company, new_id())
        deliver(lambda: rows()[0].state == "delivered")
    assert len(rows()[0].log[0]["answer"]) <= 2000


def test_both_secrets_sign_for_a_day(company, deliverer, hook, site, deliver):
    made = hook()
    with acting(company.actor()):
        new = service.rotate_secret(made.id)
    assert new.secret != made.secret
    tell(company, new_id())
    deliver(lambda: site.heard)
    assert len(site.heard[0].headers["webhook-signature"].split()) == 2
    with acting(company.actor()), transaction() as session:
        session.execute(text("UPDATE webhooks SET old_secret_until = now()"))
    tell(company, new_id())
    deliver(lambda: len(site.heard) == 2)
    assert len(site.heard[1].headers["webhook-signature"].split()) == 1


def test_the_secret_is_not_kept_in_the_clear(company, hook, owner_engine):
    made = hook()
    with owner_engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM webhooks WHERE id = :id"), {"id": made.id}).one()
        log = connection.execute(
            text("SELECT changes::text FROM audit_logs WHERE tenant_id = :t"), {"t": company.tenant_id}
        )
        written = str(row) + "".join(log.scalars())
    assert made.secret.removeprefix("whsec_") not in written


def test_a_test_goes_at_once_even_when_paused_and_only_once(company, deliverer, hook, site, deliver, rows):
    made = hook()
    site.status["/"] = 500
    with acting(company.actor()), transaction() as session:
        session.execute(text("UPDATE webhooks SET paused_at = now(), paused_reason = 'dead'"))
        sent = service.send_test(made.id)
        sent_id = sent.id
    deliver(lambda: site.heard)
    deliver()
    assert site.heard[0].json["type"] == "webhook.test"
    assert [(row.id, row.state) for row in rows()] == [(sent_id, "failed")]
    assert state(company, made.id).failures == 0


def test_what_was_delivered_can_be_sent_again(company, deliverer, hook, site, deliver, rows):
    hook()
    tell(company, new_id())
    deliver(lambda: rows()[0].state == "delivered")
    with acting(company.actor()):
        service.replay(rows()[0].id)
        with pytest.raises(Conflict):
            service.replay(rows()[0].id)
    deliver(lambda: len(site.heard) == 2)
    assert site.heard[0].body == site.heard[1].body
    assert site.heard[0].headers["webhook-id"] == site.heard[1].headers["webhook-id"]


def test_the_job_hands_over_only_while_something_is_due(company, deliverer, hook, site, rows, app):
    hook()
    tell(company, new_id())
    jobs.shift()
    assert [row.state for row in rows()] == ["delivered"]


def test_old_log_is_let_go(company, deliverer, hook, site, deliver, rows):
    hook()
    tell(company, new_id(), new_id())
    deliver(lambda: all(row.state == "delivered" for row in rows()))
    with acting(company.actor()), transaction() as session:
        session.execute(text("UPDATE webhook_deliveries SET settled_at = :at WHERE id = :id"),
                        {"at": clock.now() - timedelta(days=15), "id": rows()[0].id})  # fmt: skip
    kept = rows()[1].id
    jobs.purge_settled()
    assert [row.id for row in rows()] == [kept]


@pytest.mark.parametrize(
    ("column", "stopped", "free"), [("is_active", "false", "true"), ("safe_mode", "true", "false")]
)
def test_a_suspended_company_and_a_restored_copy_call_nobody(
    company, deliverer, hook, site, deliver, rows, owner_engine, column, stopped, free
):
    hook()
    tell(company, new_id())
    change = f"UPDATE tenants SET {column} = %s WHERE id = :id"
    with owner_engine.begin() as connection:
        connection.execute(text(change % stopped), {"id": company.tenant_id})
    deliver()
    assert site.heard == []
    with owner_engine.begin() as connection:
        connection.execute(text(change % free), {"id": company.tenant_id})
    deliver(lambda: rows()[0].state == "delivered")


def test_a_deleted_address_takes_what_waited_along(company, deliverer, hook, site, deliver, rows):
    made = hook()
    tell(company, new_id())
    with acting(company.actor()):
        service.delete_webhook(made.id)
    deliver()
    assert (site.heard, rows()) == ([], [])
    assert isinstance(made.id, uuid.UUID)
