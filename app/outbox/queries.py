"""Reads of the send queue, for people: why a message hasn't gone, and which ones failed."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import format_datetime
from flask_babel import gettext as _
from sqlalchemy import Row, text

from app.core import clock
from app.core.context import current_actor
from app.core.db import read_session
from app.instances.rules import trouble_of
from app.instances.rules.pace import read_pace
from app.messages.models import Message
from app.messages.rules import failure
from app.outbox.pacing import cap_today, next_open

_WAITING = text("""
    SELECT o.state, o.held, o.send_after, o.lane, o.tries, i.is_active, i.deleted_at, i.status AS link, i.status_reason,
        i.pace, p.hold, p.day, p.day_goes, p.first_go_at, l.is_open, l.pace AS lane_pace, l.quiet_until,
        t.safe_mode, t.timezone
    FROM outbox o JOIN instances i ON i.id = o.instance_id JOIN tenants t ON t.id = o.tenant_id
    LEFT JOIN instance_pace p ON p.instance_id = o.instance_id
    LEFT JOIN send_lanes l ON l.campaign_id = o.campaign_id AND l.instance_id = o.instance_id
    WHERE o.message_id = :id AND o.tenant_id = :tenant
""")
_DEAD = text("""
    SELECT m.id, m.instance_id, m.contact_id, m.campaign_id, m.recipient_key, m.type, m.body, m.status, m.error_code,
        m.error_message, m.attempts, m.external_id, m.created_at, m.failed_at, c.name AS contact_name, c.phone
    FROM messages m LEFT JOIN contacts c ON c.id = m.contact_id
    WHERE m.tenant_id = :tenant AND m.status IN ('failed', 'unconfirmed') AND m.direction = 'outbound'
        AND NOT coalesce((m.metadata ->> 'discarded')::boolean, false)
        AND (cast(:id AS uuid) IS NULL OR m.id = :id)
    ORDER BY m.id DESC LIMIT :n OFFSET :skip
""")
_COUNT_DEAD = text("""
    SELECT count(*) FROM (
        SELECT 1 FROM messages m WHERE m.tenant_id = :tenant AND m.status IN ('failed', 'unconfirmed')
            AND m.direction = 'outbound' AND NOT coalesce((m.metadata ->> 'discarded')::boolean, false) LIMIT :most) x
""")


@dataclass(frozen=True)
class Explanation:
    """Why a message is where it is. `code` for programs, `text` for people, `advice` what they can do."""

    code: str
    text: str
    advice: str = ""


def explain(message: Message) -> Explanation | None:
    """None when there is nothing to explain: it went, or it came."""
    if message.direction == "inbound":
        return None
    scope = {"id": message.id, "tenant": current_actor().tenant_id}
    row = read_session().execute(_WAITING, scope).one_or_none()
    if row is not None and message.status in ("queued", "held", "sending"):
        return _why_waiting(row, clock.now())
    reason = failure(message.error_code)
    if reason is None or message.status not in ("failed", "unconfirmed", "cancelled"):
        return None
    return Explanation(message.error_code or "", str(reason.what), str(reason.do))


def list_dead(limit: int, skip: int = 0, message_id: uuid.UUID | None = None) -> Sequence[Row[Any]]:
    """Messages that failed or that nobody can vouch for, newest first, minus those put aside; or just that one."""
    scope = {"tenant": current_actor().tenant_id, "n": limit, "skip": skip, "id": message_id}
    return read_session().execute(_DEAD, scope).all()


def count_dead(most: int = 10_000) -> int:
    """Stops counting at `most`."""
    return read_session().scalar(_COUNT_DEAD, {"tenant": current_actor().tenant_id, "most": most}) or 0


def _why_waiting(row: Row[Any], now: datetime) -> Explanation:
    return (
        _why_stopped(row)
        or _why_later(row, now)
        or Explanation("queued", _("Na fila, esperando a vez. Sai no ritmo configurado para o número."))
    )


def _why_stopped(row: Row[Any]) -> Explanation | None:
    if row.state == "sending":
        return Explanation("sending", _("Está sendo enviada agora."))
    if row.held == "voice":
        return Explanation("voice", _("O áudio desta mensagem está sendo preparado."))
    if row.held:
        return Explanation("held", _("Retida; só sai quando alguém liberar."))
    if row.safe_mode:
        return Explanation("safe_mode", _("O modo de segurança está ligado: nada sai até um administrador liberar."))
    if row.deleted_at or not row.is_active:
        return Explanation("instance_inactive", _("O número de envio está desativado."), _("Ative o número."))
    if row.hold == "verify":
        return Explanation("verify", _("Conferindo no WhatsApp se a mensagem anterior saiu; continua sozinha."))
    if row.hold or row.link != "connected":
        trouble = trouble_of(row.hold or row.status_reason or "closed")
        return Explanation(row.hold or "disconnected", str(trouble.title), str(trouble.advice)) if trouble else None
    if row.is_open is False:
        return Explanation("campaign_paused", _("A campanha está pausada."), _("Retome a campanha."))
    return None


def _why_later(row: Row[Any], now: datetime) -> Explanation | None:
    if row.send_after > now:
        when = format_datetime(row.send_after, "dd/MM HH:mm")
        words = _("Nova tentativa em %(when)s.", when=when) if row.tries else _("Marcada para %(when)s.", when=when)
        return Explanation("retry_later" if row.tries else "scheduled", words)
    if row.lane == 0:
        return None  # a person's answer knows neither hours nor cap
    pace = read_pace(row.pace, row.lane_pace)
    opens = next_open(pace.hours, row.timezone, now)
    if opens > now:
        when = format_datetime(opens, "dd/MM HH:mm")
        return Explanation("hours", _("Fora do horário de envio; recomeça em %(when)s.", when=when))
    cap = cap_today(pace, row.first_go_at, row.timezone, now)
    if cap is not None and row.day is not None and row.day_goes >= cap:
        return Explanation("cap", _("O limite de hoje deste número foi atingido; continua amanhã."))
    return None
