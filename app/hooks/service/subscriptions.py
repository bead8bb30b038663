"""Addresses: set, changed, tested, switched off. Whoever sets the address answers for it, and nothing goes there that
they may not see."""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, text

from app.core import clock, ids
from app.core.audit import audit
from app.core.background import nudge
from app.core.context import Actor, current_actor
from app.core.crypto import seal
from app.core.db import transaction
from app.core.errors import Conflict, Invalid
from app.core.facts import emit
from app.core.outbound import check_url
from app.core.permissions import can, require
from app.hooks import queries
from app.hooks.models import Delivery, Webhook
from app.hooks.rules import CHOICES, MOST_PER_COMPANY, SIGHTS, TEST, events_of, is_secret, new_secret
from app.hooks.service.waking import forget
from app.instances.queries import get_instance

OLD_SECRET_HOURS = 24
LONGEST_DESCRIPTION = 200
_AGAIN = text("""
    UPDATE webhook_deliveries SET next_at = now(), first_at = NULL, attempts = 0
    WHERE webhook_id = :id AND state = 'pending'
""")


@dataclass(frozen=True)
class NewWebhook:
    row: Webhook
    secret: str  # never to be had again


def create_webhook(
    url: str,
    events: list[str],
    *,
    description: str = "",
    instance_id: uuid.UUID | None = None,
    secret: str | None = None,
    retry_config: dict[str, Any] | None = None,
    is_active: bool = True,
) -> NewWebhook:
    """Raises Invalid for an address of our own network, events nobody knows or a secret that is none."""
    actor = require("webhooks.manage")
    _check_count()
    secret = _secret(secret)
    row = Webhook(
        url=_url(url),
        events=_events(events),
        description=_description(description),
        instance_id=_instance(instance_id),
        secret=seal(secret),
        retry_config=retry_config or {},
        is_active=is_active,
        sees=_sees(actor),
        owner_id=actor.user_id,
    )
    with transaction() as session:
        session.add(row)
        session.flush()
        audit("webhook.create", "webhook", row.id, {"url": row.url, "events": row.events})
        emit("webhook.created", webhook_id=row.id)
    forget(row.tenant_id)
    return NewWebhook(row, secret)


def update_webhook(webhook_id: uuid.UUID, **values: Any) -> Webhook:
    """`url`, `events`, `description`, `instance_id`, `retry_config`, `is_active`; what isn't given stays. Whoever
    changes where it goes or what goes there answers for it from then on."""
    actor = require("webhooks.manage")
    checks = {"url": _url, "events": _events, "description": _description, "instance_id": _instance}
    wanted = {name: checks[name](value) if name in checks else value for name, value in values.items()}
    with transaction():
        row = queries.get_webhook(webhook_id)
        changes = {name: [getattr(row, name), new] for name, new in wanted.items() if getattr(row, name) != new}
        for name, (_old, new) in changes.items():
            setattr(row, name, new)
        if {"url", "events", "instance_id"} & set(changes):
            row.sees, row.owner_id = _sees(actor), actor.user_id
        if "url" in changes:
            _forgive(row)
        if changes:
            audit("webhook.update", "webhook", row.id, changes)
            emit("webhook.updated", webhook_id=row.id)
    forget(row.tenant_id)
    nudge("hooks.shift")
    return row


def delete_webhook(webhook_id: uuid.UUID) -> None:
    """With its deliveries and its log."""
    require("webhooks.manage")
    with transaction() as session:
        row = queries.get_webhook(webhook_id)
        audit("webhook.delete", "webhook", row.id, {"url": row.url})
        emit("webhook.deleted", webhook_id=row.id)
        session.delete(row)
    forget(current_actor().tenant_id)


def switch_webhook(webhook_id: uuid.UUID, is_active: bool) -> Webhook:
    return update_webhook(webhook_id, is_active=is_active)


def resume_webhook(webhook_id: uuid.UUID) -> Webhook:
    """Call again an address that was paused; what waited goes first, in its order."""
    require("webhooks.manage")
    with transaction() as session:
        row = queries.get_webhook(webhook_id)
        if row.paused_at is None and not row.failures:
            raise Conflict(_("Este webhook não está parado"))
        _forgive(row)
        session.execute(_AGAIN, {"id": row.id})
        audit("webhook.resume", "webhook", row.id)
        emit("webhook.resumed", webhook_id=row.id)
    nudge("hooks.shift")
    return row


def rotate_secret(webhook_id: uuid.UUID, secret: str | None = None) -> NewWebhook:
    """Both secrets sign for a day, so that receivers change theirs without losing anything."""
    require("webhooks.manage")
    secret = _secret(secret)
    with transaction():
        row = queries.get_webhook(webhook_id)
        row.old_secret, row.old_secret_until = row.secret, clock.now() + timedelta(hours=OLD_SECRET_HOURS)
        row.secret = seal(secret)
        audit("webhook.rotate_secret", "webhook", row.id)
        emit("webhook.updated", webhook_id=row.id)
    return NewWebhook(row, secret)


def send_test(webhook_id: uuid.UUID) -> Delivery:
    """One call with made-up content, now, whatever state the address is in; it isn't repeated."""
    require("webhooks.manage")
    with transaction() as session:
        row = queries.get_webhook(webhook_id)
        delivery = Delivery(webhook_id=row.id, event=TEST, key=ids.new_id(), facts={})
        session.add(delivery)
        session.flush()
        audit("webhook.test", "webhook", row.id)
    nudge("hooks.shift")
    return delivery


def _forgive(row: Webhook) -> None:
    row.paused_at = row.paused_reason = row.failing_since = row.retry_at = None
    row.failures = 0


def _sees(actor: Actor) -> list[str]:
    return [sight for sight in SIGHTS if can(actor, sight)]


def _check_count() -> None:
    with transaction() as session:
        mine = session.scalars(select(Webhook.id).where(Webhook.tenant_id == current_actor().tenant_id)).all()
    if len(mine) >= MOST_PER_COMPANY:
        raise Conflict(_("A empresa já tem %(most)s webhooks; exclua um antes.", most=MOST_PER_COMPANY))


def _url(url: str) -> str:
    check_url(url.strip(), "url")
    return url.strip()


def _events(events: list[str]) -> list[str]:
    unknown = sorted(set(events) - set(CHOICES))
    if unknown:
        raise Invalid.field("events", _("Eventos que não existem: %(names)s", names=", ".join(unknown)[:200]))
    if not events:
        raise Invalid.field("events", _("Escolha pelo menos um evento."))
    return events_of(events)


def _description(description: str) -> str:
    if len(description) > LONGEST_DESCRIPTION:
        raise Invalid.field("description", _("A descrição tem até %(most)s letras.", most=LONGEST_DESCRIPTION))
    return description.strip()


def _instance(instance_id: uuid.UUID | None) -> uuid.UUID | None:
    return get_instance(instance_id).id if instance_id else None


def _secret(secret: str | None) -> str:
    if secret and not is_secret(secret):
        raise Invalid.field("secret", _("O segredo começa com whsec_ e segue com 24 a 64 bytes em base64."))
    return secret or new_secret()
