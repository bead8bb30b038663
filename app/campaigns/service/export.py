"""Your spreadsheet back: the original columns, and beside them what became of each message."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import select

from app.campaigns.models import Campaign
from app.campaigns.queries import campaigns, recipients
from app.campaigns.rules.reasons import exclusion_words, failure
from app.contacts.importing.cells import cell_text
from app.contacts.importing.mapping import Mapping
from app.contacts.importing.reading import read_rows
from app.contacts.importing.tables_out import write_table
from app.contacts.models import Import, ImportRow
from app.contacts.service.exports import FORMATS
from app.core import files, ids
from app.core.audit import audit
from app.core.background import enqueue
from app.core.db import read_session, release, transaction
from app.core.errors import Conflict, Invalid, NotFound
from app.core.facts import notify
from app.core.permissions import confirm, require
from app.core.phone import format_phone
from app.core.storage import storage

WORKBOOK_ROWS = 200_000


def request_result(campaign_id: uuid.UUID, kind: str = "xlsx") -> str:
    """Ask for the file; the token names it. Personal data leaves the house: it is audited."""
    require("campaigns.read")
    require("contacts.export")
    confirm("export")
    if kind not in FORMATS:
        raise Invalid.field("format", _("Escolha xlsx ou csv."))
    campaign = campaigns.get_campaign(campaign_id)
    if campaign.started_at is None:
        raise Conflict(_("Esta campanha ainda não saiu; não há resultado."))
    token = ids.new_id().hex
    with transaction():
        audit("campaign.export", "campaign", campaign.id, {"format": kind})
        enqueue(
            "campaigns.result",
            tenant_id=campaign.tenant_id,
            campaign_id=campaign.id,
            token=token,
            kind=_fit(campaign, kind),
        )
    return f"{token}.{_fit(campaign, kind)}"


def _fit(campaign: Campaign, kind: str) -> str:
    """A larger workbook takes minutes to write and to open."""
    return "csv" if campaign.total > WORKBOOK_ROWS else kind


def result_key(campaign: Campaign, name: str) -> str:
    """Where the storage keeps a result. Raises NotFound for a name that we never gave."""
    token, _dot, kind = name.partition(".")
    if kind not in FORMATS or len(token) != 32 or not token.isalnum():
        raise NotFound
    return f"{campaign.tenant_id}/{token}"


def result_of(campaign_id: uuid.UUID, name: str) -> str | None:
    """Its key, once it is ready."""
    require("contacts.export")
    key = result_key(campaigns.get_campaign(campaign_id), name)
    return key if storage().exists(key) else None


def build_result(campaign_id: uuid.UUID, token: str, kind: str) -> None:
    """Run by a job; safe to run twice: a whole file replaces a whole file."""
    campaign = campaigns.get_campaign(campaign_id)
    key, found = result_key(campaign, f"{token}.{kind}"), _sheet_of(campaign)
    rows = _from_sheet(campaign, found) if found else _from_contacts(campaign)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "result"
        write_table(path, kind, rows)
        release()  # the storage may be far away
        with path.open("rb") as stream:
            storage().put(key, stream, FORMATS[kind])
    notify("campaign.progress", campaign_id=campaign_id)


def _sheet_of(campaign: Campaign) -> Import | None:
    if not campaign.import_id:
        return None
    found = read_session().get(Import, campaign.import_id)
    return found if found and files.path(f"{found.storage_key}/upload").exists() else None


def _titles() -> list[str]:
    return [
        _("Situação"), _("Número de envio"), _("Enviada em"), _("Entregue em"), _("Lida em"), _("Respondeu em"),
        _("Motivo"), _("Mensagem"),
    ]  # fmt: skip


def _from_contacts(campaign: Campaign) -> Iterator[list[Any]]:
    """Without a sheet of their own: name, phone, e-mail, and every custom field in use."""
    zone = ZoneInfo(campaigns.timezone())
    people = list(recipients.outcomes(campaign)) if campaign.total < 5000 else None
    custom = _custom_names(people if people is not None else recipients.outcomes(campaign))
    yield [_("Nome"), _("Telefone"), _("E-mail"), *custom, *_titles()]
    for row in people if people is not None else recipients.outcomes(campaign):
        contact = row[4]
        own = (
            [contact.name, format_phone(contact.phone) if contact.phone else "", contact.email or ""]
            if contact
            else ["", "", ""]
        )
        fields = contact.custom_fields if contact else {}
        yield [*own, *[str(fields.get(name) or "") for name in custom], *_outcome(row, zone)]


def _custom_names(rows: Any) -> list[str]:
    names: dict[str, None] = {}
    for row in rows:
        names.update(dict.fromkeys(row[4].custom_fields if row[4] else ()))
        if len(names) > 100:
            break
    return sorted(names)[:100]


def _from_sheet(campaign: Campaign, found: Import) -> Iterator[list[Any]]:
    zone = ZoneInfo(campaigns.timezone())
    outcome = {row.contact_id: _outcome(row, zone) for row in recipients.outcomes(campaign)}
    people = _people_of(found.id)
    mapping = Mapping.from_json(found.mapping)
    header, width = mapping.header_row or 0, len(mapping.columns)
    if not header:
        yield [column.name for column in mapping.columns] + _titles()
    for number, cells in read_rows(files.path(f"{found.storage_key}/upload"), found.analysis["sheet"]):
        texts = [cell_text(cell) for cell in cells]
        texts += [""] * (width - len(texts))
        if number > header:
            texts += outcome.get(people.get(number), [_("Não enviada: linha repetida ou sem telefone válido")])
        yield texts + _titles() if number == header else texts


def _people_of(import_id: uuid.UUID) -> dict[int, uuid.UUID]:
    """Row of the sheet → who it is, merges followed by the recipients' own contact."""
    rows = read_session().execute(
        select(ImportRow.row_number, ImportRow.contact_id).where(ImportRow.import_id == import_id)
    )
    return dict(rows.all())


def _outcome(row: Any, zone: ZoneInfo) -> list[str]:
    message = row[3]
    if message is None:
        return [_("Não enviada"), "", "", "", "", "", str(exclusion_words(row.skip_reason or "")), ""]
    why = failure(message.error_code) if message.status in ("failed", "unconfirmed", "cancelled") else None
    times = [message.sent_at, message.delivered_at, message.read_at, message.replied_at]
    return [
        _status(message.status), row.instance or "", *[_local(moment, zone) for moment in times],
        f"{why.what}. {why.do}" if why else "", message.body,
    ]  # fmt: skip


def _status(status: str) -> str:
    return {
        "queued": _("Na fila"), "sending": _("Enviando"), "held": _("Retida"), "unconfirmed": _("A verificar"),
        "sent": _("Enviada"), "delivered": _("Entregue"), "read": _("Lida"), "played": _("Ouvida"),
        "failed": _("Falhou"), "cancelled": _("Cancelada"),
    }.get(status, status)  # fmt: skip


def _local(moment: datetime | None, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%d/%m/%Y %H:%M") if moment else ""
