"""Campaigns through the real sender to a gateway over HTTP: what was promised on the page is what happened."""

import io
import time

import pytest
from PIL import Image

from app.campaigns import jobs, service
from app.campaigns.queries import campaigns, progress, recipients
from app.core.db import release
from app.media.service import store_upload
from tests.factories import make_contact
from tests.outbox.conftest import (  # noqa: F401 - fixtures
    line,
    mailbox,
    new_line,
    senders,
    sim,
    statuses,
    timings,
    wait_until,
)

pytestmark = pytest.mark.usefixtures("as_admin")


def draft_for(line, count, **fields):  # noqa: F811
    people = [make_contact(f"Pessoa {at}").id for at in range(count)]
    fields.setdefault("message", "Oi {nome}")
    return service.create(name="Viagem", audience={"contact_ids": people}, instance_ids=[line.id], **fields).id


def status_of(campaign_id):
    status = campaigns.get_campaign(campaign_id).status
    release()
    return status


def test_a_campaign_goes_out_whole_and_completes(line, company, senders):  # noqa: F811
    campaign_id = draft_for(line, 25)
    senders()
    started = time.monotonic()
    service.launch(campaign_id)
    release()
    wait_until(lambda: line.texts())
    first_out = time.monotonic() - started
    wait_until(lambda: statuses(company) == {"sent": 25})
    assert first_out < 3
    assert sorted(line.texts()) == sorted(f"Oi Pessoa {at}" for at in range(25))
    jobs.settle()
    assert campaigns.get_campaign(campaign_id).status == "completed"
    assert progress.ledger(campaign_id) == progress.Ledger(duplicated=0, lost=0, to_verify=0, resent=0)


def test_a_pause_holds_the_rest_and_a_resume_sends_only_that(line, company, senders):  # noqa: F811
    campaign_id = draft_for(line, 12, settings={"delay_min_ms": 400, "delay_max_ms": 400})
    senders()
    service.launch(campaign_id)
    release()
    wait_until(lambda: len(line.texts()) >= 2)
    service.pause(campaign_id)
    release()
    wait_until(lambda: statuses(company).get("sent", 0) == len(line.texts()))
    held = len(line.texts())
    time.sleep(1)
    assert len(line.texts()) <= held + 1  # at most the one that was on the wire
    service.update_pace(campaign_id, {"delay_min_ms": 0, "delay_max_ms": 0})
    service.resume(campaign_id)
    release()
    wait_until(lambda: statuses(company) == {"sent": 12})
    assert sorted(line.texts()) == sorted(f"Oi Pessoa {at}" for at in range(12))


def test_a_number_that_fails_in_a_row_pauses_its_campaign(line, company, senders):  # noqa: F811
    people = [make_contact("Ninguém", phone=f"55119{8000 + at}0000").id for at in range(14)]  # not on WhatsApp there
    draft = service.create(
        name="Freio",
        message="Oi",
        audience={"contact_ids": people},
        instance_ids=[line.id],
        settings={"delay_min_ms": 350, "delay_max_ms": 350},  # one at a time: slower than many at once
    )
    campaign_id = draft.id
    senders()
    service.launch(campaign_id)
    release()
    wait_until(lambda: status_of(campaign_id) == "paused")
    assert campaigns.get_campaign(campaign_id).status_reason == "failures_in_a_row"
    assert progress.figures_of(campaign_id).queued > 0


def test_a_picture_goes_with_its_caption(line, company, senders):  # noqa: F811
    picture = io.BytesIO()
    Image.new("RGB", (20, 20), "teal").save(picture, "PNG")
    picture.seek(0)
    media_id = store_upload(picture, "foto.png").id
    campaign_id = draft_for(line, 1, media_id=media_id)
    senders()
    service.launch(campaign_id)
    release()
    wait_until(lambda: statuses(company) == {"sent": 1})
    (row,) = recipients.page(campaign_id).items
    assert row.type == "image"
    assert line.ledger()[0]["kind"] == "imageMessage"
    assert line.texts() == ["Oi Pessoa 0"]
