from __future__ import annotations

import zipfile
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from app.contacts.importing.limits import LIMITS, FileProblem, Limits
from app.contacts.importing.reading import default_sheet, list_sheets, read_rows
from app.contacts.importing.text_tables import detect
from tests.workbooks import messy_rows, write_csv, write_xlsx


def refusal(path: Path, limits: Limits = LIMITS) -> str:
    with pytest.raises(FileProblem) as caught:
        _open(path, limits)
    return caught.value.code


def _open(path: Path, limits: Limits) -> None:
    list_sheets(path, limits)
    list(read_rows(path, 0, limits))


def saved(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def workbook(path: Path, *rows: list[object]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def test_hidden_sheets_are_marked_and_never_chosen_first(tmp_path: Path) -> None:
    sheets = list_sheets(write_xlsx(tmp_path / "a.xlsx", messy_rows(60)))
    assert [(sheet.name, sheet.is_hidden) for sheet in sheets] == [
        ("Clientes", False),
        ("Resumo", False),
        ("Apoio", True),
    ]
    assert default_sheet(sheets).name == "Clientes"


def test_rows_keep_their_number_in_the_sheet(tmp_path: Path) -> None:
    rows = list(read_rows(write_xlsx(tmp_path / "a.xlsx", messy_rows(120))))
    assert [number for number, _ in rows[:3]] == [1, 3, 4]  # title, blank, header, data
    assert len(rows) == 122
    assert rows[-1][0] == 120 + 3 + 1  # title rows and the blank row amid the data


def test_first_column_stays_first_when_it_is_empty(tmp_path: Path) -> None:
    rows = list(read_rows(workbook(tmp_path / "a.xlsx", [None, "Nome"], [None, "Ana"])))
    assert rows == [(1, ["", "Nome"]), (2, ["", "Ana"])]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
def test_text_files_are_read_whatever_their_encoding_and_separator(
    tmp_path: Path, encoding: str, separator: str
) -> None:
    messy = messy_rows(80)
    path = write_csv(tmp_path / "a.csv", messy, encoding=encoding, separator=separator)
    rows = [cells for _, cells in read_rows(path)]
    assert [row[0] for row in rows[1:]] == [row[0] for row in messy.rows]
    assert rows[0][2] == "E-mail"


def test_excels_separator_line_is_obeyed_and_keeps_row_numbers(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.csv", b"sep=|\r\nNome|Fone\r\nAna, a boa|11987654321\r\n")
    assert list(read_rows(path)) == [(2, ["Nome", "Fone"]), (3, ["Ana, a boa", "11987654321"])]


def test_quoted_cells_may_hold_separators_and_line_breaks(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.csv", b'Nome;Fone\n"Silva; Ana\nLoja";1\nBia;2\n')
    assert [cells for _, cells in read_rows(path)] == [["Nome", "Fone"], ["Silva; Ana\nLoja", "1"], ["Bia", "2"]]


def test_one_column_of_phones_is_a_table(tmp_path: Path) -> None:
    assert len(list(read_rows(saved(tmp_path / "a.csv", b"5511987654321\n5511987654322\n")))) == 2


def test_latin_1_is_the_last_resort(tmp_path: Path) -> None:
    assert detect(saved(tmp_path / "a.csv", b"Nome;Fone\nJos\xe9\x81;1\n")).encoding == "latin-1"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"%PDF-1.7 ...", "file_not_spreadsheet"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "file_not_spreadsheet"),
        (b"<html><table><tr><td>Nome</td></tr></table></html>", "file_web_page"),
        (b"PK\x03\x04 broken", "file_damaged"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + "EncryptedPackage".encode("utf-16-le"), "file_password"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + "WordDocument".encode("utf-16-le"), "file_not_spreadsheet"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + "Workbook".encode("utf-16-le"), "file_damaged"),
        (b"a\x00b\x00\x00\x00\x00\x01\x02c" * 3 + b"x" * 200, "file_not_spreadsheet"),
    ],
)
def test_files_that_are_no_spreadsheets_say_so(tmp_path: Path, content: bytes, code: str) -> None:
    assert refusal(saved(tmp_path / "a.xlsx", content)) == code


def test_a_zip_of_something_else_is_no_spreadsheet(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("word/document.xml", "<w/>")
    assert refusal(path) == "file_not_spreadsheet"


def test_encrypted_ods_asks_for_its_password_to_be_removed(tmp_path: Path) -> None:
    path = tmp_path / "a.ods"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        package.writestr("META-INF/manifest.xml", "<manifest:encryption-data/>")
    assert refusal(path) == "file_password"


def test_bomb_announced_by_the_directory_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/workbook.xml", "<x/>")
        package.writestr("xl/worksheets/sheet1.xml", b" " * 40_000_000)
    assert refusal(path) == "file_expands"


def test_bomb_hidden_from_the_directory_dies_in_the_reader(tmp_path: Path) -> None:
    """One value in the last cell of a sheet: a tiny file that asks for half a terabyte."""
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD1048576"] = "a", "b"
    book.save(tmp_path / "a.xlsx")
    assert refusal(tmp_path / "a.xlsx") == "file_expands"


def test_limits_hold(tmp_path: Path) -> None:
    rows = [["Nome", "Fone"]] + [["Ana", "1"]] * 20
    assert refusal(workbook(tmp_path / "r.xlsx", *rows), replace(LIMITS, rows=19)) == "file_too_many_rows"
    assert refusal(workbook(tmp_path / "c.xlsx", list("abcdef")), replace(LIMITS, columns=5)) == "file_too_many_columns"
    assert refusal(workbook(tmp_path / "b.xlsx", *rows), replace(LIMITS, file_bytes=1000)) == "file_too_big"
    assert len(list(read_rows(tmp_path / "r.xlsx", 0, replace(LIMITS, rows=20)))) == 21


def test_workbook_without_cells_is_empty(tmp_path: Path) -> None:
    assert refusal(workbook(tmp_path / "a.xlsx")) == "file_empty"
