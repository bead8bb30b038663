"""Every route and every API call, with the real ids of another company, and as each role."""

import io
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.engine import Engine
from werkzeug.routing import Rule

from app.accounts.service import tokens
from app.campaigns import service as campaigns
from app.contacts.queries.people import Filter
from app.contacts.service import exports, imports, labels, merges
from app.core import ids
from app.core.db import transaction
from app.inbox.models import Ticket
from app.inbox.service.queues import create_queue
from app.inbox.service.quick_replies import create_quick_reply
from app.media.service import store_upload
from app.templates.service import create_template
from tests.clients import ApiClient, IsolatedClient, sign_in
from tests.factories import Company, make_contact, make_instance
from tests.media import samples

OPEN = {"accounts.login", "accounts.sign_in", "api.auth.login", "api.auth.refresh", "api_docs.show", "health.metrics",
        "health.page", "api.health.healthz", "api.openapi", "ui.favicon", "ui.language", "ui.static_file",
        "ui.theme"}  # fmt: skip
# One's own: nobody is refused there.
OWN = {"accounts.logout", "accounts.profile", "accounts.save_profile", "accounts.change_password", "api.auth.me",
       "accounts.end_sessions", "accounts.settings", "api.auth.logout"}  # fmt: skip
# Bodies of calls that would be refused for their form before anybody asks whose the row is.
BODIES: dict[str, Any] = {
    "api.campaigns.follow_up": {"segment": "failed"},
    "api.campaigns.schedule": {"scheduled_at": f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"},
    "api.campaigns.test": {"recipient": "+5511987654321"},
    "api.groups.add_contacts": {"contact_ids": [str(uuid.uuid4())]},
    "api.groups.remove_contacts": {"contact_ids": [str(uuid.uuid4())]},
    "api.instances.test": {"recipient": "+5511987654321"},
    "api.campaigns.create": {"name": "Oferta", "message": "Oi"},
    "api.contacts.create": {"name": "Ana", "phone": "+5511987654321"},
    "api.contacts.replace_contact": {"name": "Outro"},
    "api.contacts.update": {"name": "Outro", "opted_out": False},
    "api.groups.create_group": {"name": "Outro"},
    "api.groups.replace_group": {"name": "Outro"},
    "api.groups.update_group": {"name": "Outro"},
    "api.instances.create": {"name": "Outro"},
    "api.instances.update": {"name": "Outro"},
    "api.lists.create_list": {"name": "Outro"},
    "api.lists.update_list": {"name": "Outro"},
    "api.tags.create_tag": {"name": "Outro"},
    "api.tags.update_tag": {"name": "Outro"},
    "api.templates.create": {"name": "Outro", "content": "Oi"},
    "api.queues.create_queue": {"name": "Outra"},
    "api.queues.update_queue": {"name": "Outra"},
    "api.quick-replies.create_reply": {"shortcut": "ola", "content": "Oi"},
    "api.quick-replies.update_reply": {"content": "Oi"},
    "api.tickets.add_note": {"body": "Nota"},
    "api.tickets.transfer": {"user_id": str(uuid.uuid4())},
    "contacts.change_many": {"all": "1", "action": "block"},
    "contacts.restore": {"at": datetime.now(UTC).isoformat()},
    "instances.pair": {"phone_number": "+5511987654321"},
    "instances.send_test": {"recipient": "+5511987654321"},
    "instances.update": {"name": "Outro"},
    "api.templates.replace": {"name": "Outro", "content": "Oi"},
    "campaign_actions.follow_up": {"segment": "failed"},
    "contacts.merge": {"twin": str(uuid.uuid4())},
    "imports.area": {"area": "11"},
    "imports.repair": {"code": "phone_ninth_digit", "on": "1"},
}
# 422: a form or a body is looked at before the permission; whatever it holds, nothing may change.
REFUSALS = (403, 404, 409, 422)
ALLOWED = {"viewer": re.compile("never"), "developer": re.compile(r"accounts\.|(api\.)?dead.letters\.")}
LOOKS = {"lists.count", "lists.builder", "templates.preview"}  # POSTs that only look
PARAMETER = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")


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
        "reply_id": create_quick_reply("oi", "Olá!").id,
        "letter_id": _dead_letter(instance.id),
        "name": "0" * 32 + ".xlsx",
        "code": "phone_missing",
    }
    with transaction() as session:
        query = text("SELECT id FROM messages WHERE campaign_id = :id")
        found["message_id"] = session.scalar(query, {"id": launched.id})
    return {name: str(value) for name, value in found.items()}


def _ticket(instance_id: uuid.UUID, contact_id: uuid.UUID) -> uuid.UUID:
    with transaction() as session:
        ticket = Ticket(instance_id=instance_id, contact_id=contact_id)
        session.add(ticket)
        session.flush()
    return ticket.id


def _dead_letter(instance_id: uuid.UUID) -> uuid.UUID:
    with transaction() as session:
        values = {"id": ids.new_id(), "instance": instance_id, "tenant": session.info["tenant_id"], "body": b"{}"}
        session.execute(text("SELECT store_inbound(:id, :tenant, :instance, :body)"), values)
        session.execute(
            text("UPDATE inbound_events SET state = 'dead', error = 'x' WHERE instance_id = :instance"), values
        )
        return session.scalar(text("SELECT id FROM inbound_events WHERE instance_id = :instance"), values)


def doors(app: Flask) -> Iterator[tuple[Rule, str]]:
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if rule.endpoint not in OPEN and "gallery" not in rule.endpoint:
            for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
                yield rule, method


def knock(pages: IsolatedClient, api: ApiClient, rule: Rule, method: str, address: str, token: str) -> Any:
    body = BODIES.get(rule.endpoint, {})
    if rule.rule.startswith("/api/"):
        with_body = {"json": body} if body or method in ("POST", "PUT", "PATCH") else {}
        return api.call(method, address.removeprefix("/api/v1"), **with_body)
    return pages.open(address, method=method, data=body or None, headers={"X-CSRFToken": token})


def test_no_door_opens_for_another_companys_ids(app, owner_engine, company, outsider, belongings):
    """404, or 403 where the role alone forbids it, even for an admin of the other company; and nothing changes."""
    pages, api = sign_in(app.test_client(), outsider), ApiClient.sign_in(app.test_client(), outsider)
    token, before, wrong = pages.csrf_token(), fingerprint(owner_engine, company), []
    for rule, method in doors(app):
        names = PARAMETER.findall(rule.rule)
        if not names:
            continue
        assert set(names) <= set(belongings), f"{rule.rule}: make one of its rows in `belongings`"
        address = PARAMETER.sub(lambda found: belongings[found[1]], rule.rule)
        answer = knock(pages, api, rule, method, address, token)
        if answer.status_code not in (403, 404):
            wrong.append((rule.endpoint, method, answer.status))
    assert not wrong, "\n".join(map(str, wrong))
    assert fingerprint(owner_engine, company) == before


def fingerprint(owner: Engine, company: Company) -> dict[str, str]:
    """What every table holds of the company."""
    tables = "SELECT table_name FROM information_schema.columns c JOIN pg_class t ON t.oid = c.table_name::regclass" \
        " WHERE column_name = 'tenant_id' AND table_schema = 'public' AND t.relkind IN ('r', 'p')" \
        " AND NOT t.relispartition"  # fmt: skip
    digest = "SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {} t WHERE tenant_id = :tenant"
    with owner.connect() as connection:
        return {
            name: connection.scalar(text(digest.format(name)), {"tenant": company.tenant_id})
            for name in connection.scalars(text(tables)).all()
        }


# Rows that a visit itself leaves behind.
TRACES = {"audit_logs", "sessions", "refresh_tokens", "users"}


@pytest.mark.parametrize(
    ("role", "own"),
    [("viewer", set()), ("developer", {"api_tokens", "inbound_events", "facts"})],
)
def test_a_role_without_rights_changes_nothing(app, owner_engine, company, belongings, role, own):
    """Every writing door, with a body that would do."""
    pages, api = sign_in(app.test_client(), company, role), ApiClient.sign_in(app.test_client(), company, role)
    token, before, wrong = pages.csrf_token(), fingerprint(owner_engine, company), []
    for rule, method in doors(app):
        if method == "GET" or rule.endpoint in OWN | LOOKS or ALLOWED[role].match(rule.endpoint):
            continue
        address = PARAMETER.sub(lambda found: belongings.get(found[1], str(uuid.uuid4())), rule.rule)
        answer = knock(pages, api, rule, method, address, token)
        if answer.status_code not in REFUSALS:
            wrong.append((rule.endpoint, method, answer.status))
    after = fingerprint(owner_engine, company)
    assert not wrong, "\n".join(map(str, wrong))
    assert {name for name in before if before[name] != after[name]} <= TRACES | own
