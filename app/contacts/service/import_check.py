"""The check of an import, run by a job: sheets, columns, every row; nothing reaches the contacts yet."""

from __future__ import annotations

import gc
import io
import json
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import text

from app.accounts.models import Tenant
from app.contacts.importing.doctor import Checked, Options, Tally, examine, needs_a_look
from app.contacts.importing.headers import find_header
from app.contacts.importing.limits import FileProblem
from app.contacts.importing.mapping import Mapping, MappingError, check, from_request, guess
from app.contacts.importing.reading import Row, default_sheet, list_sheets, read_rows, sample_rows
from app.contacts.importing.spill import Spill
from app.contacts.importing.workbooks import Sheet
from app.contacts.models import Import
from app.contacts.queries import imports
from app.contacts.queries.people import count_all
from app.contacts.service import import_claims as claims
from app.contacts.service.copying import copy_in
from app.contacts.service.imports import confirm_import
from app.core import facts, files
from app.core.context import current_actor
from app.core.db import read_session, transaction

PER_KIND = 2000  # rows kept for the page of each kind of problem; counts are always whole
_TOLD_EVERY = 10_000
_KEPT = "row_number integer, outcome text, problems jsonb, cells jsonb"
_KNOWN = text("""
    SELECT i.value FROM contact_identities i JOIN contacts c ON c.id = i.contact_id
    WHERE i.tenant_id = :tenant AND i.kind = 'phone' AND i.value = ANY(:keys) AND c.deleted_at IS NULL
""")


def check_import(import_id: uuid.UUID) -> None:
    """Safe to run twice and at once: only the holder of the claim writes."""
    owner = claims.claim(import_id, "pending", "checking")
    if owner is None:
        return
    found = imports.get_import(import_id)
    try:
        analysis = claims.attempts(found.analysis)
        claims.keep(import_id, owner, analysis=analysis)
        _examine(found, owner)
    except FileProblem as problem:
        claims.fail(import_id, owner, problem)
    except claims.ClaimLost:
        return


def _examine(found: Import, owner: str) -> None:
    path = files.path(f"{found.storage_key}/upload")
    mapping, analysis = _columns(found, path)
    options = options_of(found)
    import_id, asked = found.id, found.options
    known = _known()
    # the commit also gives the connection back: reading the file may take a while
    claims.keep(import_id, owner, mapping=mapping.as_json(), analysis=analysis, sheet=analysis["sheet_name"])
    try:
        check(mapping)
    except MappingError as error:
        _ask_for_columns(import_id, owner, analysis, asked, error)
        return
    analysis |= {"spill": f"imports/{import_id}/valid-{owner}"}
    report = _Report(import_id, owner, analysis["rows"])
    body = (row for row in read_rows(path, analysis["sheet"]) if row[0] > (mapping.header_row or 0))
    with Spill(files.path(analysis["spill"])) as spill, _no_garbage_rounds():
        for checked in examine(body, mapping, options, known):
            spill.add(checked)
            report.add(checked)
    _finish(import_id, owner, report, analysis)


@contextmanager
def _no_garbage_rounds() -> Iterator[None]:
    """Millions of small tuples and no cycle among them: looking for cycles would cost a quarter of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _columns(found: Import, path: Path) -> tuple[Mapping, dict[str, Any]]:
    sheets = list_sheets(path)
    index = found.options.get("sheet", default_sheet(sheets).index)
    sheet = next((sheet for sheet in sheets if sheet.index == index), None)
    if sheet is None:
        raise FileProblem("file_sheet_missing")
    analysis = found.analysis | {"sheets": [_described(one) for one in sheets], "sheet": index}
    analysis |= {"sheet_name": sheet.name, "rows": sheet.rows, "needs_columns": False}
    if found.mapping:
        return Mapping.from_json(found.mapping), analysis
    return _guessed(sample_rows(sheet), found.options.get("columns")), analysis


def _described(sheet: Sheet) -> dict[str, Any]:
    return {key: value for key, value in sheet._asdict().items() if key != "sample"}


def _guessed(sample: list[Row], wanted: dict[str, str] | None) -> Mapping:
    if not sample:
        raise FileProblem("file_empty")
    mapping = guess(find_header(sample), sample)
    if not wanted:
        return mapping
    try:
        return from_request(mapping, wanted)
    except MappingError as error:
        raise FileProblem("columns", codes=list(error.codes)) from error


def _ask_for_columns(
    import_id: uuid.UUID, owner: str, analysis: dict[str, Any], options: dict[str, Any], error: MappingError
) -> None:
    """A person will say which column is the phone; the API has nobody to ask."""
    if options.get("confirms"):
        raise FileProblem("columns", codes=list(error.codes)) from error
    with transaction():
        waiting = analysis | {"needs_columns": True}
        claims.keep(import_id, owner, status="ready", analysis=waiting, owner=None, lease=None, progress=100)
        facts.emit("import.progress", import_id=import_id, status="ready", progress=100)


def options_of(found: Import) -> Options:
    tenant = read_session().get_one(Tenant, found.tenant_id)
    values: dict[str, Any] = {"region": tenant.region}
    values["default_area"] = found.options.get("default_area") or tenant.area_code
    off = found.options.get("off", [])
    if "*" in off:
        return Options.without_repairs(**values)
    fixes = {tuple(map(int, key.split(":"))): value for key, value in found.fixes.items()}
    return Options(off=frozenset(off), fixes=fixes, **values)  # type: ignore[arg-type]


def _known() -> Callable[[Sequence[str]], Iterable[str]]:
    """A company without contacts, at its first sheet, has nobody to look up."""
    return known_keys if count_all() else lambda keys: ()


def known_keys(keys: Sequence[str]) -> Iterable[str]:
    """Which of these phones are contacts already."""
    with transaction() as session:
        return session.scalars(_KNOWN, {"tenant": current_actor().tenant_id, "keys": list(keys)}).all()


class _Report:
    """Counts everything, keeps the rows that the page will show, tells the progress."""

    def __init__(self, import_id: uuid.UUID, owner: str, total: int) -> None:
        self.tally = Tally()
        self.kept = io.StringIO()
        self._kinds: Counter[str] = Counter()
        self._import_id, self._owner, self._total = import_id, owner, total

    def add(self, found: Checked) -> None:
        self.tally.add(found)
        if found.problems and needs_a_look(found):
            self._keep(found)
        if self.tally.total % _TOLD_EVERY == 0:
            done = min(99, self.tally.total * 100 // self._total) if self._total else 50
            claims.tell(self._import_id, self._owner, done, "checking")

    def _keep(self, found: Checked) -> None:
        codes = {problem.code for problem in found.problems}
        if all(self._kinds[code] >= PER_KIND for code in codes):
            return
        self._kinds.update(codes)
        problems = [problem._asdict() for problem in found.problems]
        shown = {"name": found.name, "phone": found.phone.e164 if found.phone else ""}
        row = (str(found.row), _provisional(found), json.dumps(problems), json.dumps(shown))
        self.kept.write("\t".join(part.replace("\\", "\\\\") for part in row) + "\n")


def _provisional(found: Checked) -> str:
    """Until the write says what became of the row."""
    if found.phone is None:
        return "invalid"
    return "duplicate" if found.repeats is not None else "unchanged"


def _finish(import_id: uuid.UUID, owner: str, report: _Report, analysis: dict[str, Any]) -> None:
    tally = report.tally
    if not tally.total:
        raise FileProblem("file_no_rows")
    with transaction():
        _store_rows(import_id, report.kept)
        told = analysis | {"kinds": tally.kinds, "attempts": 0}
        counts = {key: getattr(tally, key) for key in ("total", "valid", "invalid", "repaired", "duplicates")}
        claims.keep(import_id, owner, status="ready", progress=100, analysis=told, owner=None, lease=None, **counts)
        facts.emit("import.progress", import_id=import_id, status="ready", progress=100)
        _confirm_by_itself(import_id)


def _confirm_by_itself(import_id: uuid.UUID) -> None:
    found = imports.get_import(import_id)
    if not found.options.get("confirms"):
        return
    if found.valid:
        confirm_import(import_id)
    else:
        found.status = "completed"


def _store_rows(import_id: uuid.UUID, kept: io.StringIO) -> None:
    kept.seek(0)
    tenant = current_actor().tenant_id
    with transaction() as session:
        session.execute(text("DELETE FROM import_rows WHERE import_id = :id"), {"id": import_id})
        session.execute(
            text(
                "CREATE TEMP TABLE kept (row_number integer, outcome text, problems jsonb, cells jsonb) ON COMMIT DROP"
            )
        )
        copy_in(session, "kept", "row_number, outcome, problems, cells", kept)
        session.execute(
            text(
                "INSERT INTO import_rows (tenant_id, import_id, row_number, outcome, problems, cells) "
                "SELECT :tenant, :id, row_number, outcome, problems, cells FROM kept"
            ),
            {"tenant": tenant, "id": import_id},
        )
