"""Dead letters: events that could not be read, messages that did not go. One shape for both."""

import json
import re
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Row, text

from app.core import paging
from app.core.context import current_actor
from app.core.db import read_session
from app.core.errors import NotFound
from app.core.paging import Page
from app.core.permissions import require
from app.hooks import queries as hooks
from app.hooks.models import Delivery
from app.messages.rules import failure
from app.outbox import queries as outbox

KINDS = ("inbound", "send", "webhook")
COUNT_TO = 10_000
READABLE = 64 * 1024  # larger bodies are shown by their beginning: reading 16 MB would stall everybody
HEAD = 4000
LONGEST_VALUE = 300
_SECRET = re.compile(r"api_?key|token|secret|password|senha|authorization|credential", re.I)
_SECRET_TEXT = re.compile(r'("[^"]*(?:api_?key|token|secret|password|authorization)[^"]*"\s*:\s*")[^"]*', re.I)
_HIDDEN = "•••"

_INBOUND = text("""
    SELECT e.id, e.instance_id, i.name AS instance_name, e.error, e.received_at, octet_length(e.body) AS size,
        CASE WHEN octet_length(e.body) <= :readable THEN e.body END AS body, substring(e.body FOR :head) AS head
    FROM inbound_events e LEFT JOIN instances i ON i.id = e.instance_id
    WHERE e.tenant_id = :tenant AND e.state = 'dead' AND (cast(:id AS uuid) IS NULL OR e.id = :id)
    ORDER BY e.id DESC LIMIT :n OFFSET :skip
""")
_COUNT_INBOUND = text("""
    SELECT count(*) FROM (SELECT 1 FROM inbound_events WHERE tenant_id = :tenant AND state = 'dead' LIMIT :most) x
""")
_INSTANCES = text("SELECT id, name FROM instances WHERE tenant_id = :tenant")


@dataclass(frozen=True)
class DeadLetter:
    """`error` is the technical one, `words` for people; `may_have_left`: sending again may repeat it."""

    id: uuid.UUID
    kind: str
    error: str
    payload: Any
    created_at: datetime
    words: str = ""
    advice: str = ""
    instance_id: uuid.UUID | None = None
    instance_name: str = ""
    may_have_left: bool = False
    size: int = field(default=0)


def list_letters(kind: str | None = None, page: int = 1, limit: int = 50) -> Page[DeadLetter]:
    """Newest first; without a kind, all of them together. Totals stop at COUNT_TO each."""
    require("dead_letters.manage")
    page, limit = paging.clamp(page, limit)
    skip = (page - 1) * limit
    if kind is None:
        both = [*_inbound(skip + limit), *_unsent(skip + limit), *_untold(skip + limit)]
        newest = sorted(both, key=lambda letter: letter.id, reverse=True)[skip : skip + limit]
        return Page(newest, sum(count_letters().values()), page, limit)
    rows = {"inbound": _inbound, "send": _unsent, "webhook": _untold}[kind](limit, skip)
    return Page(rows, count_letters()[kind], page, limit)


def count_letters() -> dict[str, int]:
    require("dead_letters.manage")
    scope = {"tenant": current_actor().tenant_id, "most": COUNT_TO}
    inbound = read_session().scalar(_COUNT_INBOUND, scope) or 0
    return {"inbound": inbound, "send": outbox.count_dead(COUNT_TO), "webhook": hooks.count_failed(COUNT_TO)}


def list_ids(kind: str, limit: int) -> list[uuid.UUID]:
    require("dead_letters.manage")
    rows = {"inbound": _inbound, "send": _unsent, "webhook": _untold}[kind](limit, 0)
    return [letter.id for letter in rows]


def get_letter(letter_id: uuid.UUID) -> DeadLetter:
    """Raises NotFound for one that is settled already."""
    require("dead_letters.manage")
    found = [kind(1, letter_id=letter_id) for kind in (_inbound, _unsent, _untold)]
    found = [letter for letters in found for letter in letters]
    if not found:
        raise NotFound(_("Esta falha já foi resolvida"))
    return found[0]


def _inbound(limit: int, skip: int = 0, letter_id: uuid.UUID | None = None) -> list[DeadLetter]:
    scope = {"tenant": current_actor().tenant_id, "n": limit, "skip": skip, "id": letter_id}
    rows = read_session().execute(_INBOUND, {**scope, "readable": READABLE, "head": HEAD})
    return [_letter_of_event(row) for row in rows]


def _letter_of_event(row: Row[Any]) -> DeadLetter:
    return DeadLetter(
        id=row.id,
        kind="inbound",
        error=row.error or "",
        payload=_readable(row),
        created_at=row.received_at,
        words=_("Não entendemos este aviso do WhatsApp"),
        advice=_("Depois de corrigir ou atualizar o sistema, processe de novo: nada se perdeu."),
        instance_id=row.instance_id,
        instance_name=row.instance_name or "",
        size=row.size,
    )


def _readable(row: Row[Any]) -> Any:
    if row.body is not None:
        try:
            return redacted(json.loads(bytes(row.body)))
        except (ValueError, RecursionError):
            pass
    return _SECRET_TEXT.sub(rf"\1{_HIDDEN}", bytes(row.head).decode("utf-8", "replace"))


def redacted(value: Any) -> Any:
    """Without secrets, and with long values (files in base64) cut."""
    if isinstance(value, dict):
        return {key: _HIDDEN if _SECRET.search(str(key)) else redacted(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [redacted(inner) for inner in value[:100]]
    if isinstance(value, str) and len(value) > LONGEST_VALUE:
        return f"{value[:LONGEST_VALUE]}… ({len(value)})"
    return value


def _unsent(limit: int, skip: int = 0, letter_id: uuid.UUID | None = None) -> list[DeadLetter]:
    rows = outbox.list_dead(limit, skip, message_id=letter_id)
    names = {row.id: row.name for row in read_session().execute(_INSTANCES, {"tenant": current_actor().tenant_id})}
    return [_letter_of_message(row, names.get(row.instance_id, "")) for row in rows]


def _letter_of_message(row: Row[Any], instance_name: str) -> DeadLetter:
    reason = failure(row.error_code)
    shown = ("type", "body", "status", "attempts")
    payload = {name: redacted(getattr(row, name)) for name in shown}
    references = {name: str(value) for name in ("contact_id", "campaign_id") if (value := getattr(row, name))}
    return DeadLetter(
        id=row.id,
        kind="send",
        error=": ".join(part for part in (row.error_code, row.error_message) if part) or row.status,
        payload={"recipient": row.phone or row.recipient_key, "name": row.contact_name, **payload, **references},
        created_at=row.failed_at or row.created_at,
        words=str(reason.what) if reason else _("O WhatsApp não confirmou se esta mensagem saiu"),
        advice=str(reason.do) if reason else "",
        instance_id=row.instance_id,
        instance_name=instance_name,
        may_have_left=row.status == "unconfirmed" or row.external_id is not None,
    )


def _untold(limit: int, skip: int = 0, letter_id: uuid.UUID | None = None) -> list[DeadLetter]:
    return [_letter_of_delivery(row, url) for row, url in hooks.list_failed(limit, skip, letter_id)]


def _letter_of_delivery(row: Delivery, url: str) -> DeadLetter:
    """Without what was sent: the delivery's own page knows who may see it."""
    last = row.last_try or {}
    return DeadLetter(
        id=row.id,
        kind="webhook",
        error=str(last.get("status") or last.get("error") or ""),
        payload={"url": url, "event": row.event, "webhook_id": str(row.webhook_id), "attempts": row.attempts},
        created_at=row.created_at,
        words=_("Um sistema seu não recebeu este aviso"),
        advice=_("Veja por que o endereço recusou, corrija e envie de novo: vai com o mesmo código."),
    )
