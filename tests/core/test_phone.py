from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core import phone
from app.core.phone import PhoneError

CODES = {"missing", "letters", "too_short", "too_long", "area_missing", "area_unknown", "invalid"}
areas = st.sampled_from(sorted(phone.AREAS))
old_mobiles = st.from_regex(r"[6-9][0-9]{7}", fullmatch=True)
new_mobiles = st.from_regex(r"9[0-9]{8}", fullmatch=True)
landlines = st.from_regex(r"[2-5][0-9]{7}", fullmatch=True)
locals_ = st.one_of(new_mobiles, landlines)


@given(areas, old_mobiles)
def test_mobile_with_and_without_ninth_digit_is_one_phone(area: str, number: str) -> None:
    with_nine, without = phone.parse(f"55{area}9{number}"), phone.parse(f"55{area}{number}")
    assert with_nine.e164 == without.e164 == f"+55{area}9{number}"
    assert with_nine.key == without.key == f"55{area}{number}"
    assert without.repairs == ("ninth_digit",)


@given(areas, st.from_regex(r"[2-5][0-9]{7}", fullmatch=True))
def test_mobile_is_not_the_landline_with_its_last_eight_digits(area: str, number: str) -> None:
    assert phone.parse(f"55{area}9{number}").key != phone.parse(f"55{area}{number}").key


@given(areas, locals_)
def test_every_way_of_writing_it_gives_the_same_number(area: str, number: str) -> None:
    written = [
        f"+55{area}{number}",
        f"55 {area} {number}",
        f"({area}) {number[:-4]}-{number[-4:]}",
        f"0{area} {number}",
        f"+55 ({area}) {number[:-4]}.{number[-4:]}",
        f"0055{area}{number}",
        f"0 21 {area} {number}",
    ]
    assert {phone.parse(text).e164 for text in written} == {f"+55{area}{number}"}


@given(areas, locals_)
def test_default_area_completes_a_local_number(area: str, number: str) -> None:
    found = phone.parse(number, default_area=area)
    assert found.e164 == f"+55{area}{number}"
    assert "area_code" in found.repairs
    with pytest.raises(PhoneError, match="area_missing"):
        phone.parse(number)


@given(areas, locals_)
def test_parsing_what_was_parsed_changes_nothing(area: str, number: str) -> None:
    first = phone.parse(area + number)
    again = phone.parse(first.e164)
    assert (again.e164, again.key, again.repairs) == (first.e164, first.key, ())
    assert phone.parse(phone.format_phone(first.e164)).e164 == first.e164
    assert phone.canonical_key(first.e164) == first.key


@given(areas, locals_)
def test_every_address_variant_leads_back_to_the_phone(area: str, number: str) -> None:
    e164 = f"+55{area}{number}"
    assert {phone.from_jid(jid).e164 for jid in phone.jid_variants(e164)} == {e164}


@given(st.text(max_size=30))
def test_any_text_is_a_phone_or_a_phone_error(text: str) -> None:
    assert re.fullmatch(r"\+[1-9][0-9]{6,14}", _e164_or_code(text)) or _e164_or_code(text) in CODES


def _e164_or_code(text: str) -> str:
    try:
        return phone.parse(text, default_area="11").e164
    except PhoneError as error:
        return error.code


@pytest.mark.parametrize(
    ("raw", "e164"),
    [
        ("+1 415 555 2671", "+14155552671"),
        ("00351 912 345 678", "+351912345678"),
        ("0800 123 4567", "+558001234567"),
        ("+52 1 55 1234 5678", "+525512345678"),
        ("55987654321", "+5555987654321"),
    ],
)
def test_foreign_and_special_numbers(raw: str, e164: str) -> None:
    assert phone.parse(raw).e164 == e164


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("", "missing"),
        (" ", "missing"),
        ("abc", "letters"),
        ("11 98765-432X", "letters"),
        ("12345", "too_short"),
        ("11 98765-43210", "too_long"),
        ("20 98765-4321", "area_unknown"),
        ("12345678901234567", "too_long"),
        ("11 1234-5678", "invalid"),
    ],
)
def test_bad_numbers_say_why(raw: str, code: str) -> None:
    with pytest.raises(PhoneError) as caught:
        phone.parse(raw)
    assert caught.value.code == code


def test_phones_are_shown_the_brazilian_way() -> None:
    assert phone.format_phone("+5511987654321") == "+55 (11) 98765-4321"
    assert phone.format_phone("+551133334444") == "+55 (11) 3333-4444"
    assert phone.format_phone("+14155552671") == "+1 415-555-2671"


@pytest.mark.parametrize("jid", ["222333444555@lid", "120363021234567890@g.us", "status@broadcast", "", "5511"])
def test_addresses_without_a_phone_give_none(jid: str) -> None:
    assert phone.from_jid(jid) is None


def test_device_part_of_an_address_is_ignored() -> None:
    assert phone.from_jid("5511987654321:12@s.whatsapp.net").e164 == "+5511987654321"


def test_likelier_address_comes_first() -> None:
    assert phone.jid_variants("+5531987654321")[0] == "553187654321@s.whatsapp.net"
    assert phone.jid_variants("+5511987654321")[0] == "5511987654321@s.whatsapp.net"
    assert phone.jid_variants("+5511947654321") == ("5511947654321@s.whatsapp.net",)
    assert phone.jid_variants("+5491123456789") == (
        "5491123456789@s.whatsapp.net",
        "541123456789@s.whatsapp.net",
    )
