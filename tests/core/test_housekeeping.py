"""Months made ahead by the owner, counters folded, what expired let go; all by the jobs that cron runs."""

from datetime import timedelta

from sqlalchemy import text

from app.accounts.jobs import purge_expired
from app.core import clock
from app.core.db import transaction
from app.core.facts import emit
from app.messages.jobs import compact_counters, make_partitions
from app.messages.service.months import MONTHS_AHEAD
from tests.factories import make_contact


def test_months_to_come_exist_before_they_are_needed(ctx, owner_engine):
    with clock.frozen(clock.now() + timedelta(days=400)):
        assert make_partitions() == 3 * MONTHS_AHEAD
        assert make_partitions() == 0
        month = f"messages_{clock.now():%Y_%m}"
    with owner_engine.begin() as connection:
        secured = connection.scalar(text("SELECT relrowsecurity FROM pg_class WHERE relname = :m"), {"m": month})
        parts = connection.scalars(
            text("SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ '_20[0-9]{2}_[0-9]{2}$'")
        ).all()
        for part in parts:
            if part[-7:] > f"{clock.now() + timedelta(days=330):%Y_%m}":
                connection.execute(text(f"DROP TABLE {part}"))
    assert secured is True


def test_counters_tell_the_same_after_they_are_folded(as_admin, owner_engine):
    for n in range(3):
        make_contact(f"C{n}")
    before = _contacts()
    compact_counters()
    assert before == _contacts() == 3
    with transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM counters WHERE name = 'contacts'")) == 1
        session.execute(text("UPDATE contacts SET deleted_at = now()"))
    assert _contacts() == 0


def _contacts() -> int:
    with transaction() as session:
        return session.scalar(text("SELECT sum(value) FROM counters WHERE name = 'contacts'"))


def test_old_facts_go_and_young_ones_stay(as_admin):
    with transaction() as session:
        emit("contact.created", contact_id=None)
        emit("contact.created", contact_id=None)
        session.execute(
            text(
                "UPDATE facts SET created_at = now() - interval '31 days' WHERE id = (SELECT min(id::text)::uuid FROM facts)"
            )
        )
    purge_expired()
    with transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM facts")) == 1
