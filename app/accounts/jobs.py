"""Housekeeping."""

from datetime import timedelta

from app.accounts import queries
from app.accounts.service import housekeeping
from app.core import clock
from app.core.background import job
from app.core.context import acting, system

HOUR = 3600.0


@job("accounts.clean", queue="default", every=HOUR)
def clean() -> None:
    """Company by company; safe to run twice."""
    at = clock.now()
    for tenant_id in queries.list_tenants():
        with acting(system(tenant_id)):
            housekeeping.forget_ended(at - timedelta(days=30))
            housekeeping.forget_idempotency_keys(at - timedelta(hours=24))
