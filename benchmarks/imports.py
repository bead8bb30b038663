"""Goals 7 and 8: a sheet of 100,000 rows, one in twenty dirty, checked and imported; against parse + COPY + upsert.

Both run in a process of their own, as an import does, so that the memory is theirs.
"""

import csv
import io
import json
import multiprocessing
import re
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import openpyxl
import psycopg2
import python_calamine

from app.contacts.queries import imports as found_imports
from app.contacts.service import import_check, import_write
from app.contacts.service.imports import Wishes, start_import
from app.core.context import acting
from benchmarks import seeds
from benchmarks.common import Stack
from benchmarks.report import Pair, Row, interleave, main
from tests.factories import Company, make_company

ROWS, DIRTY_EVERY = 100_000, 20
HEADER = ["Nome", "Telefone", "E-mail", "Cidade", "Pedido", "Valor"]
MOST_MB = 300.0
_STAGE = "CREATE TEMP TABLE stage (id uuid, name text, phone text, key text, email text, fields jsonb)"
_CONTACTS = """
    INSERT INTO contacts (id, tenant_id, name, phone, email, custom_fields, search)
    SELECT s.id, %(tenant)s, name, '+' || phone, email, fields, lower(name) || ' ' || phone FROM stage s
"""
_IDENTITIES = """
    INSERT INTO contact_identities (tenant_id, kind, value, display, contact_id)
    SELECT %(tenant)s, 'phone', key, phone, id FROM stage ON CONFLICT (tenant_id, kind, value) DO NOTHING
"""


def rows() -> Iterator[list[str]]:
    for n in range(ROWS):
        digits = seeds.phone_of(n)
        phone = f"+{digits[:2]} ({digits[2:4]}) {digits[4:9]}-{digits[9:]}"
        if n % DIRTY_EVERY == 0:
            phone = ("sem telefone", "12345", digits[4:], f"{digits} / {digits}")[n // DIRTY_EVERY % 4]
        yield [f"Maria de Souza {n}", phone, f"maria{n}@exemplo.com.br", "São Paulo", f"{n:06d}", "129,90"]


def write_csv(path: Path) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file, delimiter=";").writerows([HEADER, *rows()])


def write_xlsx(path: Path) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Clientes")
    for row in [HEADER, *rows()]:
        sheet.append(row)
    book.save(path)


def run(stack: Stack, rounds: int) -> list[Row]:
    found = []
    for goal, name, write in (("7", "clientes.csv", write_csv), ("8", "clientes.xlsx", write_xlsx)):
        path = stack.folder / name
        write(path)
        peaks: list[float] = []
        pair = interleave(lambda p=path, m=peaks: _ours(stack, p, m), lambda p=path: _bare(stack, p), min(rounds, 3))
        found += _told(goal, name.partition(".")[2].upper(), pair, max(peaks))
    return found


def _told(goal: str, kind: str, pair: Pair, peak: float) -> list[Row]:
    figure, limit = f"{pair.our_median:.0f} rows/s", f"{pair.limit_median:.0f} rows/s"
    memory = (f"{peak:.0f} MB", f"{MOST_MB:.0f} MB", peak / MOST_MB)
    return [
        Row(f"{goal} {kind} import", figure, limit, pair.ratio, 0.50),
        Row(f"{goal} {kind} import: peak memory", *memory, 1.0, is_ceiling=True),
    ]


def _apart(call: Callable[..., None], *arguments: Any) -> tuple[float, float]:
    """Seconds and peak MB, told by a fresh process."""
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    process = context.Process(target=call, args=(*arguments, answers))
    process.start()
    seconds, peak = answers.get(timeout=120)
    process.join()
    return seconds, peak


def _ours(stack: Stack, path: Path, peaks: list[float]) -> float:
    seconds, peak = _apart(import_file, stack, path)
    peaks.append(peak)
    return ROWS / seconds


def _bare(stack: Stack, path: Path) -> float:
    return ROWS / _apart(copy_file, stack, path)[0]


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def import_file(stack: Stack, path: Path, answers: Any) -> None:
    """Check with its report, then write; into a company of its own."""
    with stack.app().app_context():
        company = make_company()
        with acting(company.actor("admin")):
            started = time.perf_counter()
            with path.open("rb") as stream:
                wanted = start_import(stream, path.name, Wishes(confirms=True)).id
            import_check.check_import(wanted)
            import_write.write_import(wanted)
            seconds = time.perf_counter() - started
            done = found_imports.get_import(wanted)
            if done.status != "completed" or done.total != ROWS or done.created < ROWS * 0.9:
                raise AssertionError(f"{done.status}: {done.total} rows, {done.created} created")
    answers.put((seconds, _peak_mb()))


def copy_file(stack: Stack, path: Path, answers: Any) -> None:
    """As a program would that trusts its sheet: digits out of the phone, COPY, upsert."""
    with stack.app().app_context():
        company = make_company()
    started = time.perf_counter()
    with psycopg2.connect(stack.app_url) as connection, connection.cursor() as cursor:
        _copy_into(cursor, company, path)
    answers.put((time.perf_counter() - started, _peak_mb()))


def _copy_into(cursor: Any, company: Company, path: Path) -> None:
    values = {"tenant": str(company.tenant_id)}
    cursor.execute("SELECT set_config('app.tenant_id', %(tenant)s, true)", values)
    cursor.execute(_STAGE)
    stage = io.StringIO()
    for row in _cells(path):
        phone = "55" + re.sub(r"\D", "", row[1]).removeprefix("55")
        fields = json.dumps({"Cidade": row[3], "Pedido": row[4], "Valor": row[5]}, ensure_ascii=False)
        stage.write("\t".join([str(seeds.ids.new_id()), row[0], phone, phone, row[2], fields]) + "\n")
    stage.seek(0)
    cursor.copy_expert("COPY stage FROM STDIN", stage)
    cursor.execute(_CONTACTS, values)
    cursor.execute(_IDENTITIES, values)


def _cells(path: Path) -> Iterator[list[str]]:
    if path.suffix == ".csv":
        with path.open(newline="") as file:
            yield from list(csv.reader(file, delimiter=";"))[1:]
    else:
        sheet = python_calamine.CalamineWorkbook.from_path(path).get_sheet_by_index(0)
        yield from (row for n, row in enumerate(sheet.iter_rows()) if n)


if __name__ == "__main__":
    main(run)
