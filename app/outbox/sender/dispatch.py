"""Step 3: one call to the gateway, holding no database connection, and what its answer means."""

from collections.abc import Callable
from typing import Any

import structlog
from sqlalchemy.engine import Row

from app.config import SendTimings
from app.core import clock
from app.core.errors import AppError
from app.core.outbound import OutboundError
from app.core.storage.port import Storage
from app.gateways import gateway_for
from app.gateways.errors import GatewayError, SendError
from app.gateways.port import Card, Media, Outgoing, Place, Recipient, Target
from app.media.service import read_remote
from app.outbox import rules
from app.outbox.sender.number import Number
from app.outbox.service.results import Result

log = structlog.get_logger(__name__)

# Said of the number's gateway, but true of this kind of message only: held for it, the number would never go on.
OF_THE_MESSAGE = frozenset(("route_missing",))


def outgoing_of(claim: Row[Any], read_media: Callable[[str], bytes]) -> Outgoing:
    """The claimed row as the port takes it. Raises FileNotFoundError, AppError or OutboundError for its file."""
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
    if not url:
        return None
    file = read_remote(url)  # never by the gateway: it would follow redirects into networks that only it can see
    return Media(data=file.data, mime_type=file.mime_type, file_name=file.file_name)


def send(claim: Row[Any], number: Number, storage: Storage, timings: SendTimings) -> Result:
    """Never raises: whatever happens becomes a Result, and what cannot be proven unsent is unknown."""
    try:
        outgoing = outgoing_of(claim, storage.read)
        gateway = gateway_for(number.provider, read_seconds=timings.http_timeout)
    except FileNotFoundError as exc:
        return _result(claim, "refused", code="media_missing", detail=str(exc))
    except AppError as exc:
        return _result(claim, "refused", code="media_failed", detail=str(exc))
    except OutboundError as exc:
        if exc.permanent:
            return _result(claim, "refused", code="media_failed", detail=str(exc))
        return _again(claim, timings, code="media_failed", detail=str(exc))
    except (KeyError, TypeError, ValueError, GatewayError) as exc:
        return _result(claim, "refused", code=getattr(exc, "code", "invalid_request"), detail=str(exc))
    except Exception as exc:  # the place for files is away: nothing left, so it may be tried again
        log.warning("media_unreadable", message_id=str(claim.message_id), exc_info=True)
        return _again(claim, timings, code="media_unreadable", detail=type(exc).__name__)
    try:
        sent = gateway.send(number.credentials, outgoing)
    except SendError as exc:
        return refusal(claim, exc, timings)
    except Exception as exc:  # a bug of ours after the socket was open proves nothing either
        log.exception("send_crashed", message_id=str(claim.message_id))
        return _result(claim, "unknown", code="crash", detail=type(exc).__name__)
    if not sent.external_id:
        return _result(claim, "unknown", code="empty_answer", jid=sent.jid)
    return _result(claim, "accepted", external_id=sent.external_id, jid=sent.jid)


def refusal(claim: Row[Any], error: SendError, timings: SendTimings) -> Result:
    if error.proof != "unsent":
        return _result(claim, "unknown", code=error.code, detail=error.detail)
    if error.permanent:
        return _result(claim, "refused", code=error.code, detail=error.detail)
    if error.scope == "instance" and error.code not in OF_THE_MESSAGE:
        return _result(claim, "instance", code=error.code, detail=error.detail, delay=error.retry_after or 0.0)
    return _again(claim, timings, code=error.code, detail=error.detail, delay=error.retry_after)


def _again(claim: Row[Any], timings: SendTimings, *, code: str, detail: str, delay: float | None = None) -> Result:
    ladder = rules.retry_delay(claim.tries, timings.retry_after)
    if ladder is None:
        return _result(claim, "refused", code=code, detail=detail)
    return _result(claim, "retry", code=code, detail=detail, delay=max(ladder, min(delay or 0.0, 3600.0)))


def cancelled(claim: Row[Any], code: str) -> Result:
    return _result(claim, "cancelled", code=code)


def unsent(claim: Row[Any]) -> Result:
    """Claimed, perhaps committed as started, and no call was made."""
    return _result(claim, "unsent", code="no_call")


def _result(claim: Row[Any], outcome: rules.Outcome, **rest: Any) -> Result:
    # A provider's words may hold what PostgreSQL refuses to store.
    rest = {key: value.replace("\0", "") if isinstance(value, str) else value for key, value in rest.items()}
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
