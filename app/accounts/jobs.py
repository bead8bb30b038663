"""Letting go of expired sessions, tokens, idempotency keys and facts."""

from app.core.background import job
from app.core.retention import every_tenant, purge

EXPIRED = {
    "sessions": "expires_at < now() - interval '7 days' OR revoked_at < now() - interval '30 days'",
    "refresh_tokens": "expires_at < now() - interval '1 day'",
    "idempotency_keys": "created_at < now() - interval '2 days'",
    "facts": "created_at < now() - interval '30 days'",
}


@job("accounts.purge", every=3600, timeout=1800)
def purge_expired() -> None:
    for _tenant in every_tenant():
        for table, condition in EXPIRED.items():
            purge(table, condition)
