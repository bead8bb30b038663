"""What a spreadsheet cell holds, as the text a person sees in it."""

from __future__ import annotations

from typing import Any

# Excel's, in Portuguese and English; workbooks give empty cells instead, text files carry the words
ERROR_VALUES = frozenset(
    (
        *("#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!"),
        *("#N/D", "#VALOR!", "#NOME?", "#NULO!", "#NÚM!", "#DESPEJAR!"),
    )
)


def cell_text(value: Any) -> str:
    if type(value) is str:
        return value.strip()
    if type(value) is float:
        return _number_text(value)
    if value is None:
        return ""
    if type(value) is bool:
        return "Sim" if value else "Não"
    if type(value) is tuple:  # ("date", text)
        return value[1]
    return str(value)


def _number_text(value: float) -> str:
    """Whole numbers without ".0", others with the Brazilian comma; exact up to 15 digits, as Excel is."""
    if value.is_integer() and abs(value) < 1e16:
        return str(int(value))
    return f"{value:.15g}".replace(".", ",")


def is_date(value: Any) -> bool:
    return type(value) is tuple


def is_error_value(text: str) -> bool:
    return text[:1] == "#" and (text.upper() in ERROR_VALUES or set(text) == {"#"})


def column_letter(index: int) -> str:
    letters = ""
    number = index + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
