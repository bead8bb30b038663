"""The doors: pages show, forms save, permissions hold."""

import io
import re
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from app.campaigns import service
from app.campaigns.queries import campaigns, progress
from app.contacts.models import Group, GroupMember
from app.core import clock
from app.core.db import transaction
from app.messages.models import Message
from app.outbox.models import OutboxRow, SendLane
from app.templates.models import Template
from tests.factories import make_contact, make_instance


@pytest.fixture
def group_id(as_admin):
    people = [make_contact("Ana Lima"), make_contact("Bia")]
    with transaction() as session:
        group = Group(name="Clientes")
        session.add(group)
        session.flush()
        session.add_all(GroupMember(group_id=group.id, contact_id=one.id) for one in people)
    return group.id


def campaign_of(response) -> str:
    return re.search(r"/campaigns/([0-9a-f-]{36})", response.headers["Location"])[1]


def test_from_the_name_to_the_launch_in_four_steps(client_for, group_id, number):
    number_id = number.id
    browser = client_for("manager")
    browser.page("/campaigns")
    browser.page("/campaigns/new")
    answer = browser.submit("/campaigns/new", {"name": "Novembro", "group_ids": [str(group_id)]})
    campaign_id = campaign_of(answer)
    assert answer.headers["Location"].endswith("/message")
    answer = browser.submit(f"/campaigns/{campaign_id}/message", {"message": "Oi {nome}", "variation_1": "Olá {nome}"})
    assert answer.headers["Location"].endswith("/numbers")
    page = browser.page(f"/campaigns/{campaign_id}/numbers")
    assert "2 pessoas" in page.select_one("#forecast").text
    answer = browser.submit(
        f"/campaigns/{campaign_id}/numbers",
        {"instance_ids": [str(number_id)], "own_pace": "1", "delay_min_ms": "2000", "delay_max_ms": "3000",
         "batch_size": "50", "batch_pause_s": "60", "when": "now"},
    )  # fmt: skip
    assert answer.headers["Location"].endswith("/review")
    page = browser.page(f"/campaigns/{campaign_id}/review")
    texts = [row.text for row in page.select(".preview-row__text")]
    assert sorted(text[-3:] for text in texts) == ["Bia", "ima"]
    answer = browser.submit(f"/campaigns/{campaign_id}/launch", {"typed": "2"})
    assert answer.headers["Location"].endswith(f"/campaigns/{campaign_id}")
    page = browser.page(f"/campaigns/{campaign_id}")
    assert "Enviando" in page.select_one("#progress").text
    assert "0 perdidas" in page.select_one("#ledger").text
    browser.page("/campaigns")
    found = campaigns.get_campaign(uuid.UUID(campaign_id))
    assert found.settings == {"delay_min_ms": 2000, "delay_max_ms": 3000, "batch_size": 50, "batch_pause_s": 60}


@pytest.mark.parametrize("typed", ["", "3", "duas"])
def test_a_wrong_count_does_not_launch(client_for, draft, typed):
    campaign_id = draft().id
    answer = client_for("admin").submit(f"/campaigns/{campaign_id}/launch", {"typed": typed})
    assert answer.status_code in (409, 422)
    assert campaigns.get_campaign(campaign_id).status == "draft"


def test_a_count_may_be_typed_with_its_dot(client_for, draft):
    campaign_id = draft().id
    assert client_for("admin").submit(f"/campaigns/{campaign_id}/launch", {"typed": " 1 "}).status_code == 303
    assert campaigns.get_campaign(campaign_id).status == "sending"


def test_wrong_fields_come_back_with_what_was_typed(client_for, draft):
    campaign_id = draft().id
    browser = client_for("admin")
    answer = browser.submit(f"/campaigns/{campaign_id}/message", {"message": "x" * 4097})
    assert answer.status_code == 422
    assert "4096" in answer.get_data(as_text=True)
    answer = browser.submit(f"/campaigns/{campaign_id}/numbers", {"when": "later"})
    assert answer.status_code == 422
    answer = browser.submit(f"/campaigns/{campaign_id}/audience", {"name": ""})
    assert answer.status_code == 422
    assert campaigns.get_campaign(campaign_id).message == "Olá {nome|cliente}!"


def test_a_template_lends_its_text(client_for, draft):
    campaign_id = draft().id
    with transaction() as session:
        template = Template(name="Oferta", content="Oferta para {nome}")
        session.add(template)
        session.flush()
        template_id = template.id
    page = client_for("admin").submit(
        f"/campaigns/{campaign_id}/message", {"message": "", "use_template": "1", "template_id": str(template_id)}
    )  # fmt: skip
    assert "Oferta para {nome}" in page.get_data(as_text=True)


def test_the_bubble_shows_a_real_person(client_for, draft):
    ana = make_contact("Ana Lima")
    campaign_id = draft(ana).id
    answer = client_for("admin").submit(
        f"/campaigns/{campaign_id}/message/preview", {"message": "Oi {nome} {cidade}", "variation_1": "Olá {nome}"}
    )
    text = answer.get_data(as_text=True)
    assert "Oi Ana Lima" in text
    assert "Versão 2" in text
    assert "cidade" in text  # comes out empty, and says so


def test_a_sheet_goes_straight_into_the_campaign(client_for, draft):
    campaign_id = draft().id
    answer = client_for("admin").submit(
        f"/campaigns/{campaign_id}/audience",
        {"name": "Com planilha", "file": (io.BytesIO(b"nome;telefone\nAna;11987654321\n"), "clientes.csv")},
        content_type="multipart/form-data",
    )
    assert "/contacts/imports/" in answer.headers["Location"]
    found = campaigns.get_campaign(campaign_id)
    assert found.import_id is not None
    assert str(found.import_id) in answer.headers["Location"]


def test_a_schedule_is_kept_in_the_companys_hours(client_for, draft, number):
    number_id, campaign_id = number.id, draft().id
    browser = client_for("admin")
    day = (clock.now() + timedelta(days=2)).strftime("%Y-%m-%d")
    form = {"instance_ids": [str(number_id)], "when": "later", "scheduled_at": f"{day}T09:00"}
    browser.submit(f"/campaigns/{campaign_id}/numbers", form)
    assert campaigns.get_campaign(campaign_id).scheduled_at.hour == 12  # UTC
    assert browser.submit(f"/campaigns/{campaign_id}/launch", {"typed": "1"}).status_code == 303
    assert campaigns.get_campaign(campaign_id).status == "scheduled"
    page = browser.page(f"/campaigns/{campaign_id}")
    assert "09:00" in page.select_one("#progress").text


def test_buttons_pause_resume_and_cancel(client_for, draft):
    campaign_id = service.launch(draft().id).id
    browser = client_for("manager")
    for action, status in (("pause", "paused"), ("resume", "sending"), ("cancel", "cancelled")):
        assert browser.submit(f"/campaigns/{campaign_id}/{action}").status_code == 303
        assert campaigns.get_campaign(campaign_id).status == status
    browser.page(f"/campaigns/{campaign_id}")
    browser.page(f"/campaigns/{campaign_id}/progress")


def test_failures_are_explained_and_retried(client_for, draft):
    campaign = service.launch(draft(make_contact("Ana"), make_contact("Bia")).id)
    campaign_id = campaign.id
    with transaction() as session:
        session.execute(delete(OutboxRow).where(OutboxRow.campaign_id == campaign_id))
        session.execute(
            update(Message)
            .where(Message.campaign_id == campaign_id)
            .values(status="failed", error_code="not_on_whatsapp")
        )
    browser = client_for("admin")
    page = browser.page(f"/campaigns/{campaign_id}?status=failed")
    assert "não tem WhatsApp" in page.select_one("#people").text
    assert browser.submit(f"/campaigns/{campaign_id}/retry").status_code == 303
    assert progress.figures_of(campaign_id).queued == 2


def test_the_excluded_are_named(client_for, draft):
    campaign_id = service.launch(draft(make_contact(), make_contact("Zé Bloqueado", is_blocked=True)).id).id
    page = client_for("admin").page(f"/campaigns/{campaign_id}?status=excluded")
    assert "Zé Bloqueado" in page.select_one("#people").text
    page = client_for("admin").page(f"/campaigns/{campaign_id}?status=excluded:blocked")
    assert "Zé Bloqueado" in page.select_one("#people").text


def test_people_are_found_by_name_and_phone(client_for, draft):
    ana = make_contact("Ana Célia")
    phone = ana.phone[-4:]
    campaign_id = service.launch(draft(ana, make_contact("Bruno")).id).id
    browser = client_for("viewer")
    assert "Bruno" not in browser.page(f"/campaigns/{campaign_id}?q=celia").select_one("#people").text
    assert "Ana Célia" in browser.page(f"/campaigns/{campaign_id}?q={phone}").select_one("#people").text


@pytest.mark.parametrize("role", ["viewer", "agent"])
def test_who_only_reads_sees_no_buttons_and_may_not_push_them(client_for, draft, role):
    campaign_id = service.launch(draft().id).id
    browser = client_for(role)
    page = browser.page(f"/campaigns/{campaign_id}")
    assert not page.select("form[action$='/pause']")
    browser.page("/campaigns")
    assert browser.submit(f"/campaigns/{campaign_id}/pause").status_code == 403
    assert browser.get("/campaigns/new").status_code == 403
    assert campaigns.get_campaign(campaign_id).status == "sending"


def test_strangers_find_nothing(client_for, client, draft, outsider):
    campaign_id = draft().id
    assert client_for("admin", outsider).get(f"/campaigns/{campaign_id}").status_code == 404
    assert client.get("/campaigns").status_code in (302, 303)


def test_a_follow_up_opens_as_a_draft(client_for, draft):
    campaign_id = service.launch(draft().id).id
    answer = client_for("admin").submit(f"/campaigns/{campaign_id}/follow-up", {"segment": "not_read"})
    made = campaign_of(answer)
    page = client_for("admin").page(f"/campaigns/{made}/audience")
    assert "Quem não leu" in page.text


def test_two_numbers_may_be_chosen(client_for, draft):
    second_id, campaign_id = make_instance("Segunda").id, draft().id
    answer = client_for("admin").submit(
        f"/campaigns/{campaign_id}/numbers/forecast", {"instance_ids": [str(second_id)], "when": "now"}
    )
    assert "Segunda" in answer.get_data(as_text=True)


def test_the_pace_changes_while_it_sends(client_for, draft):
    hours = {"start": "08:00", "end": "20:00", "days": [1, 2, 3, 4, 5]}
    campaign_id = service.launch(draft(settings={"hours": hours}).id).id
    browser = client_for("manager")
    assert browser.page(f"/campaigns/{campaign_id}").select_one("#pace-form")
    browser.submit(f"/campaigns/{campaign_id}/pace", {"delay_min_ms": "3000", "delay_max_ms": "5000"})
    found = campaigns.get_campaign(campaign_id)
    assert found.settings == {"delay_min_ms": 3000, "delay_max_ms": 5000, "hours": hours}
    with transaction() as session:
        lane = session.query(SendLane).filter_by(campaign_id=campaign_id).one()
        assert lane.pace == found.settings
    browser.submit(f"/campaigns/{campaign_id}/pace", {"delay_min_ms": "9000", "delay_max_ms": "5000"})
    assert campaigns.get_campaign(campaign_id).settings["delay_min_ms"] == 3000
