"""Letters that leave, and letting go of expired sessions, tokens, keys, facts and records."""

import uuid
from collections.abc import Callable
from typing import Any

import structlog
from flask import render_template
from flask_babel import force_locale

from app.accounts import queries
from app.accounts.queries.audit import get_export
from app.accounts.service import audit_exports, mail, many_tries, recovery, registration
from app.accounts.service.sessions import NO_TENANT
from app.core import mailing
from app.core.background import enqueue, job
from app.core.context import acting, system
from app.core.db import release
from app.core.letters import Words
from app.core.mailing import Letter, MailError
from app.core.retention import every_tenant, purge

log = structlog.get_logger(__name__)

EXPIRED = {
    "sessions": "expires_at < now() - interval '7 days' OR revoked_at < now() - interval '30 days'",
    "refresh_tokens": "expires_at < now() - interval '1 day'",
    "idempotency_keys": "created_at < now() - interval '2 days'",
    "facts": "created_at < now() - interval '30 days'",
    "one_time_links": "expires_at < now() - interval '30 days'",
    "known_devices": "last_seen_at < now() - interval '365 days'",
    "mails": "status IN ('sent', 'failed') AND created_at < now() - interval '30 days'",
}
# Questions whose answer is a letter, or none.
ANSWERS: dict[str, Callable[[dict[str, Any]], None]] = {
    "forgot": recovery.answer,
    "register": registration.answer,
    "many_tries": many_tries.answer,
}


@job("accounts.purge", every=3600, timeout=1800)
def purge_expired() -> None:
    for _tenant in every_tenant():
        for table, condition in EXPIRED.items():
            purge(table, condition)
    with acting(system(NO_TENANT)):
        purge("mails", EXPIRED["mails"])


@job("mail.deliver", timeout=120)
def deliver(tenant_id: str, mail_id: str) -> None:
    with acting(system(uuid.UUID(tenant_id))):
        claimed = mail.claim(uuid.UUID(mail_id))
        if claimed is None:
            return
        kind, payload = claimed
        try:
            _send(payload) if kind == "letter" else _answer(kind, payload)
        except MailError as error:
            log.warning("mail_failed", mail_id=mail_id, error=str(error), permanent=error.permanent)
            mail.failed(uuid.UUID(mail_id), str(error), permanent=error.permanent)
        else:
            mail.done(uuid.UUID(mail_id))


@job("audit.export", queue="bulk", timeout=1800)
def export_audit(tenant_id: str, export_id: str) -> None:
    """In the language of who asked; the door allowed it."""
    tenant, wanted = uuid.UUID(tenant_id), uuid.UUID(export_id)
    with acting(system(tenant)):
        asked_by = get_export(wanted).created_by
        person = queries.find_person(tenant, asked_by) if asked_by else None
        with force_locale(person.locale if person else "pt_BR"):
            audit_exports.write(wanted, person.timezone if person else "UTC")


@job("audit.purge", every=6 * 3600, timeout=1800)
def purge_audit() -> None:
    """What is older than the company keeps; tries with unknown addresses belong to no company."""
    for tenant_id in every_tenant():
        audit_exports.purge(queries.get_tenant(tenant_id).settings.get("audit_days"))
        audit_exports.forget_files()
    with acting(system(NO_TENANT)):
        audit_exports.purge(None)


def _answer(kind: str, question: dict[str, Any]) -> None:
    ANSWERS[kind](question)


def _send(payload: dict[str, Any]) -> None:
    words, locale = Words.from_json(payload["words"]), payload["locale"]
    with force_locale(locale):
        text = render_template("mail/letter.txt", words=words)
        html = render_template("mail/letter.jinja", words=words, lang=locale.replace("_", "-"))
    release()  # the mail server may take its time
    mailing.deliver(Letter(payload["to"], words.subject, text, html))


@job("mail.sweep", every=60)
def sweep() -> None:
    """Letters whose nudge was lost, or whose time has come again."""
    for tenant_id in every_tenant():
        _wake(tenant_id)
    with acting(system(NO_TENANT)):
        _wake(NO_TENANT)


def _wake(tenant_id: uuid.UUID) -> None:
    for mail_id in mail.list_due():
        enqueue("mail.deliver", tenant_id=tenant_id, mail_id=mail_id)
