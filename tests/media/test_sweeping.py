"""What nobody uses goes, a month later; what anybody uses stays."""

import io
import threading

import pytest
from sqlalchemy import text

from app.campaigns.models import Campaign
from app.core import ids
from app.core.context import acting
from app.core.db import release, transaction
from app.core.errors import NotFound
from app.core.storage import storage
from app.inbox.models import QuickReply
from app.media import jobs, queries, service
from app.media.models import Media
from app.media.service import sweeping
from app.messages.models import Message
from app.templates.models import Template
from tests.factories import make_contact, make_instance
from tests.media import samples


def store(name="tabela.pdf", data=samples.PDF):
    return service.store_upload(io.BytesIO(data), name)


def age(days=31):
    with transaction() as session:
        session.execute(text("UPDATE media SET created_at = now() - make_interval(days => :d)"), {"d": days})


def keys_of(media_id):
    with transaction() as session:
        row = session.get(Media, media_id, populate_existing=True)
        return row and (row.storage_key, row.thumb_key)


def test_an_abandoned_upload_goes_with_its_bytes_after_a_month(as_admin):
    media = store()
    key, media_id = media.storage_key, media.id
    assert service.sweep() == 0
    age()
    assert service.sweep() == 1
    assert keys_of(media_id) is None
    assert not storage().exists(key)


def test_bytes_shared_with_a_used_file_stay(as_admin):
    kept, lost = store("preços.pdf"), store("tabela.pdf")
    kept_id, key = kept.id, lost.storage_key
    with transaction() as session:
        session.add(Template(name="t", content="c", media_id=kept_id))
    age()
    assert service.sweep() == 1
    assert storage().read(key) == samples.PDF


def say_with(media_id):
    return Message(id=ids.new_id(), instance_id=make_instance().id, contact_id=make_contact("Ana").id, body="",
                   direction="inbound", sender_type="contact", status="received", media_id=media_id)  # fmt: skip


USES = {
    "message": say_with,
    "template": lambda media_id: Template(name="t", content="c", media_id=media_id),
    "quick reply": lambda media_id: QuickReply(shortcut="/t", content="c", media_id=media_id),
    "campaign": lambda media_id: Campaign(name="c", message="m", media_id=media_id),
}


@pytest.mark.parametrize("use", USES)
def test_whatever_is_used_stays(as_admin, use):
    media_id = store().id
    with transaction() as session:
        session.add(USES[use](media_id))
    age()
    assert service.sweep() == 0
    assert keys_of(media_id)


def test_a_feature_with_ids_of_its_own_is_asked(as_admin, monkeypatch):
    monkeypatch.setattr(sweeping, "_followers", [])
    media_id = store().id
    service.follow_uses(lambda asked: [one for one in asked if one == media_id])
    age()
    assert service.sweep() == 0


def test_whoever_is_just_using_it_wins_against_the_sweep(app, company, as_admin):
    """The sweep waits for the row, asks again and finds the use."""
    media_id = store().id
    age()
    swept = []

    def work():
        with app.app_context(), acting(company.system):
            swept.append(service.sweep())

    sweeper = threading.Thread(target=work)
    with transaction() as session:
        service.check_uploaded(media_id)
        sweeper.start()
        sweeper.join(0.5)
        session.add(say_with(media_id))
    sweeper.join(60)
    assert swept == [0]
    assert keys_of(media_id)


def test_whoever_comes_after_the_sweep_is_told(as_admin):
    media_id = store().id
    age()
    service.sweep()
    with pytest.raises(NotFound):
        service.check_uploaded(media_id)
    release()


def test_uploading_an_old_file_again_is_a_file_of_its_own(as_admin):
    first = store().id
    age(29)
    again = store().id
    assert again != first
    with transaction() as session:
        session.execute(text("UPDATE media SET created_at = now() - interval '31 days' WHERE id = :i"), {"i": first})
    assert service.sweep() == 1
    assert storage().read(keys_of(again)[0]) == samples.PDF


def test_each_company_sweeps_its_own(company, outsider):
    with acting(outsider.actor()):
        theirs = store().id
    with acting(company.actor()):
        ours = store().id
        age()
    jobs.sweep_unused()
    with acting(company.actor()):
        assert queries.find_media(ours) is None
    with acting(outsider.actor()):
        assert queries.find_media(theirs) is not None
