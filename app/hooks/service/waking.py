"""Telling the deliverer that there is work. A trigger makes the rows; the sweep makes up for a lost nudge."""

import time
import uuid
from typing import Any

from sqlalchemy import select

from app.core.background import nudge
from app.core.context import current_actor
from app.core.db import transaction
from app.hooks.models import Webhook
from app.hooks.rules import EVENTS, OTHER_FACTS

FACTS = (*EVENTS, *OTHER_FACTS)
REMEMBERED = 5.0
_listening: dict[uuid.UUID, tuple[float, bool]] = {}


def wake(**_facts: Any) -> None:
    """After the commit, where the company has addresses; who has none costs one look every few seconds."""
    if _has_webhooks(current_actor().tenant_id):
        nudge("hooks.shift")


def forget(tenant_id: uuid.UUID) -> None:
    _listening.pop(tenant_id, None)


def _has_webhooks(tenant_id: uuid.UUID) -> bool:
    at, known = _listening.get(tenant_id, (0.0, False))
    if time.monotonic() - at < REMEMBERED and at:
        return known
    with transaction() as session:
        found = session.scalar(select(Webhook.id).where(Webhook.tenant_id == tenant_id, Webhook.is_active).limit(1))
    _listening[tenant_id] = (time.monotonic(), found is not None)
    return found is not None
