"""Your spreadsheet back: original columns, then what became of each message."""

import csv
import io
from typing import Any

import openpyxl
import pytest
from sqlalchemy import update

from app.campaigns import jobs, service
from app.campaigns.models import Campaign
from app.contacts.models import Contact
from app.contacts.service import import_check, import_write
from app.contacts.service import imports as sheets
from app.contacts.service.imports import Wishes
from app.core import clock
from app.core.db import transaction
from app.core.errors import Conflict, Forbidden, Invalid, NotFound
from app.core.storage import storage
from app.messages.models import Message
from tests.factories import make_contact

ROWS = [
    ["Cliente", "Fone", "Cidade"],
    ["Ana Souza", "11 98765-0001", "Recife"],
    ["=HYPERLINK(1)", "11 98765-0002", "Olinda"],
    ["Sem telefone", "", "Natal"],
    ["Ana de novo", "11 98765-0001", "Recife"],
]


def result_rows(campaign: Campaign, kind: str) -> list[list[Any]]:
    name = service.request_result(campaign.id, kind)
    token, _dot, got = name.partition(".")
    assert service.result_of(campaign.id, name) is None
    jobs.result(str(campaign.tenant_id), str(campaign.id), token, got)
    content = storage().read(service.result_of(campaign.id, name))
    if kind == "csv":
        return list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    return [[cell or "" for cell in row] for row in sheet.iter_rows(values_only=True)]


@pytest.fixture
def from_sheet(number):
    stream = io.StringIO()
    csv.writer(stream, delimiter=";").writerows(ROWS)
    wishes = Wishes(source="campaign", confirms=True, return_to="/campaigns/x/audience")
    found = sheets.start_import(io.BytesIO(stream.getvalue().encode()), "clientes.csv", wishes)
    import_id = found.id
    import_check.check_import(import_id)
    import_write.write_import(import_id)
    draft = service.create(
        name="Planilha",
        message="Oi {nome} de {cidade}",
        audience={"import_id": import_id},
        instance_ids=[number.id],
    )
    return service.launch(draft.id)


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_the_sheet_comes_back_with_its_columns_and_the_outcome(from_sheet, kind):
    assert from_sheet.total == 2
    now = clock.now()
    with transaction() as session:
        first = session.query(Message).filter_by(campaign_id=from_sheet.id).order_by(Message.id).first()
        session.execute(
            update(Message)
            .where(Message.id == first.id)
            .values(status="read", sent_at=now, delivered_at=now, read_at=now)
        )
    header, ana, other, without, again = result_rows(from_sheet, kind)
    assert header[:4] == ["Cliente", "Fone", "Cidade", "Situação"]
    assert ana[:5] == ["Ana Souza", "11 98765-0001", "Recife", "Lida", "Loja"]
    assert ana[-1] == "Oi Ana Souza de Recife"
    assert other[0] == "'=HYPERLINK(1)"  # a formula is only text
    assert other[3] == "Na fila"
    assert "Não enviada" in without[3]
    assert "Não enviada" in again[3]


def test_people_who_changed_nothing_in_the_import_are_in_the_audience_too(number, from_sheet):
    stream = io.StringIO()
    csv.writer(stream, delimiter=";").writerows(ROWS[:3])
    found = sheets.start_import(
        io.BytesIO(stream.getvalue().encode()), "de novo.csv", Wishes(source="campaign", confirms=True)
    )
    import_id = found.id
    import_check.check_import(import_id)
    import_write.write_import(import_id)
    again = service.create(name="2", message="Oi", audience={"import_id": import_id}, instance_ids=[number.id])
    assert service.launch(again.id).total == 2


def test_without_a_sheet_the_columns_are_the_contacts(draft):
    ana = make_contact("Ana", custom_fields={"cidade": "Recife"})
    blocked = make_contact("Zé", is_blocked=True)
    campaign = service.launch(draft(ana, blocked).id)
    with transaction() as session:
        session.execute(
            update(Message)
            .where(Message.campaign_id == campaign.id)
            .values(status="failed", error_code="not_on_whatsapp")
        )
    header, *rows = result_rows(campaign, "csv")
    assert header[:5] == ["Nome", "Telefone", "E-mail", "cidade", "Situação"]
    found = {row[0]: dict(zip(header, row, strict=True)) for row in rows}
    assert found["Ana"]["Situação"] == "Falhou"
    assert "não tem WhatsApp" in found["Ana"]["Motivo"]
    assert found["Zé"]["Situação"] == "Não enviada"
    assert found["Zé"]["Motivo"] == "Bloqueados"


def test_a_contact_merged_later_keeps_its_row(from_sheet):
    with transaction() as session:
        loser = session.query(Contact).filter_by(name="Ana Souza").first()
        winner = session.query(Contact).filter(Contact.name.startswith("=")).first()
        loser.merged_into = winner.id
    assert result_rows(from_sheet, "csv")[1][3] != ""


def test_results_are_for_those_who_may_export(draft, act):
    launched_id = service.launch(draft().id).id
    waiting_id = draft().id
    with pytest.raises(Conflict):
        service.request_result(waiting_id)
    with pytest.raises(Invalid):
        service.request_result(launched_id, "pdf")
    with pytest.raises(NotFound):
        service.result_of(launched_id, "../../etc/passwd")
    with act("viewer"), pytest.raises(Forbidden):
        service.request_result(launched_id)


def test_the_page_waits_for_the_file_and_hands_it_out(client_for, draft):
    campaign = service.launch(draft().id)
    campaign_id, tenant_id = campaign.id, campaign.tenant_id
    browser = client_for("manager")
    waiting = browser.submit(f"/campaigns/{campaign_id}/result").headers["Location"]
    assert "Escrevendo" in browser.page(waiting).text
    token, _dot, kind = waiting.rpartition("/")[2].partition(".")
    jobs.result(str(tenant_id), str(campaign_id), token, kind)
    assert "pronta" in browser.page(f"{waiting}?state=1").text
    answer = browser.get(f"{waiting}/file")
    assert answer.status_code == 200
    assert "resultado.xlsx" in answer.headers["Content-Disposition"]
    assert client_for("viewer").get(f"{waiting}/file").status_code == 403
