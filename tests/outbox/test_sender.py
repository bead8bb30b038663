"""The sender among trouble: one number's misfortune is its own, and nothing is lost on the way."""

import io
import random
import time

import pytest
from sqlalchemy import text

from app.core.context import acting
from app.core.db import transaction
from app.core.storage import storage
from app.gateways.errors import SendError
from app.media.service import store_upload
from app.outbox.models import Lane
from app.outbox.sender import Sender, dispatch
from app.outbox.sender.recorder import Recorder
from app.outbox.service import queue_message
from tests.factories import make_contact, make_instance
from tests.media import samples
from tests.outbox.conftest import FAST, hold_of, left, slower, statuses, wait_until
from tests.outbox.desk import Desk, message, new_campaign, outbox, pace_of, queue, sql
from tests.outbox.test_receipts import replace, sending


def test_a_contact_known_by_an_opaque_address_only_gets_its_message(line, company, senders):
    contact = make_contact("Ana").id
    sql("UPDATE contacts SET phone = NULL WHERE id = :c", c=contact)
    sql("UPDATE contact_identities SET kind = 'lid', value = '222333444555@lid', display = NULL WHERE contact_id = :c",
        c=contact)  # fmt: skip
    wanted = queue_message(line.id, contact_id=contact, body="Oi").id
    assert message(wanted).recipient_key == "222333444555@lid"
    senders()
    wait_until(lambda: statuses(company) == {"sent": 1})
    assert [row["to"] for row in line.ledger()] == ["222333444555@lid"]
    kinds = {
        row.kind
        for row in sql("SELECT kind FROM contact_identities WHERE contact_id = :c AND value LIKE '%@lid'", c=contact)
    }
    assert kinds == {"lid"}


def test_broken_settings_of_one_number_leave_the_others_alone(line, company, senders, new_line):
    sick = new_line(name="Doente", pace={"delay_min_ms": "rápido"})
    campaign = new_campaign([line.id], hours={"start": "cedo"})
    queue(sick.id, 2)
    queue(line.id, 1, campaign=campaign)
    queue(line.id, 5)
    senders()
    wait_until(lambda: statuses(company).get("sent", 0) == 5)
    assert statuses(company) == {"sent": 5, "queued": 3}


def test_a_hanging_number_leaves_the_others_alone(line, company, senders, new_line):
    hanging = new_line(name="Travado", pace={"delay_min_ms": 0, "delay_max_ms": 0, "batch_pause_s": 0})
    hanging.fault("hang_before", for_seconds=20)
    queue(hanging.id, 40)
    queue(line.id, 40)
    senders()
    wait_until(lambda: len(line.ledger()) == 40)
    assert hanging.ledger() == []
    hanging.mend()
    wait_until(lambda: left(company) == 0)
    found = statuses(company)
    assert found["sent"] + found.get("unconfirmed", 0) == 80
    assert found.get("unconfirmed", 0) <= 20  # the first burst and one at a time since, not all forty


def test_an_answer_does_not_wait_for_a_campaign_s_hanging_call(as_admin, company, senders, new_line):
    line = new_line(pace={"delay_min_ms": 300, "delay_max_ms": 300})
    line.fault("accept_hang", count=1, for_seconds=40)
    (hanging,) = queue(line.id, 1, campaign=new_campaign([line.id]))
    senders(slower(FAST, http_timeout=30.0))
    wait_until(lambda: len(line.ledger()) == 1)
    queue_message(line.id, contact_id=make_contact("Ana").id, body="resposta", lane=Lane.HIGH)
    wait_until(lambda: "resposta" in line.texts())
    assert outbox(hanging).state == "sending"
    line.mend()


def test_a_human_pace_is_kept_between_the_goes(as_admin, company, senders, new_line):
    line = new_line(pace={"delay_min_ms": 300, "delay_max_ms": 400, "batch_size": 4, "batch_pause_s": 1})
    queue(line.id, 6)
    senders()
    senders()
    wait_until(lambda: len(line.ledger()) == 6)
    at = [row["at"] for row in line.ledger()]
    assert at[-1] - at[0] >= 4 * 0.3 + 1.0 - 0.3  # the goes are so far apart; the calls jitter a little
    assert at[4] - at[3] >= 0.7


def test_a_slow_campaign_does_not_slow_answers(as_admin, company, senders, new_line):
    line = new_line(pace={"delay_min_ms": 0, "delay_max_ms": 0})
    queue(line.id, 2, campaign=new_campaign([line.id], delay_min_ms=20_000, delay_max_ms=20_000))
    senders()
    wait_until(lambda: len(line.ledger()) == 1)
    queue_message(line.id, contact_id=make_contact("Ana").id, body="resposta", lane=Lane.HIGH)
    wait_until(lambda: "resposta" in line.texts())


@pytest.mark.parametrize(
    ("error", "tries", "wanted"),
    [
        (SendError("unavailable", proof="unsent", scope="instance"), 0, ("instance", 0.0)),
        (SendError("rate_limited", proof="unsent", scope="instance", retry_after=30.0), 0, ("instance", 30.0)),
        (SendError("route_missing", proof="unsent", scope="instance"), 0, ("retry", 0.1)),
        (SendError("busy", proof="unsent", scope="message"), 2, ("retry", 0.3)),
        (SendError("busy", proof="unsent", scope="message"), 3, ("refused", 0.0)),
        (SendError("not_on_whatsapp", proof="unsent", scope="recipient", permanent=True), 0, ("refused", 0.0)),
        (SendError("timeout", proof="unknown", scope="instance"), 0, ("unknown", 0.0)),
        (SendError("after_error", proof="unknown", scope="message"), 3, ("unknown", 0.0)),
        (SendError("server_error", proof="unknown", scope="instance", permanent=True), 0, ("unknown", 0.0)),
    ],
    ids=lambda value: getattr(value, "code", None),
)
def test_only_proof_sends_again_and_only_passing_trouble_of_one_message_spends_a_try(as_admin, error, tries, wanted):
    number = make_instance().id
    queue(number)
    sql("UPDATE outbox SET tries = :n WHERE instance_id = :i", n=tries, i=number)
    desk = Desk()
    (claim,) = desk.take(number)
    result = dispatch.refusal(claim, error, FAST)
    assert (result.outcome, result.delay) == wanted
    desk.release()
    desk.close()


def test_a_file_that_is_gone_fails_with_its_reason(line, company, senders):
    wanted = queue_message(
        line.id, contact_id=make_contact("Ana").id, type="image", media_url="http://127.0.0.1:9/a.png"
    ).id
    sql(
        """INSERT INTO media (id, tenant_id, kind, storage_key, mime_type, file_name, size, sha256)
        SELECT id, tenant_id, 'image', 'nowhere/at-all.png', 'image/png', 'a.png', 1, 'x' FROM messages WHERE id = :m""",
        m=wanted,
    )
    sql("UPDATE messages SET media_id = id WHERE id = :m", m=wanted)
    senders()
    wait_until(lambda: statuses(company) == {"failed": 1})
    assert message(wanted).error_code == "media_missing"


def test_a_place_for_files_that_is_away_is_waited_for(app, line, company):
    class Away:
        fails = 2

        def read(self, key: str) -> bytes:
            if self.fails:
                self.fails -= 1
                raise ConnectionError("the bucket does not answer")
            return storage().read(key)

    media = store_upload(io.BytesIO(samples.picture()), "foto.png", None).id
    wanted = queue_message(line.id, contact_id=make_contact("Ana").id, type="image", media_id=media).id
    sender = Sender(app, Away(), FAST, rng=random.Random(1))
    wait_until(lambda: sender.shift(0.5, lambda: False) is None or message(wanted).status == "sent")
    assert outbox(wanted) is None
    assert len(line.ledger()) == 1
    sender.close()


def test_an_image_whose_answer_was_lost_is_recognised(line, company, senders):
    media = store_upload(io.BytesIO(samples.picture()), "foto.png", None).id
    line.fault("accept_reset", count=1)
    queue_message(line.id, contact_id=make_contact("Ana").id, type="image", media_id=media, body="legenda")
    senders()
    wait_until(lambda: statuses(company) == {"sent": 1})
    assert len(line.ledger()) == 1


def test_a_result_that_cannot_be_written_costs_nobody_else_theirs(app, company, as_admin):
    number, done = make_instance().id, []
    desk = Desk()
    results = [sending(desk, number) for _ in range(3)]
    results[1] = replace(results[1], external_id="3EB0\0")
    recorder = Recorder(app, done.append, FAST)
    for result in results:
        recorder.put(result)
    wait_until(recorder.is_idle)
    assert [message(result.message_id).status for result in results] == ["sent", "queued", "sent"]
    assert len(done) == 3
    recorder.put(sending(desk, number))
    wait_until(recorder.is_idle)
    assert statuses(company)["sent"] == 3
    desk.release()
    desk.close()


def test_calls_on_the_wire_are_kept_alive_between_shifts(app, line, company):
    sender = Sender(app, storage(), slower(FAST, lease=3.0, http_timeout=15.0), rng=random.Random(1))
    line.fault("latency", ms=6000 * 100, count=1)
    (wanted,) = queue(line.id)
    began = time.monotonic()
    sender.shift(1.0, lambda: outbox(wanted) is not None and outbox(wanted).state == "sending")
    with app.app_context(), acting(company.system):
        wait_until(lambda: time.monotonic() - began > 4.5)
        desk = Desk("sweeper")
        desk.expire()
        desk.close()
        assert outbox(wanted).state == "sending"
    assert sender.drain(20) is True
    assert message(wanted).status == "sent"
    sender.close()


def test_a_verified_number_goes_on_by_itself_and_one_that_is_away_is_held(line, company, senders):
    line.sim.play("POST", f"instances/{line.name}/drop", seconds=300)
    queue(line.id, 3)
    senders()
    wait_until(lambda: hold_of(company, line.id) == "disconnected")
    assert statuses(company) == {"queued": 3}
    with transaction() as session:
        assert session.scalar(text("SELECT max(tries) FROM outbox")) == 0
    wait_until(lambda: statuses(company) == {"sent": 3}, 30)
    assert pace_of(line.id).hold is None
