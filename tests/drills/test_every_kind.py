"""Every kind of process is killed (-9) in the middle of its work, one after the other: each comes back by itself and goes
on where it was, and nobody else notices.
"""

import csv
import io
import time
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from app.campaigns import service as campaigns
from app.contacts.models import Contact
from app.contacts.queries import imports
from app.contacts.service import imports as importing
from app.contacts.service.imports import Wishes
from app.core import background
from app.core.context import acting
from app.core.db import release, transaction
from app.voice import service as voices
from tests.drills.inbound import Told, make_told
from tests.drills.stage import FAST, Campaign, Stage, connect_number, make_campaign, wait_until
from tests.drills.test_send_queue import SOME, finish, recovery, report
from tests.factories import Company, make_company, make_contact

pytestmark = pytest.mark.drill

PEOPLE = 2000
SPOKEN = 40


def seconds(act: Callable[[], object]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


def back(stage: Stage, kind: str, works: Callable[[], Any]) -> float:
    """Seconds from the kill until that kind does its work again."""

    def again() -> bool:
        stage.keep_alive()
        return bool(works())

    stage.kill(kind)
    return wait_until(again, 180, kind)


def test_each_kind_killed_by_itself(stage: Stage):
    told, campaign, began = make_told(stage, 1), make_campaign(stage, SOME), time.monotonic()
    wait_until(lambda: campaign.left() > 50, 120, campaign.describe)
    took = {
        "send": seconds(lambda: (stage.kill("send"), stage.kill("send2"), recovery(campaign))),
        "events": back(stage, "events", _hears(told)),
        "default": back(stage, "default", _does(stage, "alerts.watch", "alerts:samples")),
        "cron": back(stage, "cron", _ticks(stage)),
        "web": back(stage, "web", stage.is_answering),
    }
    if campaign.closed_reason() == "unacknowledged":  # receipts came to nobody for too long: a person looks and resumes
        campaign.open()
    told.wait_read()
    told.assert_once()
    finish(
        "kill -9 of each kind", campaign, began, list(took.values()), **{f"{k}_s": f"{v:.1f}" for k, v in took.items()}
    )


def _hears(told: Told) -> Callable[[], bool]:
    told.say(told.numbers[0])
    return lambda: told.pending() == 0


def _does(stage: Stage, job: str, leaves: str) -> Callable[[], bool]:
    """Asked for before the kill, while a job of that worker is under way or not."""
    redis = background.redis()
    redis.delete(leaves)
    with stage.app.app_context():
        background.enqueue(job)
    return lambda: bool(redis.exists(leaves))


def _ticks(stage: Stage) -> Callable[[], bool]:
    """The mark of a turn of two seconds, taken away: only the clock makes it anew."""
    redis, mark = background.redis(), "cron:webhooks.wake"
    redis.delete(mark)
    return lambda: bool(redis.exists(mark))


@pytest.mark.parametrize("scale", [0.02])
def test_an_import_whose_worker_is_killed(stage: Stage, scale: float):
    """Killed while it reads the sheet, and again while it writes people: each row becomes one contact."""
    with stage.app.app_context():
        company = make_company("Planilha Ltda")
        with acting(company.actor("admin")):
            wanted = importing.start_import(_sheet(), "clientes.csv", Wishes(confirms=True)).id
        release()
    stage.start("bulk")
    began, took = time.monotonic(), []
    for status in ("checking", "running"):
        wait_until(lambda status=status: _import(stage, company, wanted).status in (status, "completed"), 180, status)
        stage.kill("bulk")
        _let_the_lease_run_out(stage, company)
        again = time.monotonic()
        stage.keep_alive()
        with stage.app.app_context():
            background.enqueue("imports.sweep")
        wait_until(lambda status=status: _import(stage, company, wanted).status != status, 180, status)
        took.append(time.monotonic() - again)
    wait_until(lambda: _import(stage, company, wanted).status == "completed", 180, "the end")
    found = _import(stage, company, wanted)
    assert (found.valid, found.created) == (PEOPLE, PEOPLE)
    assert _count(stage, company, "contacts") == PEOPLE
    report("kill -9 of bulk", recovered_s=f"{max(took):.1f} (worst of {len(took)}, after its lease)",
           took_s=f"{time.monotonic() - began:.0f}", created=found.created, twice=0, lost=0)  # fmt: skip


def _sheet() -> io.BytesIO:
    stream = io.StringIO()
    rows = ([f"Pessoa {n}", f"55119{60_000_001 + n}", "", "Recife"] for n in range(PEOPLE))
    csv.writer(stream, delimiter=";").writerows([["Nome", "Telefone", "E-mail", "Cidade"], *rows])
    return io.BytesIO(stream.getvalue().encode())


def _import(stage: Stage, company: Company, wanted: Any) -> Any:
    with stage.app.app_context():
        with acting(company.actor("admin")), transaction() as session:
            found = imports.get_import(wanted)
            session.refresh(found)
            session.expunge(found)
        release()
    return found


def _let_the_lease_run_out(stage: Stage, company: Company) -> None:
    """Three minutes of a killed worker's, over at once."""
    _run(stage, company, "UPDATE imports SET lease = now() - interval '1 second' WHERE lease IS NOT NULL")
    _run(stage, company, "UPDATE imports SET created_at = now() - interval '2 minutes'")


def _run(stage: Stage, company: Company, statement: str) -> Any:
    with stage.app.app_context():
        with acting(company.system), transaction() as session:
            found = session.execute(text(statement))
            rows = found.all() if found.returns_rows else []
        release()
    return rows


def _count(stage: Stage, company: Company, table: str) -> int:
    return int(_run(stage, company, f"SELECT count(*) FROM {table}")[0][0])


def test_a_campaign_that_speaks_while_its_voice_worker_is_killed(stage: Stage):
    """Senders never wait for a synthesis; who comes after takes the killed one's campaign and audio over."""
    stage.extra["TTS_LEASE_SECONDS"] = "5"
    with stage.app.app_context():
        company = make_company("Rádio Ltda")
    number = connect_number(stage, company, FAST)
    began = time.monotonic()
    campaign = _launch(stage, company, number)
    stage.start("voice", "voice2")
    took = []
    for turn in range(2):
        goal = SPOKEN * (turn + 1) // 4
        wait_until(lambda goal=goal: campaign.left() >= goal, 240, campaign.describe)
        stage.kill("voice")
        if turn:
            stage.kill("voice2")
        _let_the_speech_run_out(stage, company)
        before = _spoken(stage, company)
        stage.keep_alive()
        took.append(
            wait_until(
                lambda before=before: _spoken(stage, company) > before or not campaign.waiting(), 240, campaign.describe
            )
        )
    found = _assert_spoken_once(campaign)
    report("kill -9 of voice", recovered_s=f"{max(took):.1f} (worst of {len(took)}, after its lease)",
           took_s=f"{time.monotonic() - began:.0f}", **found)  # fmt: skip


def _launch(stage: Stage, company: Company, number: Any) -> Campaign:
    with stage.app.app_context():
        with acting(company.actor("admin")):
            voice = voices.create_config(name="Voz da rádio", is_default=True).id
            people: list[Contact] = [make_contact(f"Ouvinte {n}") for n in range(SPOKEN)]
            made = campaigns.create(
                name="No ar", message="Olá {nome}, começa agora o programa das {cidade|dez horas}.",
                instance_ids=[number[0]], audience={"contact_ids": [one.id for one in people]}, tts_config_id=voice,
                settings=FAST,
            )  # fmt: skip
            launched = campaigns.launch(made.id).id
        release()
    return Campaign(stage, company, launched, [number], SPOKEN)


def _let_the_speech_run_out(stage: Stage, company: Company) -> None:
    _run(stage, company, "UPDATE campaign_speech SET lease = now() - interval '1 second' WHERE lease IS NOT NULL")


def _spoken(stage: Stage, company: Company) -> int:
    return int(_run(stage, company, "SELECT count(*) FROM messages WHERE media_id IS NOT NULL")[0][0])


def _assert_spoken_once(campaign: Campaign) -> dict[str, int]:
    wait_until(campaign._is_settled, 240, campaign.describe)
    heard: dict[str, int] = {}
    for entry in campaign.ledger():
        heard[entry["to"]] = heard.get(entry["to"], 0) + 1
    assert {person: n for person, n in heard.items() if n > 1} == {}, "sent twice"
    found = campaign.state()
    assert sum(found.values()) == SPOKEN
    assert len(heard) == SPOKEN - found.get("unconfirmed", 0) - found.get("failed", 0)
    assert found.get("failed", 0) == 0
    return found
