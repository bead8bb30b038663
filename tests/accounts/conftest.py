"""A mailbox that shows what the worker would have sent, and settings of the operator for one test."""

import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyotp
import pytest
from sqlalchemy import text

from app.accounts.jobs import deliver
from app.accounts.models import User
from app.accounts.service import mail
from app.accounts.service.sessions import NO_TENANT
from app.core import clock, mailing
from app.core.context import acting, system
from app.core.crypto import seal
from app.core.db import transaction
from tests.factories import Company


@dataclass
class Mailbox:
    folder: Path
    tenants: list[uuid.UUID] = field(default_factory=lambda: [NO_TENANT])

    def collect(self) -> list[dict[str, str]]:
        """Everything that leaves now, oldest first; questions are answered first."""
        before = {row["id"] for row in mailing.kept(self.folder)}
        for tenant_id in [NO_TENANT, *self.tenants, NO_TENANT]:
            with acting(system(tenant_id)):
                due = mail.list_due()
            for mail_id in due:
                deliver(str(tenant_id), str(mail_id))
        return [row for row in reversed(mailing.kept(self.folder)) if row["id"] not in before]

    def link(self, path: str) -> str:
        """The path of the newest letter's link below `path`, such as `/reset/`."""
        for row in mailing.kept(self.folder):
            found = re.search(rf"https?://[^/\s]+({re.escape(path)}\S+)", row["text"])
            if found:
                return found[1]
        raise AssertionError(f"no letter leads to {path}")


@pytest.fixture
def configured(app) -> Iterator[Callable[..., None]]:
    """Settings of the operator for this test only."""
    before = app.extensions["recado"]

    def change(**changes: Any) -> None:
        app.extensions["recado"] = replace(app.extensions["recado"], **changes)
        mailing.configure(app.extensions["recado"])

    yield change
    app.extensions["recado"] = before
    mailing.configure(before)


@pytest.fixture
def mailbox(configured, company, tmp_path) -> Mailbox:
    configured(embedded=True, data_dir=tmp_path)
    mailbox = Mailbox(tmp_path / "mails", [company.tenant_id])
    mailbox.collect()  # what a test before this one left
    return mailbox


@pytest.fixture
def audited(owner_engine) -> Callable[..., list[Any]]:
    """Rows of the audit log of a company (or of none), newest last."""

    def rows(action: str, tenant_id: uuid.UUID = NO_TENANT) -> list[Any]:
        sql = text("SELECT * FROM audit_logs WHERE tenant_id = :t AND action = :a ORDER BY id")
        with owner_engine.connect() as connection:
            return list(connection.execute(sql, {"t": tenant_id, "a": action}).all())

    return rows


SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def code_at(steps: int = 0) -> str:
    """The application's code now, or so many half minutes from now."""
    return pyotp.TOTP(SECRET).at(int(clock.now().timestamp()) + 30 * steps)


@pytest.fixture
def with_totp(company) -> Callable[[str], None]:
    """`with_totp("agent")`: that person has two-step verification."""

    def switch_on(role: str, of: Company = company) -> None:
        with acting(of.actor()), transaction() as session:
            session.get(User, of.users[role]).totp_secret = seal(SECRET)

    return switch_on
