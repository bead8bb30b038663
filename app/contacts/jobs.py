"""Work that web processes must not do: reading and writing spreadsheets."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask_babel import force_locale

from app.accounts.queries import find_person, list_tenants
from app.contacts.models import ContactExport, Import
from app.contacts.queries.imports import get_export, get_import, stuck_imports
from app.contacts.service.exports import write_export
from app.contacts.service.import_check import check_import
from app.contacts.service.import_files import forget_files
from app.contacts.service.import_result import make_result
from app.contacts.service.import_write import write_import
from app.core import clock
from app.core.background import enqueue, job
from app.core.context import Actor, acting, system
from app.core.db import transaction


@contextmanager
def _asked_by(tenant_id: str, find: Callable[[], Import | ContactExport]) -> Iterator[None]:
    """As the person who asked, in their language, with the application's own rights: the door allowed it."""
    tenant = uuid.UUID(tenant_id)
    with acting(system(tenant)):
        asked_by = find().created_by
        person = find_person(tenant, asked_by) if asked_by else None
    locale = person.locale if person else "pt_BR"
    with acting(Actor(tenant_id=tenant, user_id=asked_by, source="job", locale=locale)), force_locale(locale):
        yield


@job("imports.check", queue="bulk", timeout=1800)
def check(tenant_id: str, import_id: str) -> None:
    wanted = uuid.UUID(import_id)
    with _asked_by(tenant_id, lambda: get_import(wanted)):
        check_import(wanted)


@job("imports.write", queue="bulk", timeout=1800)
def write(tenant_id: str, import_id: str) -> None:
    wanted = uuid.UUID(import_id)
    with _asked_by(tenant_id, lambda: get_import(wanted)):
        write_import(wanted)


@job("imports.result", queue="bulk", timeout=1800)
def result(tenant_id: str, import_id: str) -> None:
    wanted = uuid.UUID(import_id)
    with _asked_by(tenant_id, lambda: get_import(wanted)):
        make_result(wanted)


@job("contacts.export", queue="bulk", timeout=1800)
def export(tenant_id: str, export_id: str) -> None:
    wanted = uuid.UUID(export_id)
    with _asked_by(tenant_id, lambda: get_export(wanted)):
        write_export(wanted)


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
