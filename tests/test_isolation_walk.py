"""Every route and every API call, with the real ids of another company, and as each role."""

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

from tests.clients import ApiClient, IsolatedClient, sign_in
from tests.factories import Company

OPEN = {"accounts.login", "accounts.sign_in", "accounts.code", "accounts.check_code", "accounts.sign_in_elsewhere",
        "accounts.back_from_elsewhere", "accounts.forgot", "accounts.ask_reset", "accounts.reset", "accounts.save_reset",
        "accounts.invitation", "accounts.accept_invitation", "accounts.register", "accounts.ask_registration",
        "accounts.registration_link", "accounts.confirm_registration", "accounts.outbox", "accounts.outbox_mail",
        "accounts.outbox_body", "api.auth.login", "api.auth.refresh", "api.auth.forgot_password",
        "api.auth.reset_password", "api.auth.register", "api_docs.show", "health.metrics", "health.page", "api.health.healthz", "api.openapi", "ui.favicon", "ui.language", "ui.static_file",
        "ui.theme", "voice_audio.signed"}  # fmt: skip
# One's own: nobody is refused there.
OWN = {"accounts.logout", "accounts.profile", "accounts.save_profile", "accounts.change_password", "api.auth.me",
       "accounts.end_sessions", "accounts.settings", "api.auth.logout", "accounts.security", "accounts.confirm",
       "accounts.set_up_second_factor", "accounts.enable_second_factor", "accounts.renew_codes",
       "accounts.disable_second_factor", "accounts.unlink_elsewhere", "media.set_photo", "media.remove_photo"}  # fmt: skip
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
    "api.webhooks.create": {"url": "http://127.0.0.1:9/", "events": ["contact.*"]},
    "api.webhooks.update": {"description": "Outro"},
    "hooks.update": {"url": "http://127.0.0.1:9/", "events": "contact.*"},
    "api.templates.create": {"name": "Outro", "content": "Oi"},
    "api.queues.create_queue": {"name": "Outra"},
    "api.queues.update_queue": {"name": "Outra"},
    "api.quick-replies.create_reply": {"shortcut": "ola", "content": "Oi"},
    "api.quick-replies.update_reply": {"content": "Oi"},
    "api.tickets.add_note": {"body": "Nota"},
    "api.tickets.transfer": {"user_id": str(uuid.uuid4())},
    "contacts.change_many": {"all": "1", "action": "block"},
    "contacts.restore": {"at": datetime.now(UTC).isoformat()},
    "inbox_actions.priority": {"priority": "high"},
    "inbox_writing.note": {"body": "Nota", "text": "Nota"},
    "instances.pair": {"phone_number": "+5511987654321"},
    "instances.send_test": {"recipient": "+5511987654321"},
    "instances.update": {"name": "Outro"},
    "api.templates.replace": {"name": "Outro", "content": "Oi"},
    "api.tts.create": {"name": "Outra"},
    "api.tts.create_config": {"name": "Outra"},
    "api.tts.generate": {"text": "Olá", "wait": 0},
    "campaign_actions.follow_up": {"segment": "failed"},
    "api.people.create": {"email": "nova@exemplo.com.br", "name": "Nova", "role": "admin"},
    "api.tokens.create": {"name": "Loja"},
    "api.people.update": {"name": "Outro", "role": "admin"},
    "accounts.invite_person": {"email": "nova@exemplo.com.br", "name": "Nova", "role": "admin"},
    "accounts.save_person": {"name": "Outro", "role": "admin"},
    "accounts.save_company": {"name": "Outra", "timezone": "America/Manaus", "locale": "en", "audit_days": "400"},
    "accounts.save_safety": {"idle_minutes": "30"},
    "contacts.merge": {"twin": str(uuid.uuid4())},
    "imports.area": {"area": "11"},
    "imports.repair": {"code": "phone_ninth_digit", "on": "1"},
}
# 422: a form or a body is looked at before the permission; whatever it holds, nothing may change.
REFUSALS = (403, 404, 409, 422)
ALLOWED = {
    "viewer": re.compile("never"),
    "developer": re.compile(r"accounts\.|(api\.)?dead.letters\.|hooks\.|api\.webhooks\.|api\.tokens\."),
}
LOOKS = {"voice.check", "lists.count", "lists.builder", "templates.preview"}  # POSTs that only look
PARAMETER = re.compile(r"<(?:[^:<>]+:)?([^<>]+)>")


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
    [("viewer", set()), ("developer", {"api_tokens", "inbound_events", "facts", "webhooks", "webhook_deliveries"})],
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
