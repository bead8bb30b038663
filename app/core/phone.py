"""Phone numbers: what people type in, E.164 and one comparison key out.

Brazilian numbers take a fast path of our own (imports read hundreds of thousands of them);
everything else goes to `phonenumbers`.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

import phonenumbers

Kind = Literal["mobile", "landline", "other"]

_AREAS_BY_FIRST_DIGIT = {
    "1": "123456789", "2": "12478", "3": "1234578", "4": "123456789", "5": "1345",
    "6": "123456789", "7": "134579", "8": "123456789", "9": "123456789",
}  # fmt: skip
AREAS = frozenset(first + second for first, seconds in _AREAS_BY_FIRST_DIGIT.items() for second in seconds)
_SPACES = " \t\r\n\xa0\u2007\u202f\u200b\u200e\u200f\u202a\u202c\ufeff"
_MARKS = "().-/+'`\u2010\u2011\u2012\u2013\u2014\u2019"
_DROP = str.maketrans("", "", _SPACES + _MARKS)
_PLAIN = re.compile("55[1-9][1-9]9[0-9]{8}")
_OLD_MOBILE = frozenset("6789")  # first digits of mobiles before the 9th digit came
_LANDLINE = frozenset("2345")
_JID_HOSTS = frozenset(("s.whatsapp.net", "c.us"))


class Phone(NamedTuple):
    e164: str
    key: str  # digits to compare by: a Brazilian mobile with and without its 9th digit share it
    kind: Kind
    # formatting, country_code, area_code, ninth_digit: what had to be mended, in reading order
    repairs: tuple[str, ...] = ()


class PhoneError(ValueError):
    """`code`: missing, letters, too_short, too_long, area_missing, area_unknown or invalid."""

    def __init__(self, code: str, raw: str) -> None:
        super().__init__(f"{code}: {raw!r}")
        self.code = code


def parse(raw: str, region: str = "BR", default_area: str | None = None) -> Phone:
    """Raises PhoneError. `default_area` completes Brazilian numbers typed without one."""
    text = raw.strip()
    digits = text if text.isdigit() else text.translate(_DROP)
    if not digits:
        raise PhoneError("missing", raw)
    if not (digits.isascii() and digits.isdigit()):
        return _elsewhere(text, digits, region)
    international = text[0] == "+" or digits[:2] == "00"
    if digits.lstrip("0")[:2] == "55" if international else region == "BR":
        tidy = digits == text or text == "+" + digits
        phone = _brazilian(digits, () if tidy else ("formatting",), default_area)
        if phone is not None:
            return phone
    return _elsewhere(text, digits, region)


def plain_mobile(text: str) -> Phone | None:
    """The commonest case by far, in a microsecond: 5511987654321 and nothing else."""
    if _PLAIN.fullmatch(text) is None or text[2:4] not in AREAS:
        return None
    key = text[:4] + text[5:] if text[5] in _OLD_MOBILE else text
    return Phone("+" + text, key, "mobile")


def _brazilian(digits: str, repairs: tuple[str, ...], default_area: str | None) -> Phone | None:
    national = digits.lstrip("0") if digits[0] == "0" else digits
    size = len(national)
    if size in (12, 13) and national[:2] == "55":
        national = national[2:]
        return _national(national, repairs)
    if size in (12, 13) and digits[0] == "0":  # 0 + carrier + area + number
        return _national(national[2:], (*repairs, "country_code"))
    if size in (10, 11):
        return _national(national, (*repairs, "country_code"))
    if size in (8, 9) and digits[0] != "0":
        return _without_area(national, repairs, default_area)
    return None


def _without_area(local: str, repairs: tuple[str, ...], default_area: str | None) -> Phone | None:
    if (len(local) == 9 and local[0] != "9") or local[0] in "01":
        return None
    if not default_area:
        raise PhoneError("area_missing", local)
    return _national(default_area + local, (*repairs, "country_code", "area_code"))


def _national(national: str, repairs: tuple[str, ...]) -> Phone | None:
    """Area and number, without the country."""
    if national[:2] not in AREAS:
        return None
    first = national[2]
    if len(national) == 11:
        if first != "9":
            return None
        return Phone("+55" + national, _mobile_key(national), "mobile", repairs)
    if first in _OLD_MOBILE:
        mended = national[:2] + "9" + national[2:]
        return Phone("+55" + mended, "55" + national, "mobile", (*repairs, "ninth_digit"))
    if first in _LANDLINE:
        return Phone("+55" + national, "55" + national, "landline", repairs)
    return None


def _mobile_key(national: str) -> str:
    # 9[2-5]xxx-xxxx never existed without its 9, and its other eight digits may be somebody's landline.
    if national[3] in _OLD_MOBILE:
        return "55" + national[:2] + national[3:]
    return "55" + national


def _elsewhere(text: str, digits: str, region: str) -> Phone:
    if any(char.isalpha() for char in text):
        raise PhoneError("letters", text)
    international = text[0] == "+" or digits[:2] == "00"
    candidate = _plain_mobile("+" + digits.lstrip("0")) if international else text
    try:
        number = phonenumbers.parse(candidate, region)
    except phonenumbers.NumberParseException as error:
        raise PhoneError(_length_code(digits), text) from error
    if number.country_code == 55:
        return _brazilian_special(number, digits, text)
    if candidate[0] != "+" and not phonenumbers.is_valid_number(number):
        raise PhoneError(_length_code(digits), text)
    if not phonenumbers.is_possible_number(number):
        raise PhoneError(_length_code(digits), text)
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return Phone(e164, canonical_key(e164), "other", _repairs_of(text, e164))


def _brazilian_special(number: phonenumbers.PhoneNumber, digits: str, text: str) -> Phone:
    """0800 and its like, which have no area; any other Brazilian number got its chance before."""
    if not phonenumbers.is_valid_number(number):
        raise PhoneError(_brazilian_code(digits), text)
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    ordinary = _brazilian(e164[1:], _repairs_of(text, e164), None)
    return ordinary or Phone(e164, e164[1:], "other", _repairs_of(text, e164))


def _brazilian_code(digits: str) -> str:
    national = digits.lstrip("0")
    if len(national) > 11 and national[:2] == "55":
        national = national[2:]
    if len(national) in (10, 11) and national[:2] not in AREAS:
        return "area_unknown"
    return _length_code(national, longest=11)


def _length_code(digits: str, longest: int = 15) -> str:
    if len(digits) < 8:
        return "too_short"
    return "too_long" if len(digits) > longest else "invalid"


def _repairs_of(text: str, e164: str) -> tuple[str, ...]:
    if text in (e164, e164[1:]):
        return ()
    return ("formatting",) if text[0] == "+" else ("formatting", "country_code")


def _plain_mobile(e164: str) -> str:
    """Mexico dropped the 1 after its country code; addresses that still carry it are the same phone."""
    return "+52" + e164[4:] if e164.startswith("+521") and len(e164) == 14 else e164


def canonical_key(e164: str) -> str:
    """The key of a number already in international form, with or without the plus."""
    digits = e164.lstrip("+")
    if digits.startswith("55") and len(digits) == 13 and digits[4] == "9":
        return _mobile_key(digits[2:])
    if digits.startswith("521") and len(digits) == 13:
        return "52" + digits[3:]
    if digits.startswith("549") and len(digits) == 13:
        return "54" + digits[3:]
    return digits


def format_phone(e164: str) -> str:
    digits = e164.lstrip("+")
    if digits.startswith("55") and digits[2:4] in AREAS and len(digits) in (12, 13):
        return f"+55 ({digits[2:4]}) {digits[4:-4]}-{digits[-4:]}"
    try:
        number = phonenumbers.parse("+" + digits)
    except phonenumbers.NumberParseException:
        return e164
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def from_jid(jid: str) -> Phone | None:
    """None for addresses that hold no phone: @lid, groups, broadcasts."""
    user, _, host = jid.partition("@")
    digits = user.partition(":")[0].partition("_")[0]
    if host not in _JID_HOSTS or not (digits.isascii() and digits.isdigit()):
        return None
    try:
        return parse("+" + digits)._replace(repairs=())
    except PhoneError:
        return Phone("+" + digits, canonical_key(digits), "other")


def jid_variants(e164: str) -> tuple[str, ...]:
    """Addresses the number may have on WhatsApp, likeliest first. Only WhatsApp knows which is right."""
    digits = e164.lstrip("+")
    key = canonical_key(digits)
    if key == digits or not digits.startswith("55"):
        return tuple(f"{form}@s.whatsapp.net" for form in dict.fromkeys((digits, *_foreign_forms(key))))
    older_area = int(digits[2:4]) >= 31 and digits[5] in "789"
    forms = (key, digits) if older_area else (digits, key)
    return tuple(f"{form}@s.whatsapp.net" for form in forms)


def _foreign_forms(key: str) -> tuple[str, ...]:
    extra = {"52": "1", "54": "9"}.get(key[:2])
    if extra is None or len(key) != 12:
        return ()
    return (key[:2] + extra + key[2:], key)
