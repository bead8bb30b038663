"""Browsers that a person has signed in from before, by a random cookie that says nothing by itself."""

import hashlib
import uuid

from sqlalchemy import select, text

from app.accounts.models import KnownDevice
from app.core import clock, ids
from app.core.context import acting, current_actor, system
from app.core.db import transaction

MOST = 50  # per person: the oldest are forgotten

_NOTE = text("""
    INSERT INTO known_devices (id, tenant_id, user_id, device_hash, last_seen_at)
    VALUES (:id, :tenant, :user, :hash, :now)
    ON CONFLICT (user_id, device_hash) DO UPDATE SET last_seen_at = excluded.last_seen_at RETURNING id
""")
_FORGET = text("""
    DELETE FROM known_devices WHERE user_id = :user AND id NOT IN (
        SELECT id FROM known_devices WHERE user_id = :user ORDER BY last_seen_at DESC LIMIT :most)
""")


def fingerprint(user_id: uuid.UUID, device: str) -> bytes:
    """One cookie is another device for each person that uses the browser."""
    return hashlib.sha256(f"{user_id}:{device}".encode()).digest()


def is_known(tenant_id: uuid.UUID, user_id: uuid.UUID, device: str | None) -> bool:
    """Asked for unknown addresses too: the answer must take the same time."""
    wanted = select(KnownDevice.id).where(
        KnownDevice.user_id == user_id, KnownDevice.device_hash == fingerprint(user_id, device or "")
    )
    with acting(system(tenant_id)), transaction() as session:
        return device is not None and session.scalar(wanted) is not None


def note(user_id: uuid.UUID, device: str) -> bool:
    """Whether it is new, beside others that are known: the very first one surprises nobody."""
    wanted = select(KnownDevice.device_hash).where(KnownDevice.user_id == user_id)
    hashed = fingerprint(user_id, device)
    with transaction() as session:
        known = set(map(bytes, session.scalars(wanted)))
        values = {"id": ids.new_id(), "tenant": current_actor().tenant_id, "user": user_id, "hash": hashed}
        session.execute(_NOTE, {**values, "now": clock.now()})
        if len(known) >= MOST:
            session.execute(_FORGET, {"user": user_id, "most": MOST})
    return bool(known) and hashed not in known
