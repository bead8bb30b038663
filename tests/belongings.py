"""One row of everything that has an id in an address: for walks over every route."""

import io
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.accounts.models import UserSession
from app.accounts.queries.audit import AuditFilter
from app.accounts.service import audit_exports, tokens
from app.campaigns import service as campaigns
from app.contacts.queries.people import Filter
from app.contacts.service import exports, imports, labels, merges
from app.core import clock, ids
from app.core.db import transaction
from app.hooks import service as hooks
from app.inbox.models import Ticket
from app.inbox.service.queues import create_queue
from app.inbox.service.quick_replies import create_quick_reply, save_filter
from app.media.service import store_upload
from app.templates.service import create_template
from app.voice import service as voices
from tests.factories import Company, make_contact, make_instance
from tests.media import samples


@pytest.fixture
def belongings(company: Company, as_admin: object) -> dict[str, str]:
    """One row of everything that has an id in an address, by the name it has there."""
    instance, person, twin, loser = make_instance(), make_contact(), make_contact(), make_contact()
    tag, group = labels.create_tag("Ouro"), labels.create_group("Clientes")
    draft = campaigns.create(
        name="Oferta", message="Oi {nome}", instance_ids=[instance.id], audience={"contact_ids": [person.id]}
    )
    launched = campaigns.launch(draft.id)
    found = {
        "contact_id": person.id,
        "tag_id": tag.id,
        "group_id": group.id,
        "list_id": labels.create_list("Todos", filters={"match": "all", "conditions": []}).id,
        "merge_id": merges.merge_contacts(twin.id, loser.id).id,
        "import_id": imports.start_import(io.BytesIO(b"Nome,Telefone\nAna,11987650001\n"), "a.csv").id,
        "export_id": exports.start_export(Filter(), "csv").id,
        "instance_id": instance.id,
        "template_id": create_template("Modelo", "Oi").id,
        "media_id": store_upload(io.BytesIO(samples.picture()), "a.png").id,
        "campaign_id": launched.id,
        "token_id": tokens.create_token("Loja").row.id,
        "ticket_id": _ticket(instance.id, person.id),
        "queue_id": create_queue("Vendas").id,
        "filter_id": save_filter("Meus", {"status": "open"}).id,
        "reply_id": create_quick_reply("oi", "Olá!").id,
        "letter_id": _dead_letter(instance.id),
        **_webhook(),
        "user_id": company.users["agent"],
        "session_id": _session(company),
        "audit_export_id": audit_exports.start(AuditFilter()).id,
        "provider": "google",
        **_voice(),
        "name": "0" * 32 + ".xlsx",
        "code": "phone_missing",
    }
    with transaction() as session:
        query = text("SELECT id FROM messages WHERE campaign_id = :id")
        found["message_id"] = session.scalar(query, {"id": launched.id})
    return {name: str(value) for name, value in found.items()}


def _webhook() -> dict[str, uuid.UUID]:
    row = hooks.create_webhook("http://127.0.0.1:9/", ["contact.merged"]).row
    return {"webhook_id": row.id, "delivery_id": hooks.send_test(row.id).id}


def _session(company: Company) -> uuid.UUID:
    with transaction() as session:
        row = UserSession(
            user_id=company.users["agent"], token_hash=uuid.uuid4().bytes, expires_at=clock.now() + timedelta(days=1)
        )
        session.add(row)
        session.flush()
    return row.id


def _ticket(instance_id: uuid.UUID, contact_id: uuid.UUID) -> uuid.UUID:
    with transaction() as session:
        ticket = Ticket(instance_id=instance_id, contact_id=contact_id)
        session.add(ticket)
        session.flush()
    return ticket.id


def _voice() -> dict[str, uuid.UUID]:
    config = voices.create_config(name="Voz")
    word = voices.add_pronunciation("SAC", "sáqui")
    return {"config_id": config.id, "word_id": word.id, "audio_id": voices.ask("Olá", config.id).id}


def _dead_letter(instance_id: uuid.UUID) -> uuid.UUID:
    with transaction() as session:
        values = {"id": ids.new_id(), "instance": instance_id, "tenant": session.info["tenant_id"], "body": b"{}"}
        session.execute(text("SELECT store_inbound(:id, :tenant, :instance, :body)"), values)
        session.execute(
            text("UPDATE inbound_events SET state = 'dead', error = 'x' WHERE instance_id = :instance"), values
        )
        return session.scalar(text("SELECT id FROM inbound_events WHERE instance_id = :instance"), values)
