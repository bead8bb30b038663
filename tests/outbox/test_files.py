"""Files on their way out: uploaded ones and ones named by address arrive as bytes, whatever the gateway could reach."""

import io

import pytest
from sqlalchemy import text

from app.core.context import acting
from app.core.db import release, transaction
from app.core.errors import NotFound
from app.core.storage import storage
from app.media.service import remote, store_upload
from app.outbox.models import Lane
from app.outbox.service import queue_message
from tests.factories import make_contact
from tests.media import samples
from tests.media.site import site
from tests.outbox.conftest import statuses, wait_until


@pytest.fixture
def web():
    remote.forget_remote()
    with site() as found:
        yield found
    remote.forget_remote()


def send(line, **file):
    return queue_message(line.id, contact_id=make_contact().id, body="Segue", lane=Lane.NORMAL, **file).id


def error_of(message_id):
    with transaction() as session:
        found = session.scalar(text("SELECT error_code FROM messages WHERE id = :id"), {"id": message_id})
    release()
    return found


def test_an_uploaded_file_arrives(line, company, senders):
    media = store_upload(io.BytesIO(samples.PDF), "tabela.pdf").id
    send(line, type="document", media_id=media)
    senders()
    wait_until(lambda: statuses(company) == {"sent": 1})
    assert [(row["kind"], row["text"]) for row in line.ledger()] == [("documentMessage", "Segue")]


def test_a_lost_file_fails_with_its_reason(line, company, senders):
    media = store_upload(io.BytesIO(samples.PDF), "tabela.pdf")
    message = send(line, type="document", media_id=media.id)
    storage().delete(media.storage_key)
    senders()
    wait_until(lambda: statuses(company) == {"failed": 1})
    assert error_of(message) == "media_missing"
    assert line.ledger() == []


def test_a_file_by_address_is_fetched_once_for_all(line, company, senders, web):
    web.pages["/foto.png"] = (200, samples.picture())
    for _person in range(5):
        send(line, type="image", media_url=web.url("/foto.png"))
    senders()
    wait_until(lambda: statuses(company) == {"sent": 5})
    assert web.asked == ["/foto.png"]
    assert {row["kind"] for row in line.ledger()} == {"imageMessage"}


@pytest.mark.parametrize("answer", [(404, b""), (302, b"http://10.0.0.1/"), (200, samples.EXE)])
def test_an_address_that_may_not_be_sent_fails_with_its_reason(line, company, senders, web, answer):
    web.pages["/foto.png"] = answer
    message = send(line, type="image", media_url=web.url("/foto.png"))
    senders()
    wait_until(lambda: statuses(company) == {"failed": 1})
    assert error_of(message) == "media_failed"
    assert line.ledger() == []


def test_an_address_in_trouble_is_tried_again(line, company, senders, web, monkeypatch):
    monkeypatch.setattr(remote, "FAILED_SECONDS", 0.0)
    web.pages["/foto.png"] = (503, b"")
    send(line, type="image", media_url=web.url("/foto.png"))
    senders()
    wait_until(lambda: len(web.asked) >= 2)
    web.pages["/foto.png"] = (200, samples.picture())
    wait_until(lambda: statuses(company) == {"sent": 1})


def test_another_companys_file_cannot_be_queued(line, as_admin, outsider, company):
    release()
    with acting(outsider.actor()):
        theirs = store_upload(io.BytesIO(samples.PDF), "tabela.pdf").id
    release()
    with acting(company.actor()), pytest.raises(NotFound):
        send(line, type="document", media_id=theirs)
