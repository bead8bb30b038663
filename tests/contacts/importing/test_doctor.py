from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.contacts.importing.doctor import Checked, Doctor, Options, Tally, examine
from app.contacts.importing.headers import find_header
from app.contacts.importing.mapping import Column, Mapping, guess
from app.contacts.importing.names import proper_case
from app.contacts.importing.problems import ERRORS, RULES
from app.contacts.importing.reading import read_rows
from tests.workbooks import Messy, messy_rows, write_csv, write_xlsx

COLUMNS = (Column(0, "Nome", "name"), Column(1, "Fone", "phone"), Column(2, "E-mail", "email"))
MAPPING = Mapping(1, (*COLUMNS, Column(3, "Cidade", "custom", "cidade")))
cells = st.one_of(st.text(max_size=20), st.floats(allow_nan=False, allow_infinity=False), st.none(), st.booleans())


def check(phone: Any, name: str = "Ana Souza", email: str = "", city: Any = "", **options: Any) -> Checked:
    found = Doctor(MAPPING, Options(**options)).check(2, [name, phone, email, city])
    assert found is not None
    return found


def codes(found: Checked) -> list[str]:
    return [problem.code for problem in found.problems]


@pytest.mark.parametrize(
    ("cell", "e164", "problem"),
    [
        ("551187654321", "+5511987654321", "phone_ninth_digit"),
        ("11987654321", "+5511987654321", "phone_country_code"),
        ("(11) 98765-4321", "+5511987654321", "phone_formatting"),
        ("'5511987654321", "+5511987654321", "phone_formatting"),
        ("5511987654321.0", "+5511987654321", "phone_decimal"),
        ("5511987654321,00", "+5511987654321", "phone_decimal"),
        ("5,511987654321E+12", "+5511987654321", "phone_decimal"),
        ("98765-4321", "+5521987654321", "phone_area_code"),
        ("11987654321 / 11912345678", "+5511987654321", "phone_two_numbers"),
        ("11987654321 ou 3333-4444", "+5511987654321", "phone_two_numbers"),
        ("Tel.: 11987654321 (mãe)", "+5511987654321", "phone_text_around"),
        ("551133334444", "+551133334444", "phone_landline"),
    ],
)
def test_phones_are_mended_and_the_mending_named(cell: str, e164: str, problem: str) -> None:
    found = check(cell, default_area="21")
    assert found.phone is not None
    assert found.phone.e164 == e164
    assert problem in codes(found)


@pytest.mark.parametrize(
    ("cell", "problem"),
    [
        ("", "phone_missing"), (None, "phone_missing"), ("5,51199E+12", "phone_scientific"),
        ("5.51E+12", "phone_scientific"), ("não tem", "phone_letters"), ("98765", "phone_too_short"),
        ("98765-4321", "phone_area_missing"), ("(20) 98765-4321", "phone_area_unknown"),
        ("55119876543210000", "phone_too_long"), (("date", "01/02/2026"), "phone_date"), ("#N/D", "phone_error_value"),
        ("########", "phone_error_value"), ("11 1234-5678", "phone_invalid"),
    ],
)  # fmt: skip
def test_rows_without_a_usable_phone_say_why(cell: Any, problem: str) -> None:
    found = check(cell)
    assert found.phone is None
    assert codes(found) == [problem]
    assert problem in ERRORS


@pytest.mark.parametrize("cell", [5511987654321.0, 5511987654321, "5511987654321"])
def test_numbers_from_excel_are_clean(cell: Any) -> None:
    assert codes(check(cell)) == []


def test_second_phone_of_a_cell_is_kept_beside_the_first() -> None:
    found = check("11 98765-4321 / 3333-4444")
    assert [phone.e164 for phone in found.others] == ["+551133334444"]


@pytest.mark.parametrize(
    ("shouted", "quiet"),
    [
        ("MARIA DAS DORES E SILVA", "Maria das Dores e Silva"), ("JOÃO D'ÁVILA", "João D'Ávila"),
        ("ANA-MARIA DE SÁ", "Ana-Maria de Sá"), ("PEDRO II", "Pedro II"),
        ("DA SILVA COMÉRCIO ME", "Da Silva Comércio ME"),
        ("JOSÉ  DO   Ó", "José do Ó"), ("J.R. DUARTE", "J.R. Duarte"),
    ],
)  # fmt: skip
def test_names_in_capitals_calm_down(shouted: str, quiet: str) -> None:
    found = check("11987654321", name=shouted)
    assert found.name == quiet
    assert "name_capitals" in codes(found)


@pytest.mark.parametrize("name", ["Ana Souza", "ABC", "maria", "McDonald", ""])
def test_other_names_stay_as_typed(name: str) -> None:
    assert check("5511987654321", name=name).name == name


@given(
    st.text(
        alphabet=st.characters(categories=("Lu", "Ll", "Zs"), max_codepoint=0x17F, exclude_characters="ßŉſİıĸ"),
        max_size=40,
    )
)
def test_proper_case_is_stable(name: str) -> None:
    once = proper_case(name)
    assert proper_case(once) == once


def test_bad_email_is_dropped_and_reported_with_a_guess() -> None:
    found = check("5511987654321", email="Joao @Exemplo,com")
    assert found.email == ""
    assert [(p.code, p.column, p.value, p.suggestion) for p in found.problems] == [
        ("email_invalid", 2, "Joao @Exemplo,com", "joao@exemplo.com")
    ]
    assert check("5511987654321", email=" Ana.B@Exemplo.com.br ").email == "ana.b@exemplo.com.br"


def test_formula_errors_do_not_become_data() -> None:
    found = check("5511987654321", city="#REF!")
    assert found.custom == {}
    assert codes(found) == ["cell_error_value"]


def test_dates_and_numbers_read_as_people_see_them() -> None:
    assert check("5511987654321", city=("date", "31/12/2026")).custom == {"cidade": "31/12/2026"}
    assert check("5511987654321", city=12.5).custom == {"cidade": "12,5"}
    assert check("5511987654321", city=40.0).custom == {"cidade": "40"}
    assert check("5511987654321", city=True).custom == {"cidade": "Sim"}


def test_same_person_with_and_without_ninth_digit_is_a_duplicate() -> None:
    doctor = Doctor(MAPPING, Options())
    doctor.check(2, ["Ana", "5511987654321"])
    again = doctor.check(3, ["Ana", "1187654321"])
    assert again is not None
    assert again.repeats == 2
    assert "duplicate_in_file" in codes(again)


def test_switched_off_repair_makes_the_row_an_error_that_keeps_its_suggestion() -> None:
    found = check("1187654321", off=frozenset(("phone_ninth_digit",)))
    assert found.phone is None
    assert [(p.code, p.suggestion) for p in found.problems] == [("phone_ninth_digit", "+5511987654321")]


def test_without_repairs_plain_writing_still_counts_as_valid() -> None:
    found = Doctor(MAPPING, Options.without_repairs()).check(2, ["ANA SOUZA", "(11) 98765-4321"])
    assert found is not None
    assert (found.name, codes(found), found.is_repaired) == ("ANA SOUZA", [], False)


def test_fixed_cell_replaces_what_the_file_says() -> None:
    doctor = Doctor(MAPPING, Options(fixes={(2, 1): "11987654321"}))
    found = doctor.check(2, ["Ana", "5,51199E+12"])
    assert found is not None
    assert found.phone is not None


def test_area_column_completes_the_number_without_a_complaint() -> None:
    mapping = Mapping(1, (Column(0, "DDD", "area"), Column(1, "Fone", "phone")))
    found = Doctor(mapping, Options()).check(2, ["021", "98765-4321"])
    assert found is not None
    assert found.phone is not None
    assert found.phone.e164 == "+5521987654321"
    assert "phone_area_code" not in codes(found)


def test_second_phone_column_steps_in_when_the_first_is_empty() -> None:
    mapping = Mapping(1, (Column(0, "Celular", "phone"), Column(1, "Fixo", "phone_extra")))
    doctor = Doctor(mapping, Options())
    alone, both = doctor.check(2, ["", "5511987654321"]), doctor.check(3, ["5521987654321", "5521987654322"])
    assert alone is not None
    assert both is not None
    assert (alone.phone and alone.phone.e164, alone.problems) == ("+5511987654321", ())
    assert [phone.e164 for phone in both.others] == ["+5521987654322"]


def test_row_of_spaces_is_no_row() -> None:
    assert Doctor(MAPPING, Options()).check(2, [" ", "\xa0", "", None]) is None


def examined(path: Path, options: Options) -> tuple[list[Checked], Tally]:
    sample = list(islice(read_rows(path), 100))
    header = find_header(sample)
    body = ((number, cells) for number, cells in read_rows(path) if number > (header.row or 0))
    found, tally = list(examine(body, guess(header, sample), options, lambda keys: keys[:1])), Tally()
    for row in found:
        tally.add(row)
    return found, tally


def workbook_or_text(tmp_path: Path, kind: str, messy: Messy) -> Path:
    return (
        write_xlsx(tmp_path / "a.xlsx", messy)
        if kind == "xlsx"
        else write_csv(tmp_path / "a.csv", messy, encoding=kind)
    )


@pytest.mark.parametrize("kind", ["xlsx", "cp1252", "utf-8-sig", "utf-16"])
def test_messy_workbook_is_counted_exactly(tmp_path: Path, kind: str) -> None:
    messy = messy_rows(2000)
    found, tally = examined(workbook_or_text(tmp_path, kind, messy), Options(default_area="11"))
    planted = messy.planted
    lost = sum(planted[code] for code in ("phone_scientific", "phone_letters", "phone_too_short", "phone_missing"))
    assert (tally.total, tally.invalid, tally.duplicates) == (2000, lost, planted["duplicate_in_file"])
    for code in ("phone_two_numbers", "phone_text_around", "name_capitals", "email_invalid", "phone_landline"):
        assert tally.kinds[code] == planted[code], code
    assert tally.kinds["phone_area_code"] == planted["phone_area_missing"]
    assert tally.kinds["phone_ninth_digit"] == planted["phone_ninth_digit"] + planted["duplicate_in_file"]
    assert tally.kinds["already_contact"] == 1
    assert len(found) == 2000


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(cells, max_size=6), max_size=30))
def test_any_cells_give_a_count_that_adds_up(rows: list[list[Any]]) -> None:
    tally = Tally()
    for found in examine(enumerate(rows, start=2), MAPPING, Options(default_area="11"), lambda keys: []):
        tally.add(found)
        assert all(problem.code in RULES for problem in found.problems)
        assert (found.phone is None) == bool({p.code for p in found.problems} & ERRORS)
    assert tally.total == tally.valid + tally.invalid
    assert tally.duplicates <= tally.valid
