"""Work that web processes must not do: reading and writing spreadsheets."""

import uuid

from app.accounts.queries import list_tenants
from app.contacts.queries.imports import get_import, stuck_imports
from app.contacts.service.exports import write_export
from app.contacts.service.import_check import check_import
from app.contacts.service.import_files import forget_files
from app.contacts.service.import_result import make_result
from app.contacts.service.import_write import write_import
from app.core import clock
from app.core.background import enqueue, job
from app.core.context import Actor, acting, system
from app.core.db import transaction


def _actor(tenant_id: str, import_id: str) -> Actor:
    """The person who asked, with the application's own rights: what the job does was allowed at the door."""
    with acting(system(uuid.UUID(tenant_id))):
        asked_by = get_import(uuid.UUID(import_id)).created_by
    return Actor(tenant_id=uuid.UUID(tenant_id), user_id=asked_by, source="job")


@job("imports.check", queue="bulk", timeout=1800)
def check(tenant_id: str, import_id: str) -> None:
    with acting(_actor(tenant_id, import_id)):
        check_import(uuid.UUID(import_id))


@job("imports.write", queue="bulk", timeout=1800)
def write(tenant_id: str, import_id: str) -> None:
    with acting(_actor(tenant_id, import_id)):
        write_import(uuid.UUID(import_id))


@job("imports.result", queue="bulk", timeout=1800)
def result(tenant_id: str, import_id: str) -> None:
    with acting(_actor(tenant_id, import_id)):
        make_result(uuid.UUID(import_id))


@job("contacts.export", queue="bulk", timeout=1800)
def export(tenant_id: str, export_id: str) -> None:
    with acting(system(uuid.UUID(tenant_id))):
        write_export(uuid.UUID(export_id))


@job("imports.tidy", queue="bulk", every=6 * 3600)
def tidy() -> None:
    """Uploaded sheets are personal data: they go when nobody needs them to review or to fetch the result."""
    for tenant_id in list_tenants():
        with acting(system(tenant_id)):
            forget_files(clock.now())


@job("imports.sweep", queue="bulk", every=60)
def sweep() -> None:
    """Wakes imports whose job was lost or killed; a claim that is still held makes the extra job harmless."""
    for tenant_id in list_tenants():
        with acting(system(tenant_id)), transaction():
            for found in stuck_imports(clock.now()):
                name = "imports.write" if found.status == "running" else "imports.check"
                enqueue(name, tenant_id=tenant_id, import_id=found.id)
