"""Goals 7 and 8: a sheet of 100,000 customers, 5 % of the rows dirty, from the uploaded file to the last contact.

The limit reads the same file, keeps the digits of the phone, makes the JSON of the other columns, COPYs to a temporary
table and upserts into a table with one key and no other index. Ours also checks and reports every row, keeps what an
undo needs, and writes two tables with nine indexes, one of them of trigrams.
"""

import csv
import json
import random
import resource
import tempfile
import time
from collections.abc import Iterable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import openpyxl
from python_calamine import CalamineWorkbook

from app.contacts.queries.imports import get_import
from app.contacts.service.import_check import check_import
from app.contacts.service.import_write import write_import
from app.contacts.service.imports import Wishes, start_import
from app.core.context import acting
from benchmarks.common import Stack
from benchmarks.report import Row, interleave, main
from tests.factories import make_company

ROWS = 100_000
HEADER = ["Nome", "Telefone", "E-mail", "Cidade", "Plano", "Vencimento"]
BARE = "phone text PRIMARY KEY, name text, email text, vars jsonb"
_UPSERT = """INSERT INTO bare_contacts SELECT DISTINCT ON (phone) * FROM bare_staged
    ON CONFLICT (phone) DO UPDATE SET name = excluded.name, email = excluded.email, vars = excluded.vars"""


def run(stack: Stack, rounds: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder, stack.app().app_context():
        rows = list(_customers())
        files = {"7 csv import": _csv(Path(folder), rows), "8 xlsx import": _xlsx(Path(folder), rows)}
        with stack.cursor(stack.owner_url) as cursor:
            cursor.execute(f"CREATE TABLE bare_contacts ({BARE}); GRANT ALL ON bare_contacts TO recado_app")
        return [_compare(stack, goal, path, rounds) for goal, path in files.items()]


def _compare(stack: Stack, goal: str, path: Path, rounds: int) -> Row:
    pair = interleave(lambda: _ours(path), lambda: _bare(stack, path), rounds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figure, limit = f"{pair.our_median:,.0f} rows/s", f"{pair.limit_median:,.0f} rows/s"
    return Row(goal, figure, limit, pair.ratio, 0.50, note=f"peak of the whole process {peak:.0f} MB")


def _customers() -> Iterator[list[str]]:
    rng = random.Random(7)
    for number in range(ROWS):
        phone = f"55{rng.choice(('11', '21', '31'))}9{rng.choice('6789')}{rng.randrange(10**7):07d}"
        name, email = f"Cliente {number} da Silva", f"c{number}@exemplo.com.br"
        yield [name, _dirty(phone, number), email, "São Paulo", "Ouro", "10/12/2026"]


def _dirty(phone: str, number: int) -> str:
    """Every twentieth row has one of five troubles."""
    written = {
        0: f"({phone[2:4]}) {phone[4:9]}-{phone[9:]}",
        20: phone[:4] + phone[5:],
        40: "não tem",
        60: phone[2:],
        80: f"{phone} / 1133334444",
    }
    return written.get(number % 100, phone)


def _csv(folder: Path, rows: list[list[str]]) -> Path:
    path = folder / "customers.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream, delimiter=";").writerows([HEADER, *rows])
    return path


def _xlsx(folder: Path, rows: list[list[str]]) -> Path:
    path, book = folder / "customers.xlsx", openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Clientes")
    for row in (HEADER, *rows):
        sheet.append(row)
    book.save(path)
    return path


def _ours(path: Path) -> float:
    """Upload, check and write, as the two jobs do it; rows a second."""
    with acting(make_company().actor("admin")):
        started = time.perf_counter()
        with path.open("rb") as stream:
            import_id = start_import(stream, path.name, Wishes(confirms=True)).id
        check_import(import_id)
        write_import(import_id)
        took = time.perf_counter() - started
        done = get_import(import_id)
        if done.status != "completed" or done.total != ROWS:
            raise AssertionError(f"{done.status}: {done.total} rows")
    return ROWS / took


def _bare(stack: Stack, path: Path) -> float:
    with stack.cursor() as cursor:
        cursor.execute("TRUNCATE bare_contacts")
        started = time.perf_counter()
        staged = _staged(_read(path))
        cursor.execute("BEGIN")
        cursor.execute("CREATE TEMP TABLE bare_staged (phone text, name text, email text, vars jsonb) ON COMMIT DROP")
        cursor.copy_expert("COPY bare_staged FROM STDIN", staged)
        cursor.execute(_UPSERT)
        cursor.execute("COMMIT")
        return ROWS / (time.perf_counter() - started)


def _read(path: Path) -> Iterable[list[Any]]:
    if path.suffix == ".xlsx":
        return CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).iter_rows()
    return csv.reader(StringIO(path.read_text("utf-8"), newline=""), delimiter=";")


def _staged(rows: Iterable[list[Any]]) -> StringIO:
    lines, header = StringIO(), None
    for name, phone, email, *rest in rows:
        if header is None:
            header = rest
            continue
        digits = "".join(filter(str.isdigit, phone))
        if digits:
            fields = json.dumps(dict(zip(header, rest, strict=True)), ensure_ascii=False)
            lines.write(f"{digits}\t{name}\t{email}\t{fields}\n")
    lines.seek(0)
    return lines


if __name__ == "__main__":
    main(run)
