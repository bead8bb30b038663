"""The person's own sheet back, with what happened to each row beside it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask_babel import gettext as _

from app.contacts.importing.cells import cell_text
from app.contacts.importing.doctor import Checked, Doctor
from app.contacts.importing.mapping import Mapping
from app.contacts.importing.problems import RULES, TIDY
from app.contacts.importing.reading import read_rows
from app.contacts.importing.tables_out import write_table
from app.contacts.models import Import
from app.contacts.queries import imports
from app.contacts.service.exports import FORMATS
from app.contacts.service.import_check import options_of
from app.core import files
from app.core.db import transaction
from app.core.facts import notify
from app.core.phone import format_phone
from app.core.storage import new_key, storage

WORKBOOK_ROWS = 100_000  # a larger result comes as csv: a workbook of it takes minutes to write and to open


def make_result(import_id: uuid.UUID) -> None:
    """Safe to run twice: it writes the same file again."""
    with transaction():  # ended before the writing, which takes a while and holds no connection
        found = imports.get_import(import_id)
        if found.status not in ("completed", "undone"):
            return
        kind, rows = result_kind(found), _rows(found)
        key, path = new_key(found.tenant_id), files.path(f"{found.storage_key}/result")
    write_table(path, kind, rows)
    with path.open("rb") as stream:
        storage().put(key, stream, FORMATS[kind])
    path.unlink()
    with transaction():
        done = imports.get_import(import_id)
        done.result_key = key
        notify("import.progress", import_id=done.id, status=done.status, progress=done.progress)


def result_kind(found: Import) -> str:
    return "xlsx" if found.total <= WORKBOOK_ROWS else "csv"


def _rows(found: Import) -> Iterator[list[Any]]:
    """The original rows, the header included, each with three columns more."""
    mapping = Mapping.from_json(found.mapping)
    doctor = Doctor(mapping, options_of(found))
    upload, sheet = files.path(f"{found.storage_key}/upload"), found.analysis["sheet"]
    outcomes = _outcomes(files.path(f"{found.storage_key}/outcomes"))
    header, width, words = mapping.header_row or 0, len(mapping.columns), _words()

    def rows() -> Iterator[list[Any]]:
        if not header:
            yield [column.name for column in mapping.columns] + _titles()
        for number, cells in read_rows(upload, sheet):
            texts = [cell_text(cell) for cell in cells]
            texts += [""] * (width - len(texts))
            if number > header:
                texts += _verdict(doctor.check(number, cells), outcomes.get(number), words)
            yield texts + _titles() if number == header else texts

    return rows()


def _titles() -> list[str]:
    return [_("Resultado"), _("Telefone usado"), _("Observações")]


def _words() -> dict[str, str]:
    return {
        "created": _("Contato criado"),
        "updated": _("Contato atualizado"),
        "unchanged": _("Já estava nos contatos, nada mudou"),
        "duplicate": _("Repetido no arquivo"),
        "invalid": _("Não importado"),
    }


def _verdict(checked: Checked | None, outcome: str | None, words: dict[str, str]) -> list[str]:
    if checked is None:
        return []
    phone = format_phone(checked.phone.e164) if checked.phone else ""
    remarks = [str(RULES[problem.code].title) for problem in checked.problems if problem.code not in TIDY]
    return [words[outcome or "invalid"], phone, "; ".join(dict.fromkeys(remarks))]


def _outcomes(path: Path) -> dict[int, str]:
    """Interned words: half a million rows cost a few dozen megabytes."""
    kinds = {kind: kind for kind in ("created", "updated", "unchanged", "duplicate")}
    with path.open(encoding="utf-8") as stream:
        return {int(number): kinds[kind] for number, kind in (line.rstrip("\n").split("\t") for line in stream)}
