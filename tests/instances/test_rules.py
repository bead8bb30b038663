import pytest

from app.core.errors import Invalid
from app.instances.rules import closing_reason, external_name, trouble_of
from app.instances.rules.pace import Pace, WarmUp, clean_pace, pace_warnings, read_hours, read_pace

HOURS = {"start": "08:00", "end": "18:00", "days": [1, 2, 3, 4, 5]}


def test_given_fields_change_and_the_others_stay():
    assert clean_pace({"daily_cap": 200}, {"delay_min_ms": 1000}) == {"delay_min_ms": 1000, "daily_cap": 200}
    assert read_pace({"daily_cap": 200, "of_a_later_version": 1}) == Pace(daily_cap=200)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"delay_min_ms": -1}, "pace.delay_min_ms"),
        ({"delay_min_ms": 1500, "delay_max_ms": 1000}, "pace.delay_max_ms"),
        ({"delay_min_ms": True}, "pace.delay_min_ms"),
        ({"batch_size": -1}, "pace.batch_size"),
        ({"daily_cap": "muitas"}, "pace.daily_cap"),
        ({"warm_up": True}, "pace.warm_up"),
        ({"warm_up": {"start": 0}}, "pace.warm_up"),
        ({"hours": {"start": "8h", "end": "18:00"}}, "pace.hours"),
        ({"hours": {"start": "18:00", "end": "08:00"}}, "pace.hours"),
        ({"hours": {**HOURS, "days": []}}, "pace.hours"),
        ({"hours": {**HOURS, "days": [0]}}, "pace.hours"),
        ({"hours": "sempre"}, "pace.hours"),
    ],
)
def test_bad_pace_names_its_field(ctx, given, field):
    with pytest.raises(Invalid) as caught:
        clean_pace(given)
    assert [error.field for error in caught.value.errors] == [field]


def test_zero_delay_is_allowed_and_warned_about(ctx):
    pace = read_pace(clean_pace({"delay_min_ms": 0, "delay_max_ms": 0}))
    assert len(pace_warnings(pace, is_new=False)) == 2
    assert pace_warnings(Pace(), is_new=False) == []


def test_a_new_number_is_told_to_warm_up(ctx):
    careful = Pace(daily_cap=50, warm_up=WarmUp(20), hours=read_hours(HOURS))
    assert len(pace_warnings(Pace(), is_new=True)) == 2
    assert pace_warnings(careful, is_new=True) == []


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Loja Centro", "loja-centro"), ("  Ação & Cia/1 ", "acao-cia-1"), ("测试", "numero"), ("x" * 60, "x" * 24)],
)
def test_names_at_the_gateway_are_plain(name, slug):
    assert external_name(name, "0a1b") == f"recado-{slug}-0a1b"


def test_closing_codes():
    assert closing_reason(401) == ("disconnected", "logged_out")
    assert closing_reason(403) == ("failed", "banned")
    assert closing_reason(406) == ("failed", "refused")
    assert closing_reason(None) == ("disconnected", "closed")


def test_every_reason_has_words():
    assert trouble_of(None) is None
    assert trouble_of("banned").title != trouble_of("of_a_later_version").title
