"""Opened once, told in one letter, resolved when it is over."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from app.alerts import figures, jobs, queries, service
from app.alerts.rules import RESOLVED_AFTER, Raised
from app.core import clock
from app.core.context import acting
from app.core.db import transaction
from app.core.errors import Forbidden
from app.outbox.service import open_lanes
from app.voice import service as voices
from app.voice.service import money as voice_money
from tests.factories import make_instance
from tests.outbox.desk import Desk, new_campaign, queue, sql

DISK = Raised("disk", details={"free": 12})
CPU = Raised("cpu", details={"used": 91})


def facts(name: str) -> int:
    with transaction() as session:
        return session.scalar(text("SELECT count(*) FROM facts WHERE name = :n"), {"n": name})


def letters() -> int:
    with transaction() as session:
        return session.scalar(text("SELECT count(*) FROM mails"))


def test_one_that_goes_on_is_one_alert(as_admin):
    now = clock.now()
    for minutes in range(4):
        service.note([DISK, CPU], now + timedelta(minutes=minutes))
    assert [(one.kind, one.details) for one in queries.list_open()] == [("disk", {"free": 12}), ("cpu", {"used": 91})]
    assert facts("alert.opened") == 2


def test_it_is_over_when_nobody_saw_it_for_a_while(as_admin):
    now = clock.now()
    service.note([DISK], now)
    service.note([], now + timedelta(seconds=60))
    assert len(queries.list_open()) == 1  # one look that missed it is no proof
    service.note([], now + RESOLVED_AFTER + timedelta(seconds=1))
    assert queries.list_open() == []
    assert [one.kind for one in queries.list_resolved()] == ["disk"]
    assert facts("alert.resolved") == 1


def test_a_storm_is_one_letter_and_the_end_is_told_too(as_admin):
    now = clock.now()
    service.note([DISK, CPU], now)
    service.tell(now)
    assert letters() == 1
    service.note([DISK, CPU, Raised("memory", details={"used": 90})], now + timedelta(minutes=1))
    service.tell(now + timedelta(minutes=1))
    assert letters() == 1  # not again so soon
    service.tell(now + timedelta(minutes=16))
    assert letters() == 2
    service.tell(now + timedelta(minutes=40))
    assert letters() == 2  # nothing new
    service.note([], now + timedelta(minutes=60))
    service.tell(now + timedelta(minutes=60))
    assert letters() == 3


def test_the_letter_says_what_to_do(as_admin):
    service.note([DISK], clock.now())
    words = service.letter(queries.list_open(), [])
    assert "12%" in words.paragraphs[0]
    assert "Mova as cópias" in words.paragraphs[0]


def test_a_campaign_at_its_pace_is_no_alarm_and_a_sender_that_is_away_is(as_admin):
    number = make_instance("Loja")
    campaign = new_campaign([number.id])
    queue(number.id, 50, campaign=campaign)
    open_lanes(campaign, [number.id], {})
    Desk().pick()
    healthy = "UPDATE instance_pace SET next_at = now() + interval '1 second' WHERE instance_id = :i"
    sql(healthy, i=number.id)
    assert [row[2] for row in queries.late_numbers()] == [0]
    late = "UPDATE instance_pace SET next_at = now() - interval '5 minutes' WHERE instance_id = :i"
    sql(late, i=number.id)
    sql("UPDATE send_lanes SET updated_at = now() - interval '5 minutes' WHERE instance_id = :i", i=number.id)
    sql("UPDATE outbox SET send_after = now() - interval '5 minutes' WHERE instance_id = :i", i=number.id)
    ((found, name, seconds),) = queries.late_numbers()
    assert (found, name, seconds > 290) == (str(number.id), "Loja", True)


def test_companies_see_only_their_own(company, outsider):
    with acting(outsider.actor()):
        service.note([DISK], clock.now())
    with acting(company.actor()):
        assert queries.list_open() == []


@pytest.mark.parametrize("role", ["manager", "agent", "viewer", "developer"])
def test_only_admins_look(act, role):
    with act(role), pytest.raises(Forbidden):
        queries.list_open()


def test_the_page_says_it_with_what_to_do(client_for, company, ctx):
    client = client_for()
    assert "Está tudo bem" in client.page("/settings/health").get_text()
    with acting(company.actor()):
        service.note([DISK], clock.now())
    page = client.page("/settings/health").get_text()
    assert "Disco enchendo" in page
    assert "Mova as cópias" in page
    jobs.look()
    jobs.look()
    assert client.page("/settings/health").select("[data-module=chart]")
    assert "1 alerta do servidor" in client.page("/").get_text()
    assert "alerta do servidor" not in client_for("manager").page("/").get_text()


def test_the_api_says_it_too(api_client, company):
    with acting(company.actor()):
        service.note([DISK], clock.now())
    (alert,) = api_client().get("/alerts").json["data"]
    assert (alert["kind"], alert["is_urgent"]) == ("disk", True)
    system = api_client().get("/metrics/system").json
    assert system["status"] == "warning"
    assert system["recommendations"]
    assert api_client("agent").get("/metrics/system").status_code == 403


def test_figures_without_redis_are_the_others(ctx, without_redis):
    now = figures.read()
    assert "jobs_waiting" not in now.values
    assert now.one("database_bytes") > 0


def test_prometheus_hears_what_speaking_cost(as_admin):
    sql("INSERT INTO tts_metrics (tenant_id, day, provider, voice_class, cached, requests, cost_usd) "
        "VALUES (:t, current_date, 'google', 'neural', false, 5, 11)", t=as_admin.tenant_id)  # fmt: skip
    now = figures.read()
    assert now.one("voice_usd_this_month", "google") >= 11
    assert now.one("voice_requests_this_month", "made") >= 5


def voice_alerts() -> list[tuple[str, dict[str, int]]]:
    return [(one.kind, one.details) for one in queries.list_open() if one.kind.startswith("voice")]


@pytest.mark.parametrize(
    ("spent", "expected"),
    [("7.99", []), ("8", [("voice_budget", {"used": 80})]), ("10", [("voice_stopped", {"used": 100})])],
)
def test_the_voice_budget_is_told_at_80_and_at_100_per_cent(as_admin, spent, expected):
    voices.set_budget(Decimal(10))
    with transaction() as session:
        session.execute(text("UPDATE tts_budgets SET spent_usd = :usd"), {"usd": Decimal(spent)})
    service.watch()
    assert voice_alerts() == expected


def test_a_month_that_was_lifted_has_not_stopped(as_admin):
    voices.set_budget(Decimal(10))
    with transaction() as session:
        session.execute(text("UPDATE tts_budgets SET spent_usd = 12"))
    voices.lift()
    service.watch()
    assert voice_alerts() == [("voice_budget", {"used": 120})]


def test_audios_that_are_seldom_used_again_are_told(as_admin):
    use = voice_money.Use("local", "local", False, 10, 0, 1.0, Decimal(0))
    voice_money.record([use] * 30 + [replace(use, cached=True)] * 29)
    service.watch()
    assert voice_alerts() == [("voice_reuse", {"rate": 49})]
