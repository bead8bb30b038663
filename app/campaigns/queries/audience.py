"""Who a campaign reaches and who not, as SQL: each person once, every exclusion with its reason."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, and_, case, exists, func, literal, or_, select, true, union
from sqlalchemy.orm import aliased

from app.campaigns.models import Campaign, CampaignRecipient
from app.campaigns.queries import rendering
from app.campaigns.rules.segments import LEFT, SEGMENTS
from app.campaigns.rules.values import BUILT_IN, SPACES, compiled, variable_keys
from app.contacts.models import Contact, ContactIdentity, ImportRow
from app.contacts.queries.audience import audience as select_audience
from app.core import clock, ids
from app.core.context import current_actor
from app.core.db import read_session
from app.messages.models import Message
from app.templates.rules import MAX_LENGTH

RECENT = timedelta(hours=24)
_RANKS = {"phone": 0, "jid": 1, "lid": 2, "bsuid": 3}
_KINDS = {"evolution": {"phone", "jid", "lid"}, "cloud": {"phone", "bsuid"}}


@dataclass(frozen=True)
class Content:
    """What is rendered: the message's wordings, and whether a file goes along (then the text may be empty)."""

    message: str = ""
    variations: Sequence[str] = ()
    has_media: bool = False

    @classmethod
    def of(cls, campaign: Campaign) -> Content:
        return cls(campaign.message, tuple(campaign.variations), bool(campaign.media_id or campaign.media_url))


@dataclass(frozen=True)
class Audience:
    """`sources` as in Campaign.audience; `providers` of the numbers that will send."""

    sources: dict[str, Any] = field(default_factory=dict)
    providers: frozenset[str] = frozenset({"evolution"})

    @property
    def skips_recent(self) -> bool:
        return bool(self.sources.get("skip_recent"))


def chosen_ids(sources: dict[str, Any]) -> Any:
    """Ids of everybody meant, once each; people merged since then are followed to who they are now."""
    selects: list[Select[Any]] = []
    own = {key: sources.get(key) for key in ("list_id", "group_ids", "tag_ids", "contact_ids")}
    if any(own.values()):
        selects.append(_standing(own).with_only_columns(Contact.id))
    if sources.get("import_id"):
        rows = select(ImportRow.contact_id.label("id")).where(ImportRow.import_id == uuid.UUID(sources["import_id"]))
        selects.append(_followed(rows.where(ImportRow.contact_id.is_not(None))))
    if sources.get("from_campaign"):
        selects.append(_followed(_recipients_of(sources["from_campaign"])))
    if not selects:
        return select(Contact.id).where(literal(False))
    return selects[0] if len(selects) == 1 else union(*selects)


def _standing(own: dict[str, Any]) -> Select[Any]:
    lists = {key: [uuid.UUID(str(one)) for one in own[key] or ()] for key in ("group_ids", "tag_ids", "contact_ids")}
    return select_audience(list_id=uuid.UUID(str(own["list_id"])) if own["list_id"] else None, **lists)


def _followed(rows: Select[Any]) -> Select[Any]:
    found = rows.subquery()
    return select(func.coalesce(Contact.merged_into, Contact.id).label("id")).where(Contact.id == found.c.id).distinct()


def _recipients_of(source: dict[str, Any]) -> Select[Any]:
    """Recipients of an earlier campaign by what became of their message."""
    clauses = [segment_clause(name) for name in source.get("statuses") or ("all_sent",)]
    return (
        select(CampaignRecipient.contact_id.label("id"))
        .join(Message, Message.id == CampaignRecipient.message_id)
        .where(CampaignRecipient.campaign_id == uuid.UUID(str(source["id"])), or_(*clauses))
    )


def segment_clause(name: str) -> ColumnElement[bool]:
    """Over Message; a plain status is its own segment."""
    statuses, answered = SEGMENTS.get(name, ((name,), None))
    clauses: list[ColumnElement[bool]] = [Message.status.in_(statuses)]
    if answered is not None:
        clauses.append(Message.replied_at.is_not(None) if answered else Message.replied_at.is_(None))
    return and_(*clauses)


def candidates(who: Audience, content: Content | None, custom_names: Sequence[str] = (), *, holes: bool = False) -> CTE:
    """One row per person meant: contact columns, address, person key, `body` and `reason` (None = gets it); with
    `holes` also `hole`: a variable without a default came out empty.

    Without `content` nothing is rendered, which is enough to count people.
    """
    meant = select(chosen_ids(who.sources).subquery().c.id).cte("meant")
    person = aliased(Contact)
    address = _address(person, who.providers)
    key = _person_key(address)
    text, hole = _rendered(person, content, custom_names, holes)
    columns = [
        person.id, person.name, person.phone, address.c.value.label("address"), key.label("person_key"),
        text.label("body"), hole.label("hole"), _standing_reason(person, address, key).label("standing"),
    ]  # fmt: skip
    rows = select(*columns).select_from(meant).join(person, person.id == meant.c.id)
    rows = rows.outerjoin(address, true())
    found = rows.where(person.tenant_id == current_actor().tenant_id).subquery("found")
    return select(found, _reason(found, who, content).label("reason")).cte("candidates").prefix_with("MATERIALIZED")


def _address(person: Any, providers: frozenset[str]) -> Any:
    """The address a message would go to: the person's main phone first, as the sender chooses it.

    Asked for each person by index: as one query over all of them its plan hangs on statistics, and right after an
    import there are none (1,200 people took minutes).
    """
    kinds = set.intersection(*[_KINDS.get(name, {"phone"}) for name in providers or {"evolution"}])
    one = ContactIdentity
    rank = case(_RANKS, value=one.kind)
    is_other = func.coalesce(func.concat("+", one.display) != person.phone, True)
    rows = select(one.kind, one.value).where(one.contact_id == person.id, one.kind.in_(sorted(kinds)))
    return rows.order_by(rank, is_other, one.created_at, one.value).limit(1).lateral("address")


def _person_key(address: Any) -> ColumnElement[str]:
    """A phone's key as it is; a WhatsApp address of a phone under that phone's key, ninth digit dropped."""
    digits = func.split_part(func.split_part(address.c.value, "@", 1), ":", 1)
    plain = func.regexp_replace(digits, "^(55[0-9]{2})9([6-9][0-9]{7})$", r"\1\2")
    plain = func.regexp_replace(plain, "^521([0-9]{10})$", r"52\1")
    plain = func.regexp_replace(plain, "^549([0-9]{10})$", r"54\1")
    return case((and_(address.c.kind == "jid", address.c.value.like("%@s.whatsapp.net")), plain), else_=address.c.value)


def _standing_reason(person: Any, address: Any, key: ColumnElement[str]) -> ColumnElement[str]:
    first = [person.opted_out_at.is_not(None).desc(), (address.c.kind == "phone").desc(), person.id]
    repeated = and_(key.is_not(None), func.row_number().over(partition_by=key, order_by=first) > 1)
    return case(
        (or_(person.deleted_at.is_not(None), person.merged_into.is_not(None)), "deleted"),
        (person.opted_out_at.is_not(None), "opted_out"),
        (person.is_blocked, "blocked"),
        (or_(key.is_(None), person.unreachable_at.is_not(None)), "unreachable"),
        (repeated, "duplicate"),
    )


def _rendered(
    person: Any, content: Content | None, custom_names: Sequence[str], holes: bool
) -> tuple[ColumnElement[str], ColumnElement[bool]]:
    if content is None:
        return literal(""), literal(False)
    wordings = compiled(content.message, list(content.variations))
    spellings = rendering.spellings_of(custom_names, list(variable_keys(wordings)))
    hole = rendering.has_hole(person, wordings, spellings) if holes else literal(False)
    return rendering.body(person, wordings, spellings), hole


def _reason(found: Any, who: Audience, content: Content | None) -> ColumnElement[str]:
    rest: list[Any] = []
    if who.skips_recent:
        rest.append((talked_recently(found.c.id), "recent"))
    if content is not None:
        if not content.has_media:
            rest.append((func.btrim(found.c.body, SPACES) == "", "empty_text"))
        rest.append((func.length(found.c.body) > MAX_LENGTH, "too_long"))
    return case((found.c.standing.is_not(None), found.c.standing), *rest) if rest else found.c.standing


def talked_recently(contact_id: Any) -> ColumnElement[bool]:
    """We sent the person something in the last 24 hours. The bound on ids spares the old months."""
    since = clock.now() - RECENT
    return exists().where(
        Message.contact_id == contact_id,
        Message.thread_at >= since,
        Message.id >= ids.lower_bound(since - timedelta(days=31)),
        Message.direction == "outbound",
        Message.status.in_((*LEFT, "unconfirmed")),
    )


def custom_names(who: Audience, content: Content) -> list[str]:
    """Every spelling of custom fields in the audience, asked only when the text uses one."""
    keys = variable_keys(compiled(content.message, list(content.variations)))
    if all(key in BUILT_IN for key in keys):
        return []
    meant = chosen_ids(who.sources).subquery()
    fields = select(Contact.custom_fields).join(meant, meant.c.id == Contact.id).where(Contact.custom_fields != {})
    found = fields.subquery()
    names = func.jsonb_object_keys(found.c.custom_fields).table_valued("name").render_derived()
    return list(read_session().scalars(select(names.c.name).select_from(found).join(names, true()).distinct()))


def count_by_reason(who: Audience, content: Content | None = None) -> dict[str | None, int]:
    """How many per reason; under None those who get the message."""
    names = custom_names(who, content) if content else []
    people = candidates(who, content, names)
    rows = read_session().execute(select(people.c.reason, func.count()).group_by(people.c.reason))
    return dict(rows.all())
