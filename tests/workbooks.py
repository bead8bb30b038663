"""Real files for the import: a messy customer workbook, the same for the same seed, and what it contains."""

from __future__ import annotations

import csv
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl

FIRST = (
    "Ana",
    "Bruno",
    "Carla",
    "Davi",
    "Eduarda",
    "Fábio",
    "Gabriela",
    "Hélio",
    "Inês",
    "João",
    "Karina",
    "Luís",
    "Márcia",
    "Otávio",
    "Patrícia",
    "Rômulo",
    "Sílvia",
)
MIDDLE = (
    "Almeida",
    "Barros",
    "Conceição",
    "D'Ávila",
    "Esteves",
    "Falcão",
    "Gonçalves",
    "Hernandes",
    "Íris",
    "Junqueira",
    "Lourenço",
    "Magalhães",
)
LAST = (
    "da Silva",
    "dos Santos",
    "de Souza",
    "Araújo",
    "Brandão",
    "Cândido",
    "do Nascimento",
    "Évora",
    "Figueirêdo",
    "e Sá",
)
CITIES = ("São Paulo", "Belo Horizonte", "Curitiba", "Brasília", "Goiânia", "Maceió", "Niterói", "Ribeirão Preto")
PLANS = ("Ouro", "Prata", "Básico")
AREAS = ("11", "21", "31", "41", "51", "61", "71", "81")
HEADER = ["Nome do cliente", "Celular (WhatsApp)", "E-mail", "Cidade", "Plano", "Vencimento", "Saldo", "Obs", "Obs"]


@dataclass
class Messy:
    """Rows of cells, and how many rows carry each trouble."""

    rows: list[list[Any]] = field(default_factory=list)
    planted: Counter[str] = field(default_factory=Counter)


Trouble = Callable[[random.Random, list[Any], Messy], None]


def _phone(rng: random.Random) -> str:
    return f"55{rng.choice(AREAS)}9{rng.choice('6789')}{rng.randrange(10**7):07d}"


def _ninth(rng: random.Random, row: list[Any], _: Messy) -> None:
    row[1] = row[1][:4] + row[1][5:]


def _country(rng: random.Random, row: list[Any], _: Messy) -> None:
    row[1] = row[1][2:]


def _area(rng: random.Random, row: list[Any], _: Messy) -> None:
    row[1] = f"{row[1][4:9]}-{row[1][9:]}"


def _scientific(rng: random.Random, row: list[Any], _: Messy) -> None:
    row[1] = f"{row[1][0]},{row[1][1:6]}E+12"


def _brackets(rng: random.Random, row: list[Any], _: Messy) -> None:
    row[1] = f"({row[1][2:4]}) {row[1][4:9]}-{row[1][9:]}"


def _two(rng: random.Random, row: list[Any], _: Messy) -> None:
    row[1] = f"{row[1][2:]} / {_phone(rng)[2:]}"


def _float(rng: random.Random, row: list[Any], _: Messy) -> None:
    row[1] = float(row[1])


def _apostrophe(rng: random.Random, row: list[Any], _: Messy) -> None:
    row[1] = "'" + row[1]


def _capitals(rng: random.Random, row: list[Any], _: Messy) -> None:
    row[0] = row[0].upper()


def _email(rng: random.Random, row: list[Any], _: Messy) -> None:
    row[2] = rng.choice(("sem e-mail", "maria@", "joao @exemplo.com", "x@y"))


def _duplicate(rng: random.Random, row: list[Any], messy: Messy) -> None:
    original = next(r for r in messy.rows if isinstance(r[1], str) and r[1].isdigit() and len(r[1]) == 13)
    row[1] = original[1][:4] + original[1][5:]


def _letters(rng: random.Random, row: list[Any], _: Messy) -> None:
    row[1] = rng.choice(("não tem", "pedir na loja", "ver com a Ana"))


def _short(rng: random.Random, row: list[Any], _: Messy) -> None:
    row[1] = row[1][2:8]


def _empty(rng: random.Random, row: list[Any], _: Messy) -> None:
    row[1] = None


def _landline(rng: random.Random, row: list[Any], _: Messy) -> None:
    row[1] = f"55{row[1][2:4]}3{rng.randrange(10**7):07d}"


def _recado(rng: random.Random, row: list[Any], _: Messy) -> None:
    row[1] = f"{row[1][2:]} (recado com a mãe)"


TROUBLES: dict[str, tuple[float, Trouble]] = {
    "phone_ninth_digit": (0.04, _ninth),
    "phone_country_code": (0.10, _country),
    "phone_area_missing": (0.03, _area),
    "phone_scientific": (0.01, _scientific),
    "phone_formatting": (0.10, _brackets),
    "phone_two_numbers": (0.02, _two),
    "numeric": (0.05, _float),
    "apostrophe": (0.02, _apostrophe),
    "name_capitals": (0.06, _capitals),
    "email_invalid": (0.03, _email),
    "duplicate_in_file": (0.02, _duplicate),
    "phone_letters": (0.01, _letters),
    "phone_too_short": (0.01, _short),
    "phone_missing": (0.01, _empty),
    "phone_landline": (0.02, _landline),
    "phone_text_around": (0.01, _recado),
}


def messy_rows(count: int = 2000, seed: int = 7) -> Messy:
    """The first fifty rows are clean, so that repetitions have something to repeat."""
    rng = random.Random(seed)
    messy = Messy()
    for number in range(count):
        row = _clean_row(rng, number)
        if number >= 50:
            _spoil(rng, row, messy)
        messy.rows.append(row)
    return messy


def _clean_row(rng: random.Random, number: int) -> list[Any]:
    name = f"{rng.choice(FIRST)} {rng.choice(MIDDLE)} {rng.choice(LAST)}"
    due = date(2026, 1, 1) + timedelta(days=rng.randrange(365))
    balance = round(rng.uniform(10, 900), 2)
    email = f"cliente{number}@exemplo.com.br"
    place, plan, remark = rng.choice(CITIES), rng.choice(PLANS), "VIP" if number % 9 == 0 else ""
    return [name, _phone(rng), email, place, plan, due, balance, "", remark]


def _spoil(rng: random.Random, row: list[Any], messy: Messy) -> None:
    """At most one trouble a row, so that the counts are exact."""
    luck = rng.random()
    for kind, (share, spoil) in TROUBLES.items():
        if luck < share:
            spoil(rng, row, messy)
            messy.planted[kind] += 1
            return
        luck -= share


def write_xlsx(path: Path, messy: Messy, *, title_rows: bool = True) -> Path:
    """A title over the header, a blank row amid the data, a second and a hidden sheet."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Clientes"
    if title_rows:
        sheet.append(["Relatório de clientes — matriz e filiais"])
        sheet.append([])
    sheet.append(HEADER)
    for number, row in enumerate(messy.rows):
        if number == 100:
            sheet.append([])
        sheet.append(row)
    book.create_sheet("Resumo").append(["Total", len(messy.rows)])
    hidden = book.create_sheet("Apoio")
    hidden.append(["uso interno"])
    hidden.sheet_state = "hidden"
    book.save(path)
    return path


def write_csv(path: Path, messy: Messy, *, encoding: str = "utf-8", separator: str = ";") -> Path:
    with path.open("w", newline="", encoding=encoding, errors="replace") as stream:
        writer = csv.writer(stream, delimiter=separator)
        writer.writerow(HEADER)
        writer.writerows([_as_text(cell) for cell in row] for row in messy.rows)
    return path


def _as_text(cell: Any) -> str:
    if isinstance(cell, date):
        return cell.strftime("%d/%m/%Y")
    if isinstance(cell, float):
        return f"{cell:.0f}.0" if cell > 1e9 else f"{cell:.2f}".replace(".", ",")
    return "" if cell is None else str(cell)


if __name__ == "__main__":
    import sys

    write_xlsx(Path(sys.argv[1]), messy_rows())
