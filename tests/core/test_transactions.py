import pytest
from sqlalchemy import text

from app.core import background
from app.core.audit import audit
from app.core.context import acting
from app.core.db import after_commit, transaction
from app.core.errors import Forbidden, Unauthorized
from app.core.facts import emit
from app.core.permissions import ROLES, require
from tests.factories import make_contact


def test_what_waits_for_the_commit_runs_after_the_outermost_block(as_admin):
    ran = []
    with transaction():
        with transaction():
            after_commit(lambda: ran.append("inner"))
        assert ran == []
    assert ran == ["inner"]


def test_a_rollback_forgets_what_waited(as_admin):
    ran = []
    with pytest.raises(RuntimeError), transaction():
        after_commit(lambda: ran.append("never"))
        raise RuntimeError
    assert ran == []
    with transaction():
        pass
    assert ran == []


def test_an_inner_failure_rolls_back_the_whole_transaction(as_admin):
    with pytest.raises(RuntimeError), transaction():
        make_contact("Ana")
        with transaction():
            raise RuntimeError
    with transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM contacts")) == 0


def test_a_failing_nudge_never_undoes_the_row(as_admin):
    def broken():
        raise ConnectionError

    with transaction():
        make_contact("Ana")
        after_commit(broken)
    with transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM contacts")) == 1


def test_the_tenant_follows_the_actor_between_transactions(company, outsider):
    with acting(company.actor()):
        make_contact("Ana")
        with transaction() as session:
            assert session.scalar(text("SELECT count(*) FROM contacts")) == 1
    with acting(outsider.actor()), transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM contacts")) == 0


def test_changing_tenant_inside_a_transaction_is_refused(company, outsider):
    with acting(company.actor()), transaction(), acting(outsider.actor()):
        with pytest.raises(RuntimeError, match="tenant changed"), transaction():
            pass


def test_audit_and_fact_are_written_with_the_change(as_admin):
    with transaction() as session:
        audit("contact.update", "contact", None, {"name": ["Ana", "Bia"], "password": "abc"})
        emit("contact.updated", contact_id=as_admin.user_id)
        row = session.execute(text("SELECT action, changes, user_id FROM audit_logs")).one()
        fact = session.execute(text("SELECT name, payload FROM facts")).one()
    assert row.action == "contact.update"
    assert row.changes == {"name": ["Ana", "Bia"], "password": "•••"}
    assert fact.payload == {"contact_id": str(as_admin.user_id)}


def test_the_audit_log_cannot_be_changed_by_the_application(as_admin):
    with pytest.raises(Exception, match="permission denied"), transaction() as session:
        session.execute(text("DELETE FROM audit_logs"))


@pytest.mark.parametrize(("role", "allowed"), [("admin", True), ("manager", True), ("agent", False), ("viewer", False)])
def test_campaigns_are_written_by_managers(act, role, allowed):
    with act(role):
        if allowed:
            require("campaigns.write")
        else:
            with pytest.raises(Forbidden):
                require("campaigns.write")


def test_nobody_acting_is_nobody(ctx):
    with pytest.raises(Unauthorized):
        require("contacts.read")


def test_every_role_is_within_the_admin():
    for permissions in ROLES.values():
        assert permissions <= ROLES["admin"]


def test_an_unknown_job_is_refused_at_once(as_admin):
    with pytest.raises(KeyError):
        background.enqueue("no.such.job")
