"""What the pages say about numbers, reasons and rhythm."""

from datetime import datetime
from typing import Any

from flask_babel import format_decimal
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.campaigns.rules.reasons import EXCLUDED, exclusion_words, failure, stop_words
from app.campaigns.rules.segments import FOLLOW_UPS
from app.campaigns.rules.states import actions
from app.instances.rules.pace import Pace
from app.outbox.pacing import seconds_per_message
from app.ui.filters import as_datetime, as_time
from app.ui.filters import counted as ngettext

HOLDS = {
    "verify": _l("Conferindo uma mensagem antes de continuar"),
    "disconnected": _l("Desconectado: espera reconectar"),
    "unreachable": _l("O serviço do WhatsApp não responde"),
    "unavailable": _l("O serviço do WhatsApp está fora do ar"),
    "rate_limited": _l("O WhatsApp pediu para esperar"),
    "license": _l("A Evolution API está sem licença"),
    "auth": _l("Chave de acesso recusada"),
}
_WEEKDAYS = (_l("seg"), _l("ter"), _l("qua"), _l("qui"), _l("sex"), _l("sáb"), _l("dom"))


def ends_words(moment: datetime | None, now: datetime) -> str:
    """`16:40` today, `ter 16:40` within a week, else the date."""
    from flask_babel import to_user_timezone

    if moment is None:
        return ""
    local, today = to_user_timezone(moment), to_user_timezone(now)
    days = (local.date() - today.date()).days
    if days == 0:
        return _("hoje às %(time)s", time=as_time(moment))
    if 0 < days < 7:
        return f"{_WEEKDAYS[local.weekday()]} {as_time(moment)}"
    return as_datetime(moment)


def pace_words(pace: Pace) -> str:
    per_minute = 60 / max(seconds_per_message(pace), 0.001)
    gap = f"{_seconds(pace.delay_min_ms)}–{_seconds(pace.delay_max_ms)}" if pace.delay_max_ms else "0"
    if per_minute > 600:
        return _("sem espera entre mensagens")
    return _("%(gap)s s entre mensagens, cerca de %(n)s por minuto", gap=gap, n=round(per_minute))


def _seconds(milliseconds: int) -> str:
    return format_decimal(milliseconds / 1000, "0.0")


def people_words(count: int) -> str:
    return ngettext("%(num)s pessoa", "%(num)s pessoas", count)


def hold_words(reason: str | None) -> Any:
    return HOLDS.get(reason, _("Em espera; tentamos de novo sozinhos")) if reason else None


GLOBALS: dict[str, Any] = {
    "campaign_actions": actions,
    "campaign_excluded": EXCLUDED,
    "campaign_exclusion": exclusion_words,
    "campaign_failure": failure,
    "campaign_follow_ups": FOLLOW_UPS,
    "campaign_stop": stop_words,
    "ends_words": ends_words,
    "hold_words": hold_words,
    "pace_words": pace_words,
    "people_words": people_words,
}
