"""What each person would get, before anything is sent; and what a careful colleague would notice."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import and_, func, or_, select

from app.campaigns.models import Campaign
from app.campaigns.queries import audience as audiences
from app.campaigns.queries import campaigns, recipients
from app.campaigns.queries.audience import Audience, Content
from app.campaigns.rules.drafts import ODD_SQL
from app.campaigns.rules.values import compiled, render_for, unknown_variables, values_of, variable_keys, variation_of
from app.contacts.models import Contact
from app.contacts.queries.people import Filter, custom_keys, get_contact
from app.contacts.queries.people import chosen as found_contacts
from app.core import ids
from app.core.db import read_session
from app.core.paging import Page, decode_cursor, encode_cursor
from app.core.permissions import require
from app.templates.rules import empty_names, key_of


@dataclass(frozen=True)
class Line:
    """One person of the audience; `reason` says why they are left out, if they are."""

    contact_id: uuid.UUID
    name: str
    phone: str | None
    text: str
    reason: str | None


@dataclass(frozen=True)
class Warnings:
    """Counts over those who would get it."""

    empty_variable: int = 0
    odd_name: int = 0
    recent: int = 0
    variables: tuple[str, ...] = ()  # that come out empty for somebody
    unknown: tuple[str, ...] = ()  # that no contact has


@dataclass(frozen=True)
class Review:
    recipients: int
    excluded: dict[str, int]
    warnings: Warnings


def page(
    campaign: Campaign,
    *,
    search: str = "",
    only: str = "",
    after: str | None = None,
    limit: int = 25,
    number: int = 1,
) -> Page[Line]:
    """Rendered by the very SQL of the launch. `only`: a reason of exclusion, or odd_name | empty_variable | recent."""
    who, content = _of(campaign)
    names = audiences.custom_names(who, content)
    people = audiences.candidates(who, content, names, holes=only == "empty_variable")
    wanted = select(people).where(people.c.reason.is_(None) if not _is_reason(only) else people.c.reason == only)
    wanted = _narrowed(wanted, people, search, only)
    found = wanted.add_columns(func.count().over().label("total")).subquery()  # one pass for the page and its total
    chosen = select(found).order_by(found.c.id).limit(limit + 1)
    if cursor := decode_cursor(after, 1):
        chosen = chosen.where(found.c.id > uuid.UUID(cursor[0]))
    elif number > 1:
        chosen = chosen.offset((number - 1) * limit)
    rows = read_session().execute(chosen).all()
    total = rows[0].total if rows else 0
    lines = [Line(row.id, row.name, row.phone, row.body, row.reason) for row in rows[:limit]]
    more = encode_cursor(lines[-1].contact_id) if len(rows) > limit else None
    return Page(lines, total=total, page=number, limit=limit, next_cursor=more)


def stored(
    campaign_id: uuid.UUID, number: int, limit: int, *, search: str = "", after: str | None = None
) -> Page[Line]:
    """After the launch: the texts as they were frozen."""
    found = recipients.page(campaign_id, number, limit, search=search, after=after)
    lines = [Line(row.contact_id, row.name, row.phone, row.text, None) for row in found.items]
    return Page(lines, total=found.total, page=found.page, limit=found.limit, next_cursor=found.next_cursor)


def _is_reason(only: str) -> bool:
    return only in ("opted_out", "blocked", "unreachable", "duplicate", "deleted", "empty_text", "too_long", "skipped")


def _narrowed(wanted: Any, people: Any, search: str, only: str) -> Any:
    if search.strip():
        found = found_contacts(Filter(search=search)).subquery("found")
        wanted = wanted.where(people.c.id.in_(select(found.c.id)))
    clauses = {
        "odd_name": lambda: _odd(people.c.name),
        "recent": lambda: audiences.talked_recently(people.c.id),
        "empty_variable": lambda: people.c.hole,
    }
    return wanted.where(clauses[only]()) if only in clauses else wanted


def review(campaign: Campaign) -> Review:
    """Everything the last step says, in two passes over the audience."""
    who, content = _of(campaign)
    names = audiences.custom_names(who, content)
    people = audiences.candidates(who, content, names, holes=True)
    gets = people.c.reason.is_(None)
    rows = read_session().execute(
        select(
            people.c.reason,
            func.count(),
            func.count().filter(and_(gets, _odd(people.c.name))),
            func.count().filter(and_(gets, people.c.hole)),
            func.count().filter(and_(gets, audiences.talked_recently(people.c.id))),
        ).group_by(people.c.reason)
    )
    counts, odd, holes, recent = {}, 0, 0, 0
    for reason, count, odd_here, holes_here, recent_here in rows:
        counts[reason] = count
        odd, holes, recent = odd + odd_here, holes + holes_here, recent + recent_here
    wordings = compiled(content.message, list(content.variations))
    known = {key_of(name) for name in names}
    recipients = counts.pop(None, 0)
    open_names = tuple(_undefended(wordings).values()) if holes else ()
    unknown = tuple(unknown_variables(wordings, known))
    return Review(recipients, counts, Warnings(holes, odd, recent, open_names, unknown))


def _of(campaign: Campaign) -> tuple[Audience, Content]:
    return campaigns.audience_of(campaign, campaigns.instances_of(campaign.id)), Content.of(campaign)


def _odd(name: Any) -> Any:
    shouting = and_(func.upper(name) == name, name.regexp_match("[A-Z]{4}"))
    return or_(name.regexp_match(ODD_SQL, flags="i"), shouting)


def _undefended(wordings: Sequence[Sequence[Any]]) -> dict[str, str]:
    """Variables without a default: they may leave a hole."""
    return {
        key: name
        for key, name in variable_keys(wordings).items()
        if any(getattr(part, "key", None) == key and part.default is None for parts in wordings for part in parts)
    }


def text_for(campaign: Campaign, contact_id: uuid.UUID | None = None) -> str:
    """The text of one contact, or of somebody invented when nobody was chosen."""
    contact = get_contact(contact_id) if contact_id else first_person(campaign)
    return render_for(contact or example_person(), compiled(campaign.message, campaign.variations))


def first_person(campaign: Campaign) -> Contact | None:
    meant = audiences.chosen_ids(campaign.audience).subquery()
    query = select(Contact).join(meant, meant.c.id == Contact.id).order_by(Contact.id).limit(1)
    return read_session().scalar(query)


def example_person() -> Any:
    return SimpleNamespace(
        id=ids.new_id(), name=_("Maria Souza"), phone="+5511987654321", email="maria@exemplo.com.br", custom_fields={}
    )


@dataclass(frozen=True)
class Sample:
    """One bubble of the editor."""

    name: str
    text: str
    wording: int
    empty: tuple[str, ...]


def sample(message: str, variations: Sequence[str], contact: Any, at: int | None = None) -> Sample:
    """`at` shows that wording instead of the one this person would get."""
    wordings = compiled(message, variations)
    index = min(at, len(wordings) - 1) if at is not None else variation_of(contact.id, len(wordings))
    known = values_of(contact)
    return Sample(
        contact.name, render_for(contact, [wordings[index]]), index, tuple(empty_names(wordings[index], known))
    )


def variables() -> list[str]:
    """Names that the editor offers."""
    require("campaigns.read")
    return ["nome", "primeiro_nome", "telefone", "email", *custom_keys(30)]
