"""Files of a conversation: small pictures of large ones, and only for who may open it."""

import io
import uuid

import pytest
from PIL import Image
from sqlalchemy import text

from app.core.context import acting
from app.core.db import transaction
from app.inbox.models import Ticket
from app.media import jobs
from app.media.models import Media
from app.media.service import store_upload
from tests.inbox.customers import said


def picture(side=1200):
    out = io.BytesIO()
    Image.new("RGB", (side, side // 2), uuid.uuid4().hex[:6] and (int(uuid.uuid4().hex[:2], 16), 9, 9)).save(
        out, "JPEG"
    )
    return io.BytesIO(out.getvalue())


@pytest.fixture
def received(company, ticket):
    """A customer's picture in a conversation of that person's."""

    def make(owner):
        ticket_id = ticket(status="open", user_id=owner)
        with acting(company.system):
            media_id = store_upload(picture(), "foto.jpg").id
            with transaction() as session:
                session.add(said(session.get(Ticket, ticket_id), "", type="image", media_id=media_id))
        return media_id

    return make


@pytest.mark.parametrize(("role", "status"), [("agent", 404), ("manager", 200), ("viewer", 404), ("developer", 403)])
def test_a_colleagues_picture_is_not_shown(client_for, received, second_agent, role, status):
    theirs, browser = received(second_agent.user_id), client_for(role)
    assert browser.get(f"/media/{theirs}").status_code == status
    assert browser.get(f"/media/{theirs}/thumb").status_code == status


def test_ones_own_picture_is(client_for, company, received):
    mine, browser = received(company.users["agent"]), client_for("agent")
    assert browser.get(f"/media/{mine}").status_code == 200
    part = browser.get(f"/media/{mine}", headers={"Range": "bytes=0-9"})
    assert (part.status_code, len(part.data)) == (206, 10)


def test_what_a_template_shares_is_seen_by_all_who_read_templates(client_for, company, received, second_agent):
    shared = received(second_agent.user_id)
    with acting(company.system), transaction() as session:
        session.execute(
            text("INSERT INTO templates (id, tenant_id, name, content, media_id) VALUES (:id, :t, 'x', 'y', :m)"),
            {"id": uuid.uuid4(), "t": company.tenant_id, "m": shared},
        )
    assert client_for("agent").get(f"/media/{shared}").status_code == 200


def test_a_large_picture_gets_a_small_one(client_for, company, received):
    mine, browser = received(company.users["agent"]), client_for("agent")
    large = browser.get(f"/media/{mine}/thumb").data
    jobs.thumbnail(str(company.tenant_id), str(mine))
    jobs.thumbnail(str(company.tenant_id), str(mine))
    small = browser.get(f"/media/{mine}/thumb")
    assert small.content_type == "image/jpeg"
    assert len(small.data) < len(large)
    assert max(Image.open(io.BytesIO(small.data)).size) == 480


def test_a_small_or_broken_picture_needs_none(company, ctx):
    with acting(company.system):
        tiny = store_upload(picture(40), "p.jpg").id
        jobs.thumbnail(str(company.tenant_id), str(tiny))
        with transaction() as session:
            assert session.get(Media, tiny).thumb_key is None
