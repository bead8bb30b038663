import re
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import event

from app.core import clock
from app.core.context import acting
from app.dashboard import queries
from app.extensions import db
from tests.dashboard.conftest import Desk
from tests.factories import make_contact

ZONE = "America/Sao_Paulo"


def labels(page: BeautifulSoup) -> list[str]:
    return [label.text for label in page.select(".stat__label")]


def titles(page: BeautifulSoup) -> list[str]:
    return [title.text for title in page.select(".panel__title")]


def busy(desk: Desk) -> None:
    """A company in the middle of its day."""
    number, now = desk.number("Vendas", phone_number="+5511987654321"), clock.now()
    with acting(desk.company.system):
        make_contact("Ana")
    desk.campaign("Natal", number, status="sending", started_at=now, total=1240, queued=5)
    today = queries.today(ZONE)
    desk.day(number, today, sent=1200, delivered=1158, read=600, replied=40, received=55, failed=3)
    desk.day(number, today - timedelta(days=1), sent=900)


def test_a_stranger_is_sent_to_sign_in(client):
    answer = client.get("/")
    assert answer.status_code == 302
    assert answer.location.startswith("/login")


def test_a_new_company_sees_four_steps_and_where_to_begin(client_for):
    page = client_for().page("/")
    assert len(page.select(".first-step")) == 4
    assert page.select_one("[aria-current=step] h3").text == "Importe seus contatos"
    assert labels(page) == []


def test_steps_already_done_are_ticked(client_for, desk: Desk):
    with acting(desk.company.system):
        make_contact("Ana")
    page = client_for().page("/")
    assert [step.h3.text for step in page.select(".first-step--done")] == ["Importe seus contatos · feito"]
    assert page.select_one("[aria-current=step] h3").text == "Conecte um número"


def test_the_day_in_figures(client_for, desk: Desk):
    busy(desk)
    page = client_for().page("/")
    shown = {
        stat.select_one(".stat__label").text: stat.select_one(".stat__value").text for stat in page.select(".stat")
    }
    assert shown == {
        "Enviadas hoje": "1.200",
        "Entregues": "96,5%",
        "Lidas": "50%",
        "Respostas": "40",
        "Na fila": "5",
        "Falhas hoje": "3",
    }
    assert not page.select(".first-step")


def test_running_campaigns_numbers_and_the_fortnight(client_for, desk: Desk):
    busy(desk)
    page = client_for().page("/")
    assert {"Campanhas em andamento", "Números", "Últimos 14 dias"} <= set(titles(page))
    running = page.select_one(".rows__item")
    assert "Natal" in running.text
    assert "1.235 de 1.240" in running.text
    assert running.select_one("progress")["value"] == "1235"
    assert "+55 (11) 98765-4321" in page.text


def test_the_part_that_refreshes_is_the_same_board(client_for, desk: Desk):
    busy(desk)
    client = client_for()
    page = client.page("/")
    live = page.select_one("[data-live='/dashboard/now']")
    assert "campaign:progress" in live["data-live-events"]
    fragment = client.page("/dashboard/now")
    assert fragment.find("html") is None
    assert labels(fragment) == labels(page)


@pytest.mark.parametrize(
    ("role", "figures", "campaigns", "numbers"),
    [
        ("manager", True, True, True),
        ("viewer", True, True, True),
        ("agent", False, True, True),
        ("developer", False, False, True),
    ],
)
def test_each_role_sees_its_part(client_for, desk: Desk, role: str, figures: bool, campaigns: bool, numbers: bool):
    busy(desk)
    page = client_for(role).page("/")
    assert ("Enviadas hoje" in labels(page)) is figures
    assert ("Campanhas em andamento" in titles(page)) is campaigns
    assert ("Números" in titles(page)) is numbers


def test_a_viewer_is_not_told_to_do_what_they_may_not(client_for):
    page = client_for("viewer").page("/")
    assert len(page.select(".first-step")) == 4
    assert not page.select(".first-step .btn")


def test_nothing_of_another_company(client_for, desk: Desk, other_desk: Desk):
    busy(other_desk)
    page = client_for().page("/")
    assert "Natal" not in page.text
    assert labels(page) == []


def test_a_number_in_trouble_says_what_is_wrong(client_for, desk: Desk):
    desk.number("Vendas", status="failed", status_reason="banned")
    assert "O WhatsApp bloqueou este número" in client_for().page("/").text


def test_why_a_campaign_stopped(client_for, desk: Desk):
    busy(desk)
    desk.campaign("Parada", desk.number("B"), status="paused", status_reason="banned", started_at=clock.now(), total=3)
    page = client_for().page("/")
    stopped = next(row for row in page.select(".rows__item") if "Parada" in row.text)
    assert stopped.select_one(".rows__note").text.strip()


def test_the_page_never_counts_the_ledger(client_for, desk: Desk):
    busy(desk)
    client, asked = client_for(), []

    def listen(_connection, _cursor, statement, *_rest):
        asked.append(statement)

    with client.application.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", listen)
    client.page("/dashboard/now")
    event.remove(engine, "before_cursor_execute", listen)
    assert len(asked) < 30
    ledger = re.compile(r"\b(messages|message_events|campaign_recipients)\b")
    assert not [statement for statement in asked if ledger.search(statement)]
