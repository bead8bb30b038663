"""Safe mode stops what is on its way to go, for everybody or one company, and goes on where it stopped."""

import pytest

from app.core.context import acting
from app.core.db import release
from app.core.errors import Forbidden
from app.outbox import cli
from app.outbox.service import in_safe_mode, set_safe_mode
from tests.factories import make_instance
from tests.outbox.desk import Desk, message, queue, sql


@pytest.fixture
def number(as_admin):
    return make_instance().id


@pytest.fixture
def desk(number):
    desk = Desk()
    yield desk
    desk.release()
    desk.close()


def test_in_it_nothing_is_claimed_and_what_was_does_not_go(desk, number):
    queue(number, 2)
    (claimed,) = desk.take(number)
    assert set_safe_mode(True)
    assert not set_safe_mode(True)
    assert desk.start(claimed) != "go"
    assert number not in {row.instance_id for row in desk.pick()}
    assert message(claimed.message_id).status == "queued"
    assert set_safe_mode(False)
    assert number in {row.instance_id for row in desk.pick()}
    assert [row.action for row in sql("SELECT action FROM audit_logs WHERE action = 'tenant.safe_mode'")] == [
        "tenant.safe_mode",
        "tenant.safe_mode",
    ]


@pytest.mark.parametrize("role", ["manager", "agent", "viewer", "developer"])
def test_only_an_admin(act, role):
    with act(role), pytest.raises(Forbidden):
        set_safe_mode(True)


@pytest.fixture
def only_this_company(company, monkeypatch):
    """The database of a whole test run has a thousand of them."""

    def one():
        with acting(company.system):
            yield company.tenant_id

    monkeypatch.setattr(cli, "every_tenant", one)


def test_the_operators_brake_and_the_way_back(app, number, only_this_company):
    run = app.test_cli_runner().invoke
    try:
        assert run(args=["pause-all"]).exit_code == 0
        release()
        assert in_safe_mode()
        release()
        assert run(args=["safe-mode", "status"]).exit_code == 3
        assert run(args=["safe-mode", "off"], input="n\n").exit_code == 1
    finally:
        release()
        assert run(args=["safe-mode", "off", "--yes"]).exit_code == 0
    assert "off" in run(args=["safe-mode", "status"]).output
    release()
    assert not in_safe_mode()
