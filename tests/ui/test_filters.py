from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask, g
from flask_babel import refresh

from app.ui import filters

NOON = datetime(2026, 11, 21, 15, 4, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _in_portuguese(site: Flask):
    with site.test_request_context("/"):
        yield


def test_moments_show_in_the_tenants_zone():
    assert filters.as_datetime(NOON) == "21/11/2026 12:04"
    g.timezone = "America/Manaus"
    refresh()
    assert filters.as_datetime(NOON) == "21/11/2026 11:04"


def test_date_and_time_alone():
    assert (filters.as_date(NOON), filters.as_time(NOON)) == ("21/11/2026", "12:04")
    assert filters.as_date(NOON.date()) == "21/11/2026"


@pytest.mark.parametrize(
    "missing", [filters.as_datetime, filters.as_date, filters.as_time, filters.number, filters.money]
)
def test_nothing_shows_as_nothing(missing):
    assert missing(None) == ""


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=10), "agora"),
        (timedelta(minutes=5), "há 5 minutos"),
        (timedelta(hours=-3), "em 3 horas"),
        (timedelta(days=8), "13/11/2026"),
    ],
)
def test_relative_time(ago: timedelta, words: str):
    assert filters.relative(NOON - ago, now=NOON) == words


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (timedelta(hours=4), "hoje às 16:04"),
        (timedelta(hours=12), "amanhã às 00:04"),
        (timedelta(days=-1), "ontem às 12:04"),
        (timedelta(days=3), "ter às 12:04"),
        (timedelta(days=30), "21/12/2026 às 12:04"),
        (timedelta(days=-3), "18/11/2026 às 12:04"),
    ],
)
def test_near_moments_in_the_words_of_people(ahead: timedelta, words: str):
    assert filters.when(NOON + ahead, now=NOON) == words


def test_numbers_as_brazilians_write_them():
    assert filters.number(1240) == "1.240"
    assert filters.money(1234.5) == "R$\N{NO-BREAK SPACE}1.234,50"
    assert filters.money(0) == "R$\N{NO-BREAK SPACE}0,00"
    assert filters.percent(0.4237, 1) == "42,4%"


def test_percent_is_never_a_hundred_before_the_end():
    assert filters.percent(0.9996) == "99%"
    assert filters.percent(1.0) == "100%"
    assert filters.percent(None) == "–"


@pytest.mark.parametrize(
    ("size", "words"), [(0, "0 B"), (900, "900 B"), (1_234_567, "1,2 MB"), (52_428_800, "50 MB"), (2**41, "2 TB")]
)
def test_file_sizes(size: int, words: str):
    assert filters.filesize(size) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(5, "5 s"), (65, "1 min 05 s"), (720, "12 min"), (7500, "2 h 05 min"), (100_000, "1 d 3 h")],
)
def test_durations_keep_their_two_largest_units(seconds: int, words: str):
    assert filters.duration(seconds) == words


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Maria Aparecida de Souza", "MS"), ("Zé", "Z"), ("", "?"), (None, "?"), ("+55 11", "#"), ("Élcio 2", "É")],
)
def test_initials(name: str | None, letters: str):
    assert filters.initials(name) == letters


def test_whatsapp_marks_become_markup_and_everything_else_is_escaped():
    shown = filters.whatsapp("Oi *Ana* <b>x</b>\n_já_ ~não~ 2*3*4")
    assert shown == "Oi <strong>Ana</strong> &lt;b&gt;x&lt;/b&gt;<br><em>já</em> <s>não</s> 2*3*4"


@pytest.mark.parametrize(
    ("page", "total", "window"),
    [
        (1, 1, [1]),
        (1, 5, [1, 2, None, 5]),
        (3, 5, [1, 2, 3, 4, 5]),
        (5, 31, [1, None, 4, 5, 6, None, 31]),
        (31, 31, [1, None, 30, 31]),
    ],
)
def test_page_window_hides_no_single_page(page: int, total: int, window: list[int | None]):
    assert filters.page_window(page, total) == window


def test_errors_of_nested_fields_are_found():
    assert filters.flatten_errors([{"a": ["um"]}, ("dois", ["três"])]) == ["um", "dois", "três"]
