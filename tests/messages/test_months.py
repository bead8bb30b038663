"""Months of the ledger: mended when a row was there first, dropped only when nobody keeps anything in them; and messages
kept as long as their company says."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app.accounts.service import company as settings
from app.core import clock, ids
from app.core.context import acting
from app.core.db import transaction
from app.core.errors import Invalid
from app.messages import service
from app.messages.jobs import make_partitions
from app.messages.service import months
from tests.factories import make_contact, make_instance

NOW = datetime(2031, 7, 15, tzinfo=UTC)  # the years of this file are nobody else's


@pytest.fixture
def engine(owner_engine):
    """What this file makes is gone after it."""
    yield owner_engine
    with owner_engine.begin() as connection:
        for table in months.PARTITIONED:
            for name in connection.scalars(months._NAMES, {"parent": table}).all():
                if "_203" in name:
                    connection.execute(text(f"DROP TABLE {name}"))
            connection.execute(text(f"DELETE FROM {table}_default"))


@pytest.fixture
def written(as_admin, engine):
    """`written(moment, status=…)`: one message of that moment, with an event and a reference."""
    instance, contact = make_instance().id, make_contact().id

    def write(at, status="delivered", ticket=None):
        with acting(as_admin), transaction() as session:
            values = {"id": ids.new_id(at), "event": ids.new_id(at), "tenant": as_admin.tenant_id, "i": instance,
                      "c": contact, "status": status, "ticket": ticket, "at": at}  # fmt: skip
            session.execute(
                text("""INSERT INTO messages (id, tenant_id, instance_id, contact_id, ticket_id, direction, sender_type,
                    body, status) VALUES (:id, :tenant, :i, :c, :ticket, 'outbound', 'api', 'Oi', :status)"""),
                values,
            )
            session.execute(
                text(
                    "INSERT INTO message_events (id, tenant_id, message_id, status) VALUES (:event, :tenant, :id, 'sent')"
                ),
                values,
            )
            session.execute(
                text("""INSERT INTO external_refs (instance_id, external_id, tenant_id, message_id, created_at)
                    VALUES (:i, cast(:id AS text), :tenant, :id, :at)"""),
                values,
            )
        return values["id"]

    return write


def ticket_of(as_admin, status):
    with transaction() as session:
        values = {
            "id": ids.new_id(),
            "tenant": as_admin.tenant_id,
            "c": make_contact().id,
            "i": make_instance().id,
            "s": status,
        }
        session.execute(
            text("""INSERT INTO tickets (id, tenant_id, contact_id, instance_id, status)
            VALUES (:id, :tenant, :c, :i, :s)"""),
            values,
        )
    return values["id"]


def parts(engine, table="messages"):
    with engine.connect() as connection:
        return connection.scalars(months._NAMES, {"parent": table}).all()


def kept():
    with transaction() as session:
        return set(session.scalars(text("SELECT id FROM messages"))), session.scalar(
            text("SELECT count(*) FROM message_events")
        )


def test_a_missing_month_loses_no_message_and_is_mended(written, engine):
    """Nothing was made ahead: the message waits in the DEFAULT partition, and moves into its month."""
    stray = written(NOW)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM messages_default")) == 1
    with clock.frozen(NOW):
        assert make_partitions() == 3 * months.MONTHS_AHEAD
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT id FROM messages_2031_07")) == stray
        assert connection.scalar(text("SELECT count(*) FROM messages_default")) == 0
        assert connection.scalar(text("SELECT relrowsecurity FROM pg_class WHERE relname = 'messages_2031_07'"))
        indexes = "SELECT count(*) FROM pg_indexes WHERE tablename = :name"
        made, other = (connection.scalar(text(indexes), {"name": n}) for n in ("messages_2031_07", "messages_2031_08"))
        assert made == other > 3
    assert stray in kept()[0]


def test_a_table_that_somebody_holds_is_left_for_later(engine, ctx):
    """A backup reads for an hour: nobody is to wait behind a partition that waits for it."""
    with engine.connect() as reader, clock.frozen(NOW), reader.begin():
        reader.execute(text("LOCK TABLE messages IN ACCESS SHARE MODE"))
        reader.execute(text("LOCK TABLE messages_default IN ACCESS SHARE MODE"))
        assert make_partitions() == 2 * months.MONTHS_AHEAD
    with clock.frozen(NOW):
        assert make_partitions() == months.MONTHS_AHEAD


def keep(company, count):
    with acting(company.actor("admin")):
        settings.save(messages_months=count)


def test_a_month_is_dropped_when_nobody_keeps_anything_in_it(written, engine, company, others_keep):
    with clock.frozen(NOW - timedelta(days=365)):
        make_partitions()
    written(NOW - timedelta(days=365))
    with clock.frozen(NOW):
        months.drop_old(engine)
        assert "messages_2030_07" in parts(engine), "kept for ever unless somebody says otherwise"
        keep(company, 13)
        months.drop_old(engine)
        assert "messages_2030_07" in parts(engine)
        keep(company, 6)
        gone = months.drop_old(engine)
    assert {"messages_2030_07", "message_events_2030_07"} <= set(gone)
    assert {"messages_default", "message_events_default", "audit_logs_default"} <= {
        name for table in months.PARTITIONED for name in parts(engine, table)
    }


@pytest.mark.parametrize("status", ["queued", "sending", "unconfirmed", "held"])
def test_a_month_with_something_unfinished_stays(written, engine, company, others_keep, status):
    with clock.frozen(NOW - timedelta(days=365)):
        make_partitions()
    written(NOW - timedelta(days=365), status=status)
    keep(company, 1)
    with clock.frozen(NOW):
        months.drop_old(engine)
        assert service_of(company) == 0
    assert "messages_2030_07" in parts(engine)


def service_of(company):
    with acting(company.system):
        return service.forget_old(clock.now())


@pytest.fixture
def others_keep(engine, ctx):
    """Companies of other tests have no messages in these years."""


def test_a_company_forgets_what_it_keeps_no_longer(written, as_admin, company):
    old, young = NOW - timedelta(days=200), NOW - timedelta(days=20)
    gone, stays = written(old), written(young)
    waiting = written(old, status="unconfirmed")
    open_one = written(old, ticket=ticket_of(as_admin, "open"))
    closed_one = written(old, ticket=ticket_of(as_admin, "closed"))
    with clock.frozen(NOW):
        assert service_of(company) == 0, "for ever unless somebody says otherwise"
        keep(company, 6)
        assert service_of(company) == 2
        assert service_of(company) == 0
    assert kept() == ({stays, waiting, open_one}, 3)
    assert {gone, closed_one}.isdisjoint(kept()[0])
    with transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM external_refs")) == 3


def test_another_company_keeps_its_own(written, company, outsider):
    kept_here = written(NOW - timedelta(days=900))
    keep(outsider, 1)
    with clock.frozen(NOW):
        assert service_of(outsider) == 0
    assert kept_here in kept()[0]


@pytest.mark.parametrize("count", [-1, 241])
def test_months_have_bounds(company, count):
    with acting(company.actor("admin")), pytest.raises(Invalid):
        settings.save(messages_months=count)


def test_the_page_says_for_ever_with_an_empty_field(client_for, company):
    client = client_for("admin")
    form = {"name": "Loja", "timezone": "America/Sao_Paulo", "locale": "pt_BR", "audit_days": "730"}
    for given, stored in (("12", 12), ("", 0)):
        assert client.submit("/settings/company", {**form, "messages_months": given}).status_code == 303
        with acting(company.system), transaction() as session:
            found = session.scalar(text("SELECT settings->>'messages_months' FROM tenants"))
        assert int(found) == stored
