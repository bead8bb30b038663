"""Step 3: one call to the gateway, holding no database connection, and what its answer means."""

from collections.abc import Callable
from typing import Any

import structlog
from sqlalchemy.engine import Row

from app.config import SendTimings
from app.core import clock
from app.core.storage.port import Storage
from app.gateways import gateway_for
from app.gateways.errors import GatewayError, SendError
from app.gateways.port import Card, Media, Outgoing, Place, Recipient, Target
from app.outbox import rules
from app.outbox.sender.number import Number
from app.outbox.service.results import Result

log = structlog.get_logger(__name__)


def outgoing_of(claim: Row[Any], read_media: Callable[[str], bytes]) -> Outgoing:
    """The claimed row as the port takes it. Raises OSError when its file is gone."""
    details = claim.metadata or {}
    options = details.get("options") or {}
    quoted = details.get("quoted")
    return Outgoing(
        to=Recipient(phone=claim.phone, jid=claim.jid, lid=claim.lid),
        kind=claim.type,
        text=claim.body,
        media=_media_of(claim, read_media),
        place=Place(**details["location"]) if details.get("location") else None,
        cards=tuple(Card(**card) for card in details.get("contacts") or ()),
        target=Target(**details["target"]) if details.get("target") else None,
        quoted=Target(**quoted) if quoted else None,
        delay_ms=int(options.get("delay") or 0),
        tag=f"recado:{claim.message_id}:{claim.attempt}",
    )


def _media_of(claim: Row[Any], read_media: Callable[[str], bytes]) -> Media | None:
    if claim.storage_key:
        return Media(data=read_media(claim.storage_key), mime_type=claim.mime_type, file_name=claim.file_name)
    url = (claim.media or {}).get("url")
    return Media(url=url, mime_type=(claim.media or {}).get("mime_type", "")) if url else None


def send(claim: Row[Any], number: Number, storage: Storage, timings: SendTimings) -> Result:
    """Never raises: whatever happens becomes a Result, and what cannot be proven unsent is unknown."""
    try:
        outgoing = outgoing_of(claim, storage.read)
    except (OSError, KeyError, TypeError, ValueError) as exc:
        return _result(claim, "refused", code="media_missing", detail=str(exc))
    try:
        gateway = gateway_for(number.provider, read_seconds=timings.http_timeout)
        sent = gateway.send(number.credentials, outgoing)
    except SendError as exc:
        return _refusal(claim, exc, timings)
    except GatewayError as exc:
        return _result(claim, "refused", code=exc.code, detail=exc.detail)
    except Exception as exc:  # a bug of ours after the socket was open proves nothing either
        log.exception("send_crashed", message_id=str(claim.message_id))
        return _result(claim, "unknown", code="crash", detail=type(exc).__name__)
    if not sent.external_id:
        return _result(claim, "unknown", code="empty_answer", jid=sent.jid)
    return _result(claim, "accepted", external_id=sent.external_id, jid=sent.jid)


def _refusal(claim: Row[Any], error: SendError, timings: SendTimings) -> Result:
    if error.proof != "unsent":
        return _result(claim, "unknown", code=error.code, detail=error.detail)
    if error.permanent:
        return _result(claim, "refused", code=error.code, detail=error.detail)
    if error.scope == "instance":
        return _result(claim, "instance", code=error.code, detail=error.detail, delay=error.retry_after or 0.0)
    delay = rules.retry_delay(claim.tries, timings.retry_after)
    if delay is None:
        return _result(claim, "refused", code=error.code, detail=error.detail)
    return _result(claim, "retry", code=error.code, detail=error.detail, delay=error.retry_after or delay)


def cancelled(claim: Row[Any], code: str) -> Result:
    return _result(claim, "cancelled", code=code)


def _result(claim: Row[Any], outcome: rules.Outcome, **rest: Any) -> Result:
    return Result(
        message_id=claim.message_id,
        tenant_id=claim.tenant_id,
        instance_id=claim.instance_id,
        contact_id=claim.contact_id,
        campaign_id=claim.campaign_id,
        attempt=claim.attempt,
        outcome=outcome,
        at=clock.now(),
        known_jid=claim.jid,
        **rest,
    )
