"""The wizard and the live page in a real browser."""

import uuid
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import delete, update

from app.campaigns import service
from app.campaigns.queries import campaigns
from app.contacts.models import Group, GroupMember
from app.core import facts
from app.core.context import acting
from app.core.db import transaction
from app.messages.models import Message
from app.outbox.models import OutboxRow
from tests.browsers import visiting
from tests.factories import PASSWORD, Company, make_contact, make_instance

pytestmark = pytest.mark.browser


@pytest.fixture
def page(browser: Browser, url: str, company: Company) -> Iterator[Page]:
    with visiting(browser) as page:
        page.goto(f"{url}/login")
        page.get_by_label("E-mail").fill(company.emails["manager"])
        page.get_by_label("Senha").fill(PASSWORD)
        page.get_by_label("Senha").press("Enter")
        page.wait_for_url(lambda address: "/login" not in address)
        yield page


@pytest.fixture
def ready(company: Company) -> tuple[uuid.UUID, uuid.UUID]:
    """The group of two people, and the number."""
    with acting(company.actor("admin")):
        number_id = make_instance("Loja", is_default=True).id
        people = [make_contact("Ana Lima").id, make_contact("Bruno Reis").id]
        with transaction() as session:
            group = Group(name="Clientes")
            session.add(group)
            session.flush()
            session.add_all(GroupMember(group_id=group.id, contact_id=one) for one in people)
            return group.id, number_id


def test_the_wizard_from_the_name_to_the_launch(
    page: Page, url: str, ready: tuple[uuid.UUID, uuid.UUID], company: Company
):
    page.goto(f"{url}/campaigns")
    page.get_by_role("link", name="Nova campanha").click()
    page.get_by_label("Nome da campanha").fill("Novembro")
    page.get_by_label("Clientes").check()
    page.get_by_role("button", name="Continuar").click()
    message = page.get_by_label("Mensagem", exact=True)
    message.fill("Oi, ")
    page.get_by_role("button", name="primeiro_nome").click()
    expect(message).to_have_value("Oi, {primeiro_nome|cliente}")
    expect(page.locator("#bubbles .bubble__text")).to_have_text("Oi, Ana")
    page.get_by_role("button", name="Continuar").click()
    expect(page.locator("#forecast")).to_contain_text("Termina")
    page.get_by_text("Um ritmo só para esta campanha").click()
    page.get_by_label("Intervalo mínimo").fill("100")
    page.get_by_label("Intervalo mínimo").blur()
    expect(page.locator("#forecast")).to_contain_text("Rápido demais")
    page.get_by_role("button", name="Continuar").click()
    expect(page.locator(".preview-row__text").first).to_have_text("Oi, Ana")
    page.get_by_placeholder("Buscar por nome ou telefone").fill("bruno")
    expect(page.locator(".preview-row__text")).to_have_count(1)
    expect(page.locator(".preview-row__text")).to_have_text("Oi, Bruno")
    page.locator("#typed").fill("2")
    page.get_by_role("button", name="Enviar para 2 pessoas").click()
    expect(page.locator("#progress")).to_contain_text("Enviando")
    expect(page.locator("#ledger")).to_contain_text("0 perdidas")


def test_progress_arrives_without_a_reload(page: Page, url: str, ready: tuple[uuid.UUID, uuid.UUID], company: Company):
    with acting(company.actor("admin")):
        draft = service.create(name="Aviso", message="Oi", audience={"group_ids": [ready[0]]}, instance_ids=[ready[1]])
        campaign_id = service.launch(draft.id).id
    page.goto(f"{url}/campaigns/{campaign_id}")
    expect(page.locator(".live-line")).to_have_text("Ao vivo")
    page.evaluate("window.sameDocument = true")
    with acting(company.system), transaction() as session:
        session.execute(update(Message).where(Message.campaign_id == campaign_id).values(status="read"))
        session.execute(delete(OutboxRow).where(OutboxRow.campaign_id == campaign_id))
        facts.notify("campaign.progress", campaign_id=campaign_id)
    expect(page.locator(".stat", has_text="Lidas")).to_contain_text("2")
    with acting(company.system):
        service.settle(campaign_id)
        assert campaigns.get_campaign(campaign_id).status == "completed"
    expect(page.locator("#progress .pill").first).to_have_text("Concluída")
    assert page.evaluate("window.sameDocument")
