"""What could not be done waits for a person, with its error, and is done or dropped by their word."""

import json
import uuid

import pytest
from sqlalchemy import text

from app.core import background
from app.core.context import acting
from app.core.db import transaction
from app.core.errors import Conflict, Forbidden, NotFound
from app.core.ids import new_id
from app.messages.models import Message
from app.webhooks import jobs, queries
from app.webhooks.service import deadletters
from tests.factories import make_instance
from tests.gateways import payloads

SECRET = "B6D711FCDE4D4FD5936544120E713976"


@pytest.fixture
def event(company):
    """`event(body)`: the id of an event that nobody could read."""

    def make(body=b"{}", error="KeyError: 'data'", state="dead"):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        with acting(company.actor()), transaction() as session:
            event_id, instance = new_id(), make_instance().id
            scope = {"id": event_id, "t": company.tenant_id, "i": instance, "raw": raw}
            session.execute(text("SELECT store_inbound(:id, :t, :i, :raw)"), scope)
            values = {"id": event_id, "state": state, "error": error}
            session.execute(text("UPDATE inbound_events SET state = :state, error = :error WHERE id = :id"), values)
        return event_id

    return make


@pytest.fixture
def failed(company):
    """`failed(status=…)`: the id of a message that did not go."""

    def make(**fields):
        usual = {
            "status": "failed",
            "error_code": "not_on_whatsapp",
            "body": "Oi, Ana",
            "recipient_key": "551180000001",
        }
        with acting(company.actor()), transaction() as session:
            row = Message(
                **{
                    "instance_id": make_instance().id,
                    "direction": "outbound",
                    "sender_type": "campaign",
                    **usual,
                    **fields,
                }
            )
            session.add(row)
            session.flush()
            return row.id

    return make


def state_of(event_id):
    with transaction() as session:
        return session.scalar(text("SELECT state FROM inbound_events WHERE id = :id"), {"id": event_id})


def status_of(message_id):
    with transaction() as session:
        return session.scalar(text("SELECT status FROM messages WHERE id = :id"), {"id": message_id})


def test_each_kind_and_all_together_newest_first(as_admin, event, failed):
    first, second, third = event(), failed(), event(b"[]")
    failed(status="sent")
    event(b"done", state="done")
    assert [letter.id for letter in queries.list_letters("inbound").items] == [third, first]
    assert [letter.id for letter in queries.list_letters("send").items] == [second]
    assert queries.list_letters("webhook").items == []
    assert [letter.id for letter in queries.list_letters().items] == [third, second, first]
    assert [letter.id for letter in queries.list_letters(page=2, limit=2).items] == [first]
    assert queries.count_letters() == {"inbound": 2, "send": 1, "webhook": 0}


def test_secrets_and_files_are_not_shown(as_admin, event):
    body = {"event": "x", "apikey": SECRET, "data": {"base64": "A" * 5000, "list": [{"webhook_token": SECRET}]}}
    shown = json.dumps(queries.get_letter(event(body)).payload)
    assert SECRET not in shown
    assert len(shown) < 1000
    broken = b'{"apikey": "' + SECRET.encode() + b'", "data": '
    assert SECRET not in queries.get_letter(event(broken)).payload


def test_huge_events_are_shown_by_their_beginning(as_admin, event):
    body = b'{"apikey":"' + SECRET.encode() + b'","data":"' + b"x" * 200_000 + b'"}'
    letter = queries.get_letter(event(body))
    assert (letter.size, len(letter.payload)) == (len(body), queries.HEAD - len(SECRET) + 3)
    assert SECRET not in letter.payload


def test_an_event_is_processed_again(as_admin, company, event):
    letter = event(payloads.upsert({"conversation": "Oi"}))
    deadletters.replay(letter)
    assert state_of(letter) == "pending"
    assert background.redis().exists("nudge:webhooks.process:")
    jobs.process()
    assert state_of(letter) == "done"
    with pytest.raises(NotFound):
        deadletters.replay(letter)


def test_a_discarded_event_stays_out(as_admin, event):
    letter = event()
    deadletters.discard(letter)
    assert state_of(letter) == "discarded"
    with pytest.raises(NotFound):
        deadletters.replay(letter)


def test_a_failed_message_goes_to_the_queue_again(as_admin, failed):
    letter = failed()
    deadletters.replay(letter)
    assert status_of(letter) == "queued"
    with pytest.raises(NotFound):
        queries.get_letter(letter)


@pytest.mark.parametrize("left", [{"status": "unconfirmed", "error_code": "no_result"}, {"external_id": "3EB0"}])
def test_a_message_that_may_have_left_needs_a_word(as_admin, failed, left):
    letter = failed(**left)
    assert queries.get_letter(letter).may_have_left
    with pytest.raises(Conflict):
        deadletters.replay(letter)
    deadletters.replay(letter, confirm=True)
    assert status_of(letter) == "queued"


def test_a_discarded_message_stays_in_the_ledger(as_admin, failed):
    letter = failed()
    deadletters.discard(letter)
    assert queries.list_letters("send").items == []
    assert status_of(letter) == "failed"


def test_several_at_once_leave_the_doubtful_ones(as_admin, failed):
    sure, doubtful = failed(), failed(status="unconfirmed")
    assert deadletters.settle_many([sure, doubtful, uuid.uuid4()], deadletters.replay) == (1, 2)
    assert (status_of(sure), status_of(doubtful)) == ("queued", "unconfirmed")


def test_admins_and_developers_only(act, event, failed):
    inbound, message = event(), failed()
    for role in ("manager", "agent", "viewer"):
        with act(role):
            for call in (
                queries.list_letters,
                lambda: deadletters.replay(inbound),
                lambda: deadletters.discard(message),
            ):
                with pytest.raises(Forbidden):
                    call()
    with act("developer"):
        assert len(queries.list_letters().items) == 2
        deadletters.replay(inbound)
        deadletters.replay(message)


def test_every_word_is_audited(as_admin, event):
    letter, other = event(), event(b"[]")
    deadletters.look(letter)
    deadletters.replay(letter)
    deadletters.discard(other)
    with transaction() as session:
        rows = session.execute(text("SELECT action, resource_id FROM audit_logs ORDER BY id")).all()
    assert [tuple(row) for row in rows] == [
        ("dead_letter.view", letter),
        ("dead_letter.replay", letter),
        ("dead_letter.discard", other),
    ]


def test_another_company_has_none_of_it(outsider, event, failed):
    letters = (event(), failed())
    with acting(outsider.actor()):
        assert queries.list_letters().items == []
        for letter in letters:
            for verb in (deadletters.replay, deadletters.discard, deadletters.look):
                with pytest.raises(NotFound):
                    verb(letter)


def test_the_page_lists_shows_and_settles(client_for, company, event, failed):
    client, message, inbound = client_for("developer"), failed(), event({"apikey": SECRET, "event": "x"})
    page = client.page("/settings/dead-letters")
    assert "Este número não tem WhatsApp" in page.select_one("main").get_text()
    assert page.select_one(f"form[action$='{message}/replay']")
    assert "KeyError" in client.page("/settings/dead-letters?kind=inbound").select_one("main").get_text()
    shown = client.page(f"/settings/dead-letters/{inbound}").select_one("pre").get_text()
    assert SECRET not in shown
    assert '"event": "x"' in shown
    assert client.submit(f"/settings/dead-letters/{message}/replay").status_code == 303
    assert client.submit(f"/settings/dead-letters/{inbound}/discard").status_code == 303
    with acting(company.actor()):
        assert (status_of(message), state_of(inbound)) == ("queued", "discarded")
    assert "Nenhuma falha" in client.page("/settings/dead-letters").select_one("main").get_text()


def test_the_page_settles_many(client_for, company, event):
    client, letters = client_for(), [event(f"[{n}]".encode()) for n in range(3)]
    chosen = {"kind": "inbound", "action": "discard", "ids": [str(letters[0]), "junk"]}
    assert client.submit("/settings/dead-letters/bulk", chosen).status_code == 303
    everything = {"kind": "inbound", "action": "replay", "all": "1"}
    assert client.submit("/settings/dead-letters/bulk", everything).status_code == 303
    with acting(company.actor()):
        assert [state_of(letter) for letter in letters] == ["discarded", "pending", "pending"]


def test_the_page_is_closed_to_others(client_for, outsider, event):
    letter = event()
    for role in ("manager", "agent", "viewer"):
        client = client_for(role)
        for path in ("", f"/{letter}"):
            assert client.get(f"/settings/dead-letters{path}").status_code == 403
        for path in ("bulk", f"{letter}/replay", f"{letter}/discard"):
            assert client.submit(f"/settings/dead-letters/{path}").status_code == 403
    stranger = client_for("admin", outsider)
    assert stranger.get(f"/settings/dead-letters/{letter}").status_code == 404
    assert stranger.submit(f"/settings/dead-letters/{letter}/replay").status_code == 404


def test_the_api_lists_replays_and_discards(api_client, company, outsider, event, failed):
    api, inbound, doubtful = api_client("developer"), event({"apikey": SECRET}), failed(status="unconfirmed")
    rows = api.get("/dead-letters?kind=inbound").json["data"]
    assert [(row["id"], row["kind"], row["error"]) for row in rows] == [(str(inbound), "inbound", "KeyError: 'data'")]
    assert rows[0]["payload"] == {"apikey": "•••"}
    assert rows[0]["created_at"].endswith("Z")
    assert api.get("/dead-letters?kind=webhook").json["data"] == []
    assert {row["kind"] for row in api.get("/dead-letters").json["data"]} == {"inbound", "send"}
    assert api.post(f"/dead-letters/{inbound}/replay").status_code == 202
    assert api.post(f"/dead-letters/{inbound}/replay").status_code == 404
    doubt = api.post(f"/dead-letters/{doubtful}/replay")
    assert (doubt.status_code, doubt.json["code"]) == (409, "confirm_needed")
    assert api_client("admin", outsider).get(f"/dead-letters/{doubtful}").status_code == 404
    assert api.post(f"/dead-letters/{doubtful}/discard").status_code == 200
    assert api.get("/dead-letters?kind=fax").status_code == 422
    assert api_client("manager").get("/dead-letters").status_code == 403


def test_the_operator_replays_from_the_console(app, company, event, failed):
    letter, left = event(), failed(error_code="timeout", status="unconfirmed")
    run = app.test_cli_runner().invoke
    told = run(args=["dead-letters", "replay", "--tenant", str(company.tenant_id), "--kind", "inbound"])
    assert (told.exit_code, "1 processadas" in told.output) == (0, True)
    with acting(company.actor()), transaction() as session:
        state = session.scalar(text("SELECT state FROM inbound_events WHERE id = :id"), {"id": letter})
        assert session.get_one(Message, left).status == "unconfirmed"
    assert state == "pending"
