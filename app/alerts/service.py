"""Watching: what is wrong is opened once, resolved when it is over, and told in one letter instead of twenty."""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime

import orjson
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select, text, update

from app.accounts.service import mail
from app.alerts import queries, rules
from app.alerts.models import Alert
from app.alerts.rules import KINDS, Raised
from app.core import clock, ids, mailing
from app.core.context import current_actor
from app.core.db import transaction
from app.core.facts import emit
from app.core.letters import Words
from app.core.permissions import require

# Of two watches at once one opens it.
_OPEN = text("""
    INSERT INTO alerts (id, tenant_id, kind, subject, is_urgent, details, opened_at, seen_at)
    VALUES (:id, :tenant, :kind, :subject, :urgent, cast(:details AS jsonb), :now, :now)
    ON CONFLICT (tenant_id, kind, subject) WHERE resolved_at IS NULL
    DO UPDATE SET seen_at = excluded.seen_at, details = excluded.details RETURNING (xmax = 0) AS is_new
""")
_LAST_TOLD = text("SELECT max(greatest(told_at, told_end_at)) FROM alerts WHERE tenant_id = :tenant")


def watch(server: Iterable[Raised] = ()) -> None:
    """The acting company's alerts as they stand now; `server`: what is wrong with the machine, told to its operator."""
    require("settings.manage")
    with transaction():
        found = rules.of_company(
            queries.today(), queries.late_numbers(), queries.troubled_numbers(), queries.count_dead()
        )
        note([*found, *rules.of_voice(*queries.voice_money()), *server], clock.now())
        tell(clock.now())


def note(found: Sequence[Raised], now: datetime) -> None:
    """Open what is new; resolve what nobody has seen for a while."""
    with transaction() as session:
        for raised in found:
            values = {
                "id": ids.new_id(),
                "tenant": current_actor().tenant_id,
                "kind": raised.kind,
                "subject": raised.subject,
                "urgent": KINDS[raised.kind].is_urgent,
                "details": orjson.dumps(raised.details).decode(),
                "now": now,
            }
            if session.scalar(_OPEN, values):
                emit("alert.opened", kind=raised.kind, subject=raised.subject, is_urgent=KINDS[raised.kind].is_urgent)
        _resolve({raised.key for raised in found}, now)


def _resolve(seen: set[tuple[str, str]], now: datetime) -> None:
    mine = (Alert.tenant_id == current_actor().tenant_id, Alert.resolved_at.is_(None))
    with transaction() as session:
        over = select(Alert).where(*mine, Alert.seen_at < now - rules.RESOLVED_AFTER)
        for alert in session.scalars(over.with_for_update(skip_locked=True)):
            if (alert.kind, alert.subject) not in seen:
                alert.resolved_at = now
                emit("alert.resolved", kind=alert.kind, subject=alert.subject, is_urgent=alert.is_urgent)


def tell(now: datetime) -> None:
    """One letter to each admin with all that is new, at most every quarter of an hour: no storm."""
    mine = Alert.tenant_id == current_actor().tenant_id
    with transaction() as session:
        last = session.scalar(_LAST_TOLD, {"tenant": current_actor().tenant_id})
        if last and now - last < rules.LETTER_EVERY:
            return
        begun = session.scalars(select(Alert).where(mine, Alert.told_at.is_(None))).all()
        over = session.scalars(
            select(Alert).where(
                mine, Alert.told_at.is_not(None), Alert.resolved_at.is_not(None), Alert.told_end_at.is_(None)
            )
        ).all()
        if not begun and not over:
            return
        mail.post_to_admins(lambda: letter(begun, over))
        _mark([one.id for one in begun], [one.id for one in [*over, *begun] if one.resolved_at], now)


def _mark(begun: list[uuid.UUID], over: list[uuid.UUID], now: datetime) -> None:
    plainly = {"synchronize_session": False}
    with transaction() as session:
        session.execute(update(Alert).where(Alert.id.in_(begun)).values(told_at=now), execution_options=plainly)
        session.execute(update(Alert).where(Alert.id.in_(over)).values(told_end_at=now), execution_options=plainly)


def letter(begun: Sequence[Alert], over: Sequence[Alert]) -> Words:
    open_ones = [one for one in begun if not one.resolved_at]
    passed = [*over, *(one for one in begun if one.resolved_at)]
    subject = (
        ngettext("%(num)d alerta do Recado", "%(num)d alertas do Recado", len(open_ones))
        if open_ones
        else _("Recado: está tudo bem de novo")
    )
    lines = [f"{title(one)}. {words(one)} {advice(one)}" for one in open_ones]
    lines += [_("Resolvido: %(what)s.", what=title(one)) for one in passed]
    return Words(subject, lines, (_("Ver a saúde do servidor"), mailing.link("/settings/health")))


def title(alert: Alert) -> str:
    return str(KINDS[alert.kind].title) if alert.kind in KINDS else alert.kind


def words(alert: Alert) -> str:
    return str(KINDS[alert.kind].text) % alert.details if alert.kind in KINDS else ""


def advice(alert: Alert) -> str:
    return str(KINDS[alert.kind].advice) % alert.details if alert.kind in KINDS else ""
