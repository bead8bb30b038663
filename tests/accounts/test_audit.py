"""The record of actions: what is in it, how it is read, exported and let go."""

import csv
import io
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.accounts.jobs import export_audit, purge_audit
from app.accounts.queries.audit import AuditFilter, list_audit
from app.contacts.service import people
from app.core import clock, ids
from app.core.audit import audit
from app.core.context import acting
from app.core.db import transaction
from app.core.storage import storage
from app.inbox.models import Ticket
from tests.factories import make_contact, make_instance


def rows_of(page):
    return page.select("main table tbody tr")


def test_who_what_when_and_from_where_are_shown(client_for, company):
    client_for("agent").submit("/settings/profile", {"name": "Bia", "locale": "en"})
    page = client_for("admin").page("/settings/audit?action=user.settings")
    (row,) = rows_of(page)
    words = " ".join(row.get_text(" ").split())
    assert "Bia" in words
    assert "Mudou o próprio perfil" in words
    assert "Agent" in words
    assert "127.0.0.1" in words
    assert row.select_one("del").get_text() == "Agent"
    assert row.select_one("ins").get_text() == "Bia"


def test_what_somebody_wrote_is_text_and_no_markup(client_for, company, as_admin):
    audit("contact.update", "contact", None, {"name": ["<script>alert(1)</script>", "=1+1"]})
    page = client_for("admin").page("/settings/audit")
    assert page.select_one("main script") is None
    assert "<script>alert(1)</script>" in page.get_text()


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("who={agent}", 1),
        ("action=contact.create", 1),
        ("what=contact", 2),
        ("id={contact}", 1),
        ("what=contact&action=contact.block", 1),
        ("who=lixo&action=lixo&from=lixo&to=9999-99-99", 3),
        ("from=2000-01-01&to=2000-01-02", 0),
    ],
)
def test_filters_narrow(client_for, company, query, count):
    contact = ids.new_id()
    browser = client_for("admin")
    with transaction_of(company) as session:
        session.execute(text("SELECT 1"))
    with acting(company.actor("agent")):
        audit("contact.create", "contact", contact)
    with acting(company.actor("manager")):
        audit("contact.block", "contact", None)
    found = browser.page("/settings/audit?" + query.format(agent=company.users["agent"], contact=contact))
    shown = rows_of(found)
    if query.startswith("who=lixo"):
        assert len(shown) == count  # the sign-in besides
    else:
        assert len(shown) == count


def transaction_of(company):
    with acting(company.actor()):
        return transaction()


def test_pages_follow_each_other_without_gap_or_repeat(company, as_admin):
    for n in range(7):
        audit("contact.create", "contact", None, {"n": n})
    seen, cursor = [], None
    while True:
        page = list_audit(AuditFilter(action="contact.create"), cursor, limit=3)
        seen += [row.changes["n"] for row in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [6, 5, 4, 3, 2, 1, 0]


def test_a_page_of_a_long_record_reads_few_rows(company, as_admin, owner_engine):
    """By the plan and not by the clock: the newest fifty come from an index, filtered or not."""
    with owner_engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO audit_logs (id, tenant_id, source, action, resource_type) SELECT "
                "overlay(gen_random_uuid()::text placing substr(uuid7_bound(now())::text, 1, 13) from 1 for 13)::uuid,"
                " :t, 'web', CASE WHEN n % 1000 = 0 THEN 'contact.block' ELSE 'contact.view' END, 'contact'"
                " FROM generate_series(1, 20000) n"
            ),
            {"t": company.tenant_id},
        )
        connection.execute(text("ANALYZE audit_logs"))
    for condition in ("", "AND action = 'contact.block'", f"AND user_id = '{company.users['admin']}'"):
        with transaction() as session:
            plan = session.execute(
                text(
                    f"EXPLAIN (ANALYZE, FORMAT JSON) SELECT * FROM audit_logs WHERE tenant_id = :t {condition} "
                    "ORDER BY id DESC LIMIT 51"
                ),
                {"t": company.tenant_id},
            ).scalar_one()
        assert "Seq Scan" not in str([node for node in walk(plan[0]["Plan"]) if node["Actual Rows"] > 100])
        assert max(node["Actual Rows"] for node in walk(plan[0]["Plan"])) <= 60


def walk(node):
    yield node
    for child in node.get("Plans", []):
        yield from walk(child)


@pytest.mark.parametrize("role", ["manager", "agent", "viewer", "developer"])
def test_only_who_may_sees_it(client_for, role):
    browser = client_for(role)
    assert browser.get("/settings/audit").status_code == 403
    assert browser.submit("/settings/audit/exports").status_code == 403


def test_another_companys_record_stays_theirs(client_for, company, outsider):
    with acting(outsider.actor()):
        audit("contact.create", "contact", None, {"name": "Segredo da outra"})
    assert "Segredo da outra" not in client_for("admin").get("/settings/audit").get_data(as_text=True)


def test_the_export_is_written_by_a_job_and_neutralises_formulas(client_for, company, as_admin):
    audit("contact.update", "contact", None, {"name": ["a", "b"]})
    with transaction() as session:
        session.execute(text("UPDATE users SET name = '=HYPERLINK(1)' WHERE role = 'admin'"))
    browser = client_for("admin")
    address = browser.submit("/settings/audit/exports?action=contact.update").location
    assert "Escrevendo" in browser.get(address + "/state").get_data(as_text=True)
    assert browser.get(address + "/file").status_code == 404
    export_audit(str(company.tenant_id), address.rsplit("/", 1)[-1])
    assert "1 linha no arquivo" in browser.get(address + "/state").get_data(as_text=True)
    answer = browser.get(address + "/file")
    assert "attachment" in answer.headers["Content-Disposition"]
    table = list(csv.reader(io.StringIO(answer.get_data().decode("utf-8-sig")), delimiter=";"))
    assert len(table) == 2
    assert table[0][:2] == ["Quando", "Quem"]
    assert table[1][1] == "'=HYPERLINK(1)"
    assert table[1][3] == "contact.update"


def test_files_of_exports_are_forgotten_after_a_week(client_for, company, as_admin):
    address = client_for("admin").submit("/settings/audit/exports").location
    export_id = address.rsplit("/", 1)[-1]
    export_audit(str(company.tenant_id), export_id)
    with transaction() as session:
        key = session.scalar(text("SELECT storage_key FROM audit_exports"))
        session.execute(text("UPDATE audit_exports SET completed_at = now() - interval '8 days'"))
    purge_audit()
    assert not storage().exists(key)
    assert client_for("admin").get(address + "/file").status_code == 404


def old_rows(owner_engine, company, days):
    at = clock.now() - timedelta(days=days)
    with owner_engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO audit_logs (id, tenant_id, source, action, resource_type, created_at) VALUES "
                "(overlay(gen_random_uuid()::text placing substr(uuid7_bound(:at)::text, 1, 13) from 1 for 13)::uuid, "
                ":t, 'web', 'contact.view', 'contact', :at)"
            ),
            {"t": company.tenant_id, "at": at},
        )


def count_of(owner_engine, company):
    sql = text("SELECT count(*) FROM audit_logs WHERE tenant_id = :t AND action = 'contact.view'")
    with owner_engine.connect() as connection:
        return connection.scalar(sql, {"t": company.tenant_id})


def test_retention_follows_each_companys_own_setting(owner_engine, company, outsider):
    for whose in (company, outsider):
        old_rows(owner_engine, whose, 100)
        old_rows(owner_engine, whose, 5)
    with acting(company.actor()), transaction() as session:
        session.execute(text("UPDATE tenants SET settings = '{\"audit_days\": 90}'"))
    purge_audit()
    assert (count_of(owner_engine, company), count_of(owner_engine, outsider)) == (1, 2)


def test_the_last_month_is_out_of_reach_whatever_is_asked(owner_engine, company, as_admin):
    old_rows(owner_engine, company, 20)
    with transaction() as session:
        assert session.scalar(text("SELECT purge_audit(0)")) == 0
    assert count_of(owner_engine, company) == 1


def test_looking_at_a_contact_is_on_record_once_an_hour(client_for, company, as_admin, audited):
    contact = make_contact()
    browser = client_for("agent")
    for _ in range(3):
        browser.get(f"/contacts/{contact.id}")
    client_for("manager").get(f"/contacts/{contact.id}")
    views = audited("contact.view", company.tenant_id)
    assert [str(row.user_id) for row in views] == [str(company.users["agent"]), str(company.users["manager"])]
    people.view_contact(contact.id)
    assert len(audited("contact.view", company.tenant_id)) == 3


def test_a_contacts_new_tags_are_shown_before_and_after(api_client, company, as_admin, audited):
    contact = make_contact()
    api_client().patch(f"/contacts/{contact.id}", json={"tags": ["Ouro"]})
    api_client().patch(f"/contacts/{contact.id}", json={"tags": ["Ouro", "VIP"], "name": "Ana"})
    changes = [row.changes for row in audited("contact.update", company.tenant_id)]
    assert changes == [{"tags": [[], ["Ouro"]]}, {"name": ["Maria Souza", "Ana"], "tags": [["Ouro"], ["Ouro", "VIP"]]}]


def test_opening_a_conversation_is_looking_at_a_contact_too(client_for, company, as_admin, audited):
    contact, instance = make_contact(), make_instance()
    with transaction() as session:
        ticket = Ticket(contact_id=contact.id, instance_id=instance.id)
        session.add(ticket)
        session.flush()
        ticket_id = ticket.id
    browser = client_for("admin")
    for _ in range(2):
        assert browser.get(f"/inbox/{ticket_id}").status_code == 200
        assert browser.get(f"/inbox/{ticket_id}/parts").status_code == 200
    views = audited("contact.view", company.tenant_id)
    assert [(row.resource_id, row.user_id) for row in views] == [(contact.id, company.users["admin"])]
