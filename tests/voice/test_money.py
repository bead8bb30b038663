"""What is spent: reserved first, never past the budget, told once."""

import threading
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from app.core.context import acting
from app.core.db import release, transaction
from app.core.errors import Forbidden
from app.voice import service
from app.voice.queries import usage
from app.voice.rules import money as rules
from app.voice.service import money
from app.voice.service.trouble import Trouble


def facts(name: str) -> list[dict]:
    with transaction() as session:
        return list(session.scalars(text("SELECT payload FROM facts WHERE name = :name ORDER BY id"), {"name": name}))


def test_the_budget_stops_at_its_end_and_tells_on_the_way(as_admin):
    service.set_budget(Decimal("0.02"))
    for _ in range(10):
        money.reserve("azure", "neural", 125)  # 0.002 each
    with pytest.raises(Trouble, match="budget"):
        money.reserve("azure", "neural", 125)
    assert [one["percent"] for one in facts("voice.budget")] == [80, 100]
    found = usage.budget(money.today())
    assert (found.percent, found.is_used_up) == (100, True)


def test_the_owner_lifts_one_month(as_admin):
    service.set_budget(Decimal(0))
    with pytest.raises(Trouble):
        money.reserve("azure", "neural", 1000)
    service.lift()
    assert money.reserve("azure", "neural", 1000) == Decimal("0.016")
    with transaction() as session:
        session.execute(text("UPDATE tts_budgets SET month = month - interval '1 month'"))
    with pytest.raises(Trouble):
        money.reserve("azure", "neural", 1000)


def test_only_the_owner_sets_and_lifts(act, company):
    with act("manager"), pytest.raises(Forbidden):
        service.lift()


def test_the_embedded_voice_knows_no_budget(as_admin):
    service.set_budget(Decimal(0))
    assert money.reserve("local", "local", 10_000) == 0


def test_what_was_not_spoken_is_given_back(as_admin):
    service.set_budget(Decimal(1))
    money.refund(money.reserve("azure", "neural", 50_000))
    assert usage.budget(money.today()).spent == 0


def test_together_they_never_pass_it(app, company, as_admin):
    service.set_budget(Decimal("0.02"))
    release()
    spoken, refused, barrier = [], [], threading.Barrier(20)

    def speak():
        with app.app_context(), acting(company.system):
            barrier.wait()
            try:
                spoken.append(money.reserve("azure", "neural", 100))
            except Trouble:
                refused.append(1)
            release()

    threads = [threading.Thread(target=speak) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(spoken), len(refused)) == (12, 8)  # 0.0016 each


def test_a_low_rate_is_told_once_a_day(as_admin):
    uses = [money.Use("local", "local", cached, 10, 0, 1.0, Decimal(0)) for cached in [True] * 20 + [False] * 40]
    money.record(uses)
    assert money.tell_low_rate() is True
    assert money.tell_low_rate() is False
    assert facts("voice.cache_rate") == [{"percent": 33, "requests": 60}]
    assert usage.of_last_week(money.today()).is_low


def test_sums_of_a_campaign_and_of_the_month(as_admin):
    money.record([money.Use("azure", "neural", False, 100, 60, 4.0, Decimal("0.00096"))] * 3)
    found = usage.of_month(money.today())
    assert (found.requests, found.characters, found.billed, found.duration) == (3, 300, 180, 12.0)
    assert found.cost == Decimal("0.00288")


def test_prices_have_dates():
    table = rules.read_prices(
        '[{"provider": "azure", "voice_class": "neural", "since": "2026-01-01", "usd_per_million": 16},'
        ' {"provider": "azure", "voice_class": "neural", "since": "2026-12-01", "usd_per_million": "20.5"},'
        ' {"provider": "azure", "voice_class": "*", "since": "2026-01-01", "usd_per_million": 30}]'
    )
    price = rules.price_of(table, "azure", "neural", date(2026, 11, 22))
    assert (price, rules.price_of(table, "azure", "neural", date(2026, 12, 1))) == (16, Decimal("20.5"))
    assert rules.price_of(table, "azure", "hd", date(2026, 11, 22)) == 30
    assert rules.price_of(table, "azure", "neural", date(2025, 1, 1)) == 0


@pytest.mark.parametrize("raw", ["{", "[1]", '[{"provider": "x"}]', '[{"provider":"a","voice_class":"b","since":"x",'
                                 '"usd_per_million":1}]', '[{"provider":"a","voice_class":"b","since":"2026-01-01",'
                                 '"usd_per_million":"-1"}]'])  # fmt: skip
def test_a_table_that_cannot_be_read_is_refused(raw):
    with pytest.raises(ValueError):
        rules.read_prices(raw)


@given(st.decimals(0, 1000, places=2), st.decimals("0.01", 1000, places=2), st.sampled_from([0, 80, 100]))
def test_each_mark_is_told_once(spent, budget, told):
    mark = rules.to_tell(rules.per_cent(spent, budget), told)
    assert mark is None or mark > told
    assert (mark == 100) == (spent >= budget and told < 100)
