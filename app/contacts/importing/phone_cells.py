"""The phone cell: what people and Excel do to a number, undone where it can be."""

from __future__ import annotations

import re
from typing import NamedTuple

from app.contacts.importing.cells import is_error_value
from app.core.phone import Phone, PhoneError, parse

_SCIENTIFIC = re.compile(r"(\d+)(?:[.,](\d+))?[eE]\+?(\d{1,2})")
_DECIMAL = re.compile(r"(\+?\d{8,15})[.,]0+")
_BETWEEN = re.compile(r"[/;,|\n]|\s+(?:ou|e|or|and)\s+|\s{2,}|\s[-–]\s", re.IGNORECASE)
_NUMBER_WITHIN = re.compile(r"\+?\(?\d[\d\s().\-–]{6,20}\d")


class PhoneCell(NamedTuple):
    phone: Phone | None
    error: str | None = None  # a code of problems.RULES
    repairs: tuple[str, ...] = ()
    others: tuple[Phone, ...] = ()


def read_phone(text: str, region: str, area: str | None) -> PhoneCell:
    """`text` is stripped; `area` completes local numbers."""
    try:
        phone = parse(text, region, area)
    except PhoneError as error:
        return _second_look(text, error, region, area)
    if not phone.repairs:
        return PhoneCell(phone)
    if "formatting" in phone.repairs and _DECIMAL.fullmatch(text):
        return _second_look(text, PhoneError("invalid", text), region, area)
    return PhoneCell(phone, None, _codes(phone))


def _codes(phone: Phone) -> tuple[str, ...]:
    return tuple("phone_" + repair for repair in phone.repairs)


def _second_look(text: str, error: PhoneError, region: str, area: str | None) -> PhoneCell:
    if is_error_value(text):
        return PhoneCell(None, "phone_error_value")
    scientific = _SCIENTIFIC.fullmatch(text)
    if scientific:
        return _from_scientific(scientific, region, area)
    decimal = _DECIMAL.fullmatch(text)
    if decimal:
        return _mended(decimal.group(1), "phone_decimal", region, area)
    if error.code == "missing":
        return PhoneCell(None, "phone_missing")
    return _within(text, region, area) or PhoneCell(None, "phone_" + error.code)


def _from_scientific(match: re.Match[str], region: str, area: str | None) -> PhoneCell:
    """Only a mantissa with every digit gives the number back."""
    whole, fraction, exponent = match.group(1), match.group(2) or "", int(match.group(3))
    if len(fraction) < exponent:
        return PhoneCell(None, "phone_scientific")
    return _mended(whole + fraction[:exponent], "phone_decimal", region, area)


def _mended(digits: str, code: str, region: str, area: str | None) -> PhoneCell:
    try:
        phone = parse(digits, region, area)
    except PhoneError as error:
        return PhoneCell(None, "phone_" + error.code)
    return PhoneCell(phone, None, (code, *_codes(phone)))


def _within(text: str, region: str, area: str | None) -> PhoneCell | None:
    """Several numbers, or one number and words around it."""
    found = _several(text, region, area)
    if not found:
        return None
    first, others = found[0], tuple(phone for phone in found[1:] if phone.key != found[0].key)
    code = "phone_two_numbers" if others else "phone_text_around"
    return PhoneCell(first, None, (code, *_codes(first)), others)


def _several(text: str, region: str, area: str | None) -> list[Phone]:
    found: list[Phone] = []
    for piece in _BETWEEN.split(text):
        match = _NUMBER_WITHIN.search(piece)
        if match is None:
            continue
        try:
            phone = parse(match.group(), region, area or _area_of(found))
        except PhoneError:
            continue
        found.append(phone)
    return found


def _area_of(found: list[Phone]) -> str | None:
    """The second number of a cell is often written without the area of the first."""
    return found[0].e164[3:5] if found and found[0].e164.startswith("+55") else None
