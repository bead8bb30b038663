"""Row-level security with the filter forgotten on purpose, in raw SQL, on partitions, through every definer."""

import uuid

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from app.core.context import acting
from app.core.db import transaction
from app.core.ids import new_id
from tests.factories import make_contact, make_instance

TENANT_TABLES = """
    SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, c.relkind FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND c.relname <> 'alembic_version'
"""
DEFINERS = {
    "find_sign_in", "find_session", "find_api_token", "find_refresh_token", "active_tenants", "create_tenant",
    "compact_counters", "find_webhook_target", "store_inbound", "instances_with_inbound", "outbox_pick", "outbox_claim",
    "outbox_go", "outbox_expire", "outbox_beat", "outbox_release", "outbox_probes", "outbox_waiting", "outbox_give_back",
    "outbox_silent", "outbox_hold_restored", "system_figures", "webhook_claim", "webhook_waiting", "find_one_time_link", "find_identity",
    "all_tenants", "purge_audit",
}  # fmt: skip


@pytest.fixture
def app_engine(database):
    engine = create_engine(database.app_url.replace("postgresql://", "postgresql+psycopg2://"))
    yield engine
    engine.dispose()


def test_every_table_and_partition_has_row_level_security(owner_engine):
    with owner_engine.connect() as connection:
        rows = connection.execute(text(TENANT_TABLES)).all()
    assert len(rows) > 30
    assert [row.relname for row in rows if not row.relrowsecurity] == []
    assert [row.relname for row in rows if row.relforcerowsecurity] == []


def test_the_policy_is_written_exactly_so(owner_engine):
    with owner_engine.connect() as connection:
        rows = connection.execute(text("SELECT tablename, qual, with_check FROM pg_policies")).all()
    wanted = "(NULLIF(current_setting('app.tenant_id'::text, true), ''::text))::uuid)"
    for row in rows:
        column = "id" if row.tablename == "tenants" else "tenant_id"
        assert row.qual == f"({column} = {wanted}", row.tablename
        assert row.with_check == row.qual


def test_the_closed_list_of_definer_functions(owner_engine):
    with owner_engine.connect() as connection:
        names = connection.scalars(
            text(
                "SELECT proname FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace "
                "WHERE nspname = 'public' AND prosecdef"
            )
        )
        assert set(names) == DEFINERS


def test_application_role_owns_nothing_and_cannot_bypass(app_engine):
    with app_engine.connect() as connection:
        row = connection.execute(text("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")).one()
        owned = connection.scalar(
            text(
                "SELECT count(*) FROM pg_class WHERE relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)"
            )
        )
    assert tuple(row) == (False, False)
    assert owned == 0


def test_a_forgotten_filter_returns_only_the_own_tenant(company, outsider):
    with acting(company.actor()):
        mine = make_contact("Ana")
    with acting(outsider.actor()):
        make_contact("Beto")
    with acting(company.actor()), transaction() as session:
        assert session.scalars(text("SELECT id FROM contacts")).all() == [mine.id]
        assert session.scalars(text("SELECT id FROM contact_search")).all() == [mine.id]


def test_without_a_tenant_no_row_is_seen(company, app_engine):
    with acting(company.actor()):
        make_contact("Ana")
    with app_engine.connect() as connection:
        for table in ("contacts", "users", "tenants", "messages", "audit_logs", "facts", "outbox"):
            assert connection.scalar(text(f"SELECT count(*) FROM {table}")) == 0


def test_writing_into_another_tenant_is_refused(company, outsider):
    with acting(company.actor()), pytest.raises(DBAPIError, match="row-level security"), transaction() as session:
        session.execute(
            text("INSERT INTO tags (id, tenant_id, name) VALUES (:id, :tenant, 'x')"),
            {"id": new_id(), "tenant": outsider.tenant_id},
        )


def test_moving_a_row_to_another_tenant_is_refused(company, outsider):
    with acting(company.actor()):
        contact = make_contact("Ana")
        with pytest.raises(DBAPIError, match="row-level security"), transaction() as session:
            session.execute(
                text("UPDATE contacts SET tenant_id = :other WHERE id = :id"),
                {"other": outsider.tenant_id, "id": contact.id},
            )


def test_composite_keys_refuse_a_foreign_tenants_row(company, outsider):
    with acting(outsider.actor()):
        theirs = make_contact("Beto").id
    with acting(company.actor()), pytest.raises(DBAPIError, match="foreign key"), transaction() as session:
        session.execute(
            text("INSERT INTO contact_identities (tenant_id, kind, value, contact_id) VALUES (:t, 'lid', 'x@lid', :c)"),
            {"t": company.tenant_id, "c": theirs},
        )


@pytest.mark.parametrize("parent", ["messages", "message_events", "audit_logs"])
def test_partitions_can_not_be_read_directly(owner_engine, app_engine, parent):
    with owner_engine.begin() as connection:  # another test may have dropped months
        connection.execute(text("SELECT make_month_partitions(:p, current_date, 3)"), {"p": parent})
        parts = connection.scalars(
            text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = (:p)::regclass"), {"p": parent}
        ).all()
    assert len(parts) >= 4
    for part in parts:
        with app_engine.connect() as connection, pytest.raises(DBAPIError, match="permission denied"):
            connection.execute(text(f"SELECT count(*) FROM {part}"))


def test_rows_land_in_the_partition_of_their_month(company, owner_engine):
    with acting(company.actor()):
        instance = make_instance().id
        message_id = new_id()
        with transaction() as session:
            session.execute(
                text(
                    "INSERT INTO messages (id, tenant_id, instance_id, direction, sender_type, status) "
                    "VALUES (:id, :t, :i, 'inbound', 'contact', 'received')"
                ),
                {"id": message_id, "t": company.tenant_id, "i": instance},
            )
    with owner_engine.connect() as connection:
        partition_of = text("SELECT tableoid::regclass::text FROM messages WHERE id = :i")
        part = connection.scalar(partition_of, {"i": message_id})
        assert connection.scalar(text("SELECT to_char(now() AT TIME ZONE 'utc', '\"messages_\"YYYY_MM')")) == part
        far = uuid.UUID(int=(4_102_444_800_000 << 80) | (0x7 << 76) | (0b10 << 62))
        connection.execute(
            text(
                "INSERT INTO messages (id, tenant_id, instance_id, direction, sender_type, status) "
                "VALUES (:id, :t, :i, 'inbound', 'contact', 'received')"
            ),
            {"id": far, "t": company.tenant_id, "i": instance},
        )
        assert connection.scalar(partition_of, {"i": far}) == "messages_default"
        connection.rollback()
