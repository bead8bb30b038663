"""The life of a number against the simulator, asked by people and done by jobs."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import current_app
from sqlalchemy import text

from app.core import clock
from app.core.context import acting
from app.core.errors import Conflict, Invalid
from app.instances import queries, service
from app.instances.rules import credentials_of, seal_credentials
from tests.factories import make_instance


@pytest.fixture
def connected(loja, sim, work):
    service.ask_connect(loja.id)
    work()
    sim.play("POST", f"instances/{loja.external_name}/scan")
    _until_open(sim, loja)
    service.ask_refresh(loja.id)
    work()
    assert queries.get_instance(loja.id).status == "connected"
    return loja


def _until_open(sim, instance, state="open"):
    for _ in range(5000):
        if sim.play("GET", f"instances/{instance.external_name}")["state"] == state:
            return
    raise AssertionError(f"never {state}")


def _config():
    return current_app.extensions["recado"]


def _health(instance):
    return queries.get_instance(instance.id).health


def _owner(sim, instance):
    return sim.play("GET", f"instances/{instance.external_name}")["owner"]


def test_connect_creates_the_number_at_the_gateway_and_brings_a_qr(loja, sim, work, to_sim):
    assert service.ask_connect(loja.id).status == "connecting"
    work()
    now = queries.get_instance(loja.id)
    assert now.is_provisioned
    assert now.qr_code.startswith("data:image/png;base64,")
    assert now.qr_expires_at > clock.now()
    (row,) = sim.play("GET", "instances")
    assert row["name"] == loja.external_name
    assert row["webhook"] == f"{to_sim.public_url}/webhooks/evolution/{loja.id}"


def test_scanned_is_noticed_even_without_webhooks(connected, sim):
    now = queries.get_instance(connected.id)
    assert (now.qr_code, now.status_reason) == (None, None)
    assert now.jid == _owner(sim, connected)
    assert now.phone_number.startswith("+55")
    assert now.last_connection_at is not None


def test_pairing_code_for_a_phone(loja, sim, work):
    service.ask_connect(loja.id, "(11) 98765-4321")
    work()
    assert len(queries.get_instance(loja.id).pairing_code) == 8


def test_pairing_code_asked_while_a_qr_is_shown(loja, sim, work):
    service.ask_connect(loja.id)
    work()
    service.ask_connect(loja.id, "11987654321")
    work()
    now = queries.get_instance(loja.id)
    assert (now.status, len(now.pairing_code)) == ("connecting", 8)


def test_bad_phone_for_the_pairing_code(loja, ctx):
    with pytest.raises(Invalid):
        service.ask_connect(loja.id, "123")


def test_expired_qr_is_renewed_for_whoever_looks(loja, sim, work):
    service.ask_connect(loja.id)
    work()
    with clock.frozen(clock.now() + timedelta(minutes=2)):
        service.ask_refresh(loja.id)
        work()
        assert queries.get_instance(loja.id).qr_expires_at > clock.now()


def test_codes_that_run_out_end_the_attempt(loja, sim, work):
    sim.play("POST", "config", qr_limit=1, qr_seconds=30.0)
    service.ask_connect(loja.id)
    work()
    _until_open(sim, loja, "close")
    with clock.frozen(clock.now() + timedelta(minutes=2)):
        service.ask_refresh(loja.id)
        work()
    now = queries.get_instance(loja.id)
    assert (now.status, now.status_reason, now.qr_code) == ("disconnected", "qr_exhausted", None)


def test_gateway_that_never_shows_a_code_is_said_so(loja, sim, work):
    sim.play("POST", "config", qr_limit=0)
    service.ask_connect(loja.id)
    work()
    service.ask_refresh(loja.id)
    work()
    assert queries.get_instance(loja.id).status == "connecting"
    with clock.frozen(clock.now() + timedelta(minutes=2)):
        service.ask_refresh(loja.id)
        work()
    now = queries.get_instance(loja.id)
    assert (now.status, now.status_reason) == ("failed", "qr_missing")


def test_disconnect_tells_the_gateway(connected, sim, work):
    assert service.ask_disconnect(connected.id).status == "disconnected"
    work()
    assert sim.play("GET", f"instances/{connected.external_name}")["state"] == "close"
    service.check(connected.id, _config())
    assert queries.get_instance(connected.id).status_reason == "by_user"


def test_disconnect_that_lost_to_a_new_connect_does_nothing(connected, sim, work):
    service.ask_disconnect(connected.id)
    service.ask_connect(connected.id)
    assert work() == ["instances.disconnect", "instances.connect"]
    assert queries.get_instance(connected.id).status == "connected"


def test_delete_removes_it_from_the_gateway(connected, sim, work):
    service.delete(connected.id)
    work()
    assert sim.play("GET", "instances") == []


def test_number_deleted_at_the_gateway_is_created_again_by_connect(connected, sim, work):
    sim.play("POST", "reset")
    service.check(connected.id, _config())
    assert queries.get_instance(connected.id).status_reason == "instance_missing"
    service.ask_connect(connected.id)
    work()
    assert queries.get_instance(connected.id).qr_code


def test_name_left_by_an_earlier_try_is_adopted(loja, sim, work, owner_engine):
    service.ask_connect(loja.id)
    work()
    with owner_engine.begin() as connection:
        connection.execute(text("UPDATE instances SET is_provisioned = false WHERE id = :id"), {"id": loja.id})
    service.ask_connect(loja.id)
    work()
    now = queries.get_instance(loja.id)
    assert (now.is_provisioned, now.status, bool(now.qr_code)) == (True, "connecting", True)


@pytest.mark.parametrize(
    ("how", "status", "reason"), [("ban", "failed", "banned"), ("logout", "disconnected", "logged_out")]
)
def test_reconcile_notices_a_final_close_and_says_why(connected, sim, to_sim, how, status, reason):
    sim.play("POST", f"instances/{connected.external_name}/{how}")
    service.check_all(to_sim)
    now = queries.get_instance(connected.id)
    assert (now.status, now.status_reason) == (status, reason)


def test_reconcile_notices_a_drop_and_the_return(connected, sim, to_sim):
    sim.play("POST", f"instances/{connected.external_name}/drop", seconds=None)
    service.check_all(to_sim)
    now = queries.get_instance(connected.id)
    assert (now.status, now.status_reason) == ("connecting", "reconnecting")
    sim.play("POST", f"instances/{connected.external_name}/drop", seconds=0)
    _until_open(sim, connected)
    service.check_all(to_sim)
    assert queries.get_instance(connected.id).status == "connected"


def test_gateway_down_leaves_the_status_and_shows_the_trouble(connected, to_sim):
    service.check_all(replace(to_sim, evolution_api_url="http://127.0.0.1:9"))
    now = queries.get_instance(connected.id)
    assert (now.status, now.health["error"]["code"]) == ("connected", "unreachable")
    service.check_all(to_sim)
    assert _health(connected)["error"] is None


def test_connecting_with_the_gateway_down_fails_in_words(loja, to_sim, app, work):
    app.extensions["recado"] = replace(to_sim, evolution_api_url="http://127.0.0.1:9")
    service.ask_connect(loja.id)
    work()
    now = queries.get_instance(loja.id)
    assert (now.status, now.status_reason) == ("failed", "unreachable")


def test_licence_is_explained_with_its_address(loja, sim, work):
    sim.play("POST", "faults", kind="license")
    service.ask_connect(loja.id)
    work()
    now = queries.get_instance(loja.id)
    assert now.status_reason == "license"
    assert now.health["error"]["help_url"].startswith("http")


def test_old_gateway_version_is_noted(connected, sim, to_sim):
    sim.play("POST", "config", version="2.2.3")
    service.check_all(to_sim)
    assert (_health(connected)["version"], _health(connected)["is_supported"]) == ("2.2.3", False)


def test_moved_gateway_is_followed(connected, to_sim, owner_engine):
    stale = credentials_of(connected.external_name, connected.credentials)
    with owner_engine.begin() as connection:
        connection.execute(
            text("UPDATE instances SET credentials = :c WHERE id = :id"),
            {"c": seal_credentials("http://127.0.0.1:9", "velha", stale.token), "id": connected.id},
        )
    service.check_all(to_sim)
    now = queries.get_instance(connected.id)
    assert credentials_of(now.external_name, now.credentials).base_url == to_sim.evolution_api_url
    assert now.status == "connected"


def test_same_phone_in_two_numbers_is_refused(connected, company, to_sim, work):
    other = service.create(to_sim, name="Cópia")
    service.ask_connect(other.id)
    service.record_open(other.id, jid=queries.get_instance(connected.id).jid)
    now = queries.get_instance(other.id)
    assert (now.status, now.status_reason) == ("failed", "duplicate_number")
    assert queries.get_instance(connected.id).status == "connected"


def test_silence_after_sends_is_noticed_and_forgiven(connected, to_sim, owner_engine):
    def unacked(n, since):
        with owner_engine.begin() as connection:
            connection.execute(
                text("UPDATE instance_pace SET unacked = :n, unacked_since = :since WHERE instance_id = :id"),
                {"n": n, "since": since, "id": connected.id},
            )

    unacked(3, clock.now() - timedelta(seconds=to_sim.send.silent_after + 5))
    service.check_all(to_sim)
    assert _health(connected)["silent_since"]
    unacked(0, None)
    service.check_all(to_sim)
    assert _health(connected)["silent_since"] is None


def test_connected_again_wakes_a_held_number(loja, owner_engine, company):
    with owner_engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE instance_pace SET hold = 'disconnected', probe_at = now() + interval '1 hour'"
                " WHERE instance_id = :id"
            ),
            {"id": loja.id},
        )
    service.record_open(loja.id, jid="5511987654321@s.whatsapp.net")
    with owner_engine.connect() as connection:
        query = text("SELECT probe_at <= clock_timestamp() FROM instance_pace WHERE instance_id = :id")
        assert connection.execute(query, {"id": loja.id}).scalar()


def test_test_message_reaches_the_phone_once(connected, sim, work):
    test_id = service.ask_test(connected.id, "11 91234-5678")
    work()
    test = _health(connected)["test"]
    assert (test["id"], test["status"]) == (test_id, "sent")
    service.send_test(connected.id, test_id, _config())
    (row,) = sim.play("GET", f"ledger?instance={connected.external_name}")
    assert (row["key_id"], row["times"]) == (test["external_id"], 1)


def test_test_message_that_cannot_be_delivered_says_why(connected, sim, work):
    service.ask_test(connected.id, "11 90001-0000")
    work()
    assert (_health(connected)["test"]["status"], _health(connected)["test"]["error"]) == (
        "failed",
        "not_on_whatsapp",
    )


def test_test_message_with_unknown_outcome_is_never_repeated(connected, sim, work):
    sim.play("POST", "faults", kind="accept_reset", count=1)
    service.ask_test(connected.id, "11 91234-5678")
    work()
    assert _health(connected)["test"]["status"] == "unconfirmed"
    assert len(sim.play("GET", "ledger")) == 1


def test_test_message_needs_a_connected_number(loja, ctx):
    with pytest.raises(Conflict):
        service.ask_test(loja.id, "11 91234-5678")
    with pytest.raises(Invalid):
        service.ask_test(loja.id, "12")


def test_restart_forgives_the_silence(connected, work):
    service.record_silence(connected.id, "2026-03-02T14:00:00+00:00")
    service.ask_restart(connected.id)
    work()
    assert _health(connected)["silent_since"] is None


# Events, in every order


def _connecting(instance):
    service.ask_connect(instance.id)
    return instance.id


def test_late_close_of_the_old_link_does_not_undo_a_new_one(loja):
    number = _connecting(loja)
    service.record_closed(number, 401)
    assert queries.get_instance(number).status == "connecting"
    with clock.frozen(clock.now() + timedelta(minutes=1)):
        service.record_closed(number, 401)
    assert queries.get_instance(number).status == "disconnected"


@pytest.mark.parametrize("codes", [(None, 403, 403), (403, None, 403), (403, 403, None)])
def test_final_close_keeps_the_best_reason_in_any_order(as_admin, codes):
    instance = make_instance()
    for code in codes:
        service.record_closed(instance.id, code)
    now = queries.get_instance(instance.id)
    assert (now.status, now.status_reason) == ("failed", "banned")


def test_late_qr_after_the_connection_is_ignored(as_admin):
    instance = make_instance()
    service.record_qr(instance.id, "data:image/png;base64,iV")
    assert queries.get_instance(instance.id).qr_code is None


def test_close_after_a_persons_disconnect_keeps_their_reason(as_admin):
    instance = make_instance()
    service.ask_disconnect(instance.id)
    service.record_closed(instance.id, 401)
    assert queries.get_instance(instance.id).status_reason == "by_user"


def test_late_open_does_not_take_up_what_a_person_put_down(as_admin):
    instance = make_instance()
    service.ask_disconnect(instance.id)
    service.record_open(instance.id)
    assert queries.get_instance(instance.id).status == "disconnected"
    service.ask_connect(instance.id)
    service.record_open(instance.id)
    assert queries.get_instance(instance.id).status == "connected"


def test_facts_are_emitted_once_for_repeated_events(as_admin, company, owner_engine):
    instance = make_instance()
    with acting(company.system):
        for _ in range(3):
            service.record_closed(instance.id, 403)
        for _ in range(3):
            service.record_open(instance.id)
    query = text("SELECT name FROM facts WHERE tenant_id = :t AND name LIKE 'instance.%connected' ORDER BY id")
    with owner_engine.connect() as connection:
        names = list(connection.execute(query, {"t": company.tenant_id}).scalars())
    assert names == ["instance.disconnected", "instance.connected"]


def test_wait_for_link_returns_as_soon_as_there_is_something(loja, sim, work):
    service.ask_connect(loja.id)
    work()
    assert service.wait_for_link(loja.id, 8).qr_code
