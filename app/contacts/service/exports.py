"""Contacts as a file: asked for here, written by a job, read back from the storage."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flask_babel import format_datetime
from flask_babel import gettext as _
from sqlalchemy import update

from app.contacts.importing.tables_out import write_table
from app.contacts.models import Contact, ContactExport
from app.contacts.queries import imports, people
from app.contacts.queries.finding import Filter
from app.core import clock
from app.core.audit import audit
from app.core.background import enqueue
from app.core.db import transaction
from app.core.errors import Invalid
from app.core.facts import emit
from app.core.permissions import confirm, require
from app.core.phone import format_phone
from app.core.storage import new_key, storage

FORMATS = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
}


def start_export(wanted: Filter, kind: str = "xlsx") -> ContactExport:
    require("contacts.export")
    confirm("export")
    if kind not in FORMATS:
        raise Invalid.field("format", _("Escolha xlsx ou csv."))
    with transaction() as session:
        found = ContactExport(format=kind, filters=wanted.as_json())
        session.add(found)
        session.flush()
        audit("contacts.export", "contact_export", found.id, {"format": kind, "filters": found.filters})
        enqueue("contacts.export", tenant_id=found.tenant_id, export_id=found.id)
    return found


def write_export(export_id: uuid.UUID) -> None:
    """Safe to run twice: a whole file replaces a whole file."""
    with transaction() as session:
        found = imports.get_export(export_id)
        if found.status == "completed":
            return
        session.execute(update(ContactExport).where(ContactExport.id == export_id).values(status="running"))
        wanted, kind, key = Filter.from_json(found.filters), found.format, new_key(found.tenant_id)
        customs = people.custom_keys_of(wanted)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "contacts"
        table = _Table(wanted, customs)
        write_table(path, kind, table.rows())
        with path.open("rb") as stream:
            storage().put(key, stream, FORMATS[kind])
    with transaction():
        found = imports.get_export(export_id)
        found.status, found.storage_key, found.total, found.completed_at = "completed", key, table.count, clock.now()
        emit("contacts.exported", export_id=export_id, count=table.count)


class _Table:
    def __init__(self, wanted: Filter, customs: list[str]) -> None:
        self._wanted, self._customs, self.count = wanted, customs, 0

    def rows(self) -> Iterator[list[Any]]:
        titles = [
            _("Nome"),
            _("Telefone"),
            _("E-mail"),
            _("Grupos"),
            _("Etiquetas"),
            _("Consentimento"),
            _("Bloqueado"),
        ]
        yield [*titles, *self._customs, _("Criado em"), _("Última conversa")]
        for batch in people.walk(self._wanted):
            yield from self._batch(batch)

    def _batch(self, batch: list[Contact]) -> Iterator[list[Any]]:
        ids = [contact.id for contact in batch]
        with transaction():
            groups, tags = people.groups_of(ids), people.tags_of(ids)
        for contact in batch:
            self.count += 1
            yield [
                contact.name,
                format_phone(contact.phone) if contact.phone else "",
                contact.email or "",
                ", ".join(group.name for group in groups.get(contact.id, [])),
                ", ".join(tag.name for tag in tags.get(contact.id, [])),
                consent_words(contact),
                _("Sim") if contact.is_blocked else "",
                *(contact.custom_fields.get(key, "") for key in self._customs),
                format_datetime(contact.created_at, "dd/MM/yyyy HH:mm"),
                format_datetime(contact.last_message_at, "dd/MM/yyyy HH:mm") if contact.last_message_at else "",
            ]


def consent_words(contact: Contact) -> str:
    if contact.opted_out_at:
        return _("Pediu para sair")
    return _("Aceitou") if contact.opted_in_at else _("Sem registro")
