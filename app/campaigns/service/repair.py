"""After the fact: failed messages tried again, unconfirmed ones sent again because a person said so."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from flask_babel import gettext as _

from app.campaigns.queries import recipients
from app.campaigns.service.control import reopen
from app.core.audit import audit
from app.core.db import transaction
from app.core.errors import Conflict
from app.core.permissions import require
from app.outbox import service as outbox

AT_ONCE = 10_000  # messages in one go; beyond that the person asks again


def retry_one(campaign_id: uuid.UUID, message_id: uuid.UUID, *, even_if_accepted: bool = False) -> None:
    """Raises Conflict `accepted` when WhatsApp had taken it: the person may get it twice."""
    require("campaigns.write")
    message = recipients.get_message(campaign_id, message_id)
    if message.external_id and not even_if_accepted:
        raise Conflict(
            _("O WhatsApp chegou a aceitar esta mensagem; enviar de novo pode repetir. Confirme se quer mesmo."),
            code="accepted",
        )
    with transaction():
        reopen(campaign_id, "retry")
        outbox.retry_message(message_id)


def retry_failed(campaign_id: uuid.UUID, *, even_if_accepted: bool = False) -> int:
    """Every failed message again; those WhatsApp had accepted only when asked for. How many were queued."""
    require("campaigns.write")
    with transaction():
        reopen(campaign_id, "retry")
        wanted = recipients.failed_ids(campaign_id, accepted=even_if_accepted, limit=AT_ONCE)
        if not wanted:
            raise Conflict(_("Não há falhas para tentar de novo."))
        for message_id in wanted:
            outbox.retry_message(message_id)
        audit("campaign.retry", "campaign", campaign_id, {"messages": len(wanted), "accepted_too": even_if_accepted})
    return len(wanted)


def resend_unconfirmed(campaign_id: uuid.UUID, message_ids: Sequence[uuid.UUID] | None = None) -> int:
    """Chosen ones, or all that wait to be verified. The person was told that they may arrive twice."""
    require("campaigns.write")
    with transaction():
        reopen(campaign_id, "resend")
        wanted = recipients.unconfirmed_ids(campaign_id, message_ids, limit=AT_ONCE)
        if not wanted:
            raise Conflict(_("Não há mensagens a verificar."))
        count = outbox.resend_unconfirmed(wanted)
        audit("campaign.resend", "campaign", campaign_id, {"messages": count})
    return count
