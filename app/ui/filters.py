"""How values look on a page: the only formatting of dates, numbers, money and phones."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal

from flask import Flask
from flask_babel import (
    format_date,
    format_datetime,
    format_decimal,
    format_timedelta,
    get_domain,
    get_locale,
    to_user_timezone,
)
from flask_babel import gettext as _
from markupsafe import Markup, escape

from app.core import clock
from app.core.phone import format_phone

_DATE, _TIME = "dd/MM/yyyy", "HH:mm"
_UNITS = ("B", "KB", "MB", "GB", "TB")
_HUES = 8


def as_datetime(moment: datetime | None) -> str:
    return format_datetime(moment, f"{_DATE} {_TIME}") if moment else ""


def as_date(moment: datetime | date | None) -> str:
    if isinstance(moment, datetime):
        return format_datetime(moment, _DATE)
    return format_date(moment, _DATE) if moment else ""


def short_date(moment: date | None) -> str:
    return format_date(moment, "dd/MM") if moment else ""


def long_date(moment: date | None) -> str:
    """`sábado, 21 de novembro de 2026`"""
    return format_date(moment, "full") if moment else ""


def as_time(moment: datetime | None) -> str:
    return format_datetime(moment, _TIME) if moment else ""


def relative(moment: datetime | None, now: datetime | None = None) -> str:
    """`há 5 minutos`, `em 3 horas`; beyond a week, the date."""
    if moment is None:
        return ""
    gap = moment - (now or clock.now())
    if abs(gap) < timedelta(seconds=45):
        return _("agora")
    if abs(gap) > timedelta(days=7):
        return as_date(moment)
    return str(format_timedelta(gap, granularity="second", add_direction=True))


def when(moment: datetime | None, now: datetime | None = None) -> str:
    """`hoje às 16:40`, `amanhã às 09:00`, `ter às 16:40` within a week; else the whole date."""
    if moment is None:
        return ""
    local, today = to_user_timezone(moment), to_user_timezone(now or clock.now()).date()
    time, gap = as_time(moment), (local.date() - today).days
    near = {
        -1: _("ontem às %(time)s", time=time),
        0: _("hoje às %(time)s", time=time),
        1: _("amanhã às %(time)s", time=time),
    }
    if gap in near:
        return near[gap]
    if 1 < gap < 7:
        return _("%(day)s às %(time)s", day=format_datetime(moment, "EEE").rstrip("."), time=time)
    return _("%(day)s às %(time)s", day=as_date(moment), time=time)


def number(value: float | Decimal | None) -> str:
    return "" if value is None else str(format_decimal(value))


def percent(share: float | None, digits: int = 0) -> str:
    """`share` is a fraction: 0.42 becomes 42%. Never rounds up to a full 100%."""
    if share is None:
        return "–"
    shown = round(share * 100, digits)
    if shown >= 100 and share < 1:
        shown = 100 - 10**-digits
    return f"{format_decimal(shown)}%"


def money(value: float | Decimal | None, symbol: str = "R$") -> str:
    if value is None:
        return ""
    return f"{symbol}\N{NO-BREAK SPACE}{format_decimal(round(Decimal(str(value)), 2), '#,##0.00')}"


def filesize(size: float | None) -> str:
    if size is None:
        return ""
    value, unit = float(size), 0
    while value >= 1024 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{format_decimal(round(value, 1 if 0 < value < 10 and unit else 0))} {_UNITS[unit]}"


def duration(seconds: float | timedelta | None) -> str:
    """`45 s`, `12 min`, `2 h 05 min`, `3 d 4 h`: the two largest units."""
    if seconds is None:
        return ""
    total = int(seconds.total_seconds() if isinstance(seconds, timedelta) else seconds)
    minutes, secs = divmod(total, 60)
    hours, mins = divmod(minutes, 60)
    days, hrs = divmod(hours, 24)
    if days:
        return f"{days} d {hrs} h"
    if hours:
        return f"{hours} h {mins:02d} min"
    return f"{mins} min {secs:02d} s" if 0 < mins < 10 and secs else (f"{mins} min" if mins else f"{secs} s")


def phone(e164: str | None) -> str:
    return format_phone(e164) if e164 else ""


def initials(name: str | None) -> str:
    words = re.findall(r"\w+", name or "")
    letters = [word for word in words if not word[0].isdigit()]
    if not letters:
        return "#" if words else "?"
    picked = letters[0][0] + (letters[-1][0] if len(letters) > 1 else "")
    return picked.upper()


def hue(name: str | None) -> int:
    """The same colour for the same person, whichever process draws the page."""
    return hashlib.sha256((name or "").encode()).digest()[0] % _HUES


def flatten_errors(errors: Iterable[object] | Mapping[object, object]) -> list[str]:
    """WTForms nests the errors of lists of fields and of subforms."""
    found: list[str] = []
    for error in errors.values() if isinstance(errors, Mapping) else errors:
        if isinstance(error, Mapping | list | tuple):
            found.extend(flatten_errors(error))
        else:
            found.append(str(error))
    return found


_MARKS = (
    (re.compile(r"(?<![\w*])\*(?=\S)(.+?)(?<=\S)\*(?![\w*])"), r"<strong>\1</strong>"),
    (re.compile(r"(?<![\w_])_(?=\S)(.+?)(?<=\S)_(?![\w_])"), r"<em>\1</em>"),
    (re.compile(r"(?<![\w~])~(?=\S)(.+?)(?<=\S)~(?![\w~])"), r"<s>\1</s>"),
)


def whatsapp(text: str | None) -> Markup:
    """Bold, italic and strike as WhatsApp shows them, line breaks kept; everything else escaped."""
    html = str(escape(text or ""))
    for pattern, tag in _MARKS:
        html = pattern.sub(tag, html)
    return Markup(html.replace("\r\n", "\n").replace("\n", "<br>"))


def page_window(page: int, total_pages: int, around: int = 1) -> list[int | None]:
    """1 … 4 [5] 6 … 31; None stands for a gap, and never for a single page."""
    wanted = sorted({1, total_pages, *range(max(1, page - around), min(total_pages, page + around) + 1)})
    window: list[int | None] = []
    for this in wanted:
        last = window[-1] if window else None
        if isinstance(last, int) and this - last == 2:
            window.append(last + 1)
        elif isinstance(last, int) and this - last > 2:
            window.append(None)
        window.append(this)
    return window


def html_lang() -> str:
    return str(get_locale() or "pt_BR").replace("_", "-")


def counted(singular: str, plural: str, num: int, **values: object) -> str:
    """`ngettext` whose `%(num)s` reads 1.240."""
    words = str(get_domain().get_translations().ngettext(singular, plural, num))
    return words % {"num": number(num), **values}


def init_app(app: Flask) -> None:
    app.jinja_env.filters.update(
        datetime=as_datetime,
        date=as_date,
        time=as_time,
        short_date=short_date,
        long_date=long_date,
        relative=relative,
        when=when,
        number=number,
        percent=percent,
        money=money,
        filesize=filesize,
        duration=duration,
        phone=phone,
        initials=initials,
        hue=hue,
        flatten_errors=flatten_errors,
        whatsapp=whatsapp,
    )
    app.jinja_env.globals.update(page_window=page_window, html_lang=html_lang, ngettext=counted, _=_)
