"""Two contacts that are one person become one; the other stays as an alias, so that it can be undone."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import text

from app.contacts.models import Contact, ContactIdentity, ContactMerge
from app.contacts.rules import combine, search_text
from app.core import clock
from app.core.audit import audit
from app.core.context import current_actor
from app.core.db import transaction
from app.core.errors import Conflict, Invalid, NotFound
from app.core.facts import emit
from app.core.permissions import require

# Features above hold rows of a contact too (tickets, messages). They register here from the factory and do
# their part in the same transaction: `join(winner_id, loser_id)` answers what `part` needs to take it back.
Join = Callable[[uuid.UUID, uuid.UUID], dict[str, Any]]
Part = Callable[[uuid.UUID, uuid.UUID, dict[str, Any]], None]
_followers: dict[str, tuple[Join, Part]] = {}


def follow_merges(feature: str, join: Join, part: Part) -> None:
    _followers[feature] = (join, part)


def unfollow_merges(feature: str) -> None:
    _followers.pop(feature, None)


def merge_contacts(winner_id: uuid.UUID, loser_id: uuid.UUID, *, reason: str = "person") -> ContactMerge:
    """Identities, tags, groups and missing details go to the winner; the stricter consent wins."""
    require("contacts.write" if reason == "same_address" else "contacts.manage")
    with transaction() as session:
        winner, loser = _pair(winner_id, loser_id)
        snapshot = {"winner": _state(winner), "loser": _state(loser), **_moved(winner.id, loser.id)}
        _strengthen(winner, loser)
        loser.merged_into = winner.id
        snapshot["followers"] = {name: join(winner.id, loser.id) for name, (join, _part) in _followers.items()}
        merge = ContactMerge(winner_id=winner.id, loser_id=loser.id, reason=reason, snapshot=snapshot)
        session.add(merge)
        session.flush()
        audit("contact.merge", "contact", winner.id, {"merged": loser.id, "reason": reason})
        emit("contact.merged", contact_id=winner.id, merged_id=loser.id)
    return merge


def _pair(winner_id: uuid.UUID, loser_id: uuid.UUID) -> tuple[Contact, Contact]:
    """Both rows locked, in one order, so that two merges at once cannot cross."""
    with transaction() as session:
        rows = {}
        for contact_id in sorted((winner_id, loser_id)):
            rows[contact_id] = session.get(Contact, contact_id, with_for_update=True, populate_existing=True)
    winner, loser = rows[winner_id], rows[loser_id]
    if winner is None or loser is None:
        raise NotFound
    if winner is loser:
        raise Invalid(_("Escolha dois contatos diferentes."))
    if winner.merged_into or loser.merged_into:
        raise Conflict(_("Um dos contatos já foi juntado a outro."))
    return winner, loser


def _state(contact: Contact) -> dict[str, Any]:
    """What an undo puts back."""
    return {
        "name": contact.name,
        "phone": contact.phone,
        "email": contact.email,
        "custom_fields": contact.custom_fields,
        "is_blocked": contact.is_blocked,
        "opted_out_at": contact.opted_out_at.isoformat() if contact.opted_out_at else None,
        "opted_out_source": contact.opted_out_source,
        "last_message_at": contact.last_message_at.isoformat() if contact.last_message_at else None,
    }


_MOVES = {
    "identities": """UPDATE contact_identities SET contact_id = :winner
        WHERE tenant_id = :tenant AND contact_id = :loser RETURNING kind, value""",
    "tags": """INSERT INTO contact_tags (tenant_id, contact_id, tag_id)
        SELECT tenant_id, :winner, tag_id FROM contact_tags WHERE tenant_id = :tenant AND contact_id = :loser
        ON CONFLICT DO NOTHING RETURNING tag_id""",
    "groups": """INSERT INTO group_members (tenant_id, group_id, contact_id, import_id)
        SELECT tenant_id, group_id, :winner, import_id FROM group_members
        WHERE tenant_id = :tenant AND contact_id = :loser ON CONFLICT DO NOTHING RETURNING group_id""",
}


def _moved(winner_id: uuid.UUID, loser_id: uuid.UUID) -> dict[str, list[Any]]:
    """The loser keeps its own tags and groups: an alias is never listed, and an undo finds them there."""
    values = {"tenant": current_actor().tenant_id, "winner": winner_id, "loser": loser_id}
    with transaction() as session:
        session.flush()
        rows = {name: session.execute(text(sql), values).all() for name, sql in _MOVES.items()}
        for held in [row for row in session.identity_map.values() if isinstance(row, ContactIdentity)]:
            session.expire(held)  # the statement above went past the session
    return {name: [[str(part) for part in row] for row in found] for name, found in rows.items()}


def _strengthen(winner: Contact, loser: Contact) -> None:
    joined = combine("fill", _plain(winner), _plain(loser))
    winner.name, winner.email, winner.custom_fields = joined["name"] or "", joined["email"], joined["custom_fields"]
    winner.phone = winner.phone or loser.phone
    winner.is_blocked = winner.is_blocked or loser.is_blocked
    if loser.opted_out_at and not winner.opted_out_at:
        winner.opted_out_at, winner.opted_out_source = loser.opted_out_at, loser.opted_out_source
    if not winner.opted_in_at:
        winner.opted_in_at, winner.opted_in_source = loser.opted_in_at, loser.opted_in_source
    winner.last_message_at = max(filter(None, (winner.last_message_at, loser.last_message_at)), default=None)
    winner.search = search_text(winner.name, winner.phone)


def _plain(contact: Contact) -> dict[str, Any]:
    return {"name": contact.name, "email": contact.email, "custom_fields": contact.custom_fields}


def undo_merge(merge_id: uuid.UUID) -> Contact:
    """Gives the alias its life back; details of the winner that people changed since stay as they are."""
    require("contacts.manage")
    with transaction() as session:
        merge = session.get(ContactMerge, merge_id, with_for_update=True)
        if merge is None or merge.tenant_id != current_actor().tenant_id:
            raise NotFound
        if merge.undone_at is not None:
            raise Conflict(_("Esta junção já foi desfeita."))
        winner, loser = session.get_one(Contact, merge.winner_id), session.get_one(Contact, merge.loser_id)
        _give_back(merge)
        _restore(winner, loser, merge.snapshot)
        loser.merged_into = None
        for name, moved in merge.snapshot.get("followers", {}).items():
            _followers[name][1](winner.id, loser.id, moved)
        merge.undone_at = clock.now()
        audit("contact.unmerge", "contact", winner.id, {"restored": loser.id})
        emit("contact.unmerged", contact_id=winner.id, restored_id=loser.id)
    return loser


def _give_back(merge: ContactMerge) -> None:
    values = {"tenant": merge.tenant_id, "winner": merge.winner_id, "loser": merge.loser_id}
    back = """UPDATE contact_identities SET contact_id = :loser
        WHERE tenant_id = :tenant AND kind = :kind AND value = :value"""
    with transaction() as session:
        for kind, value in merge.snapshot["identities"]:
            session.execute(text(back), values | {"kind": kind, "value": value})
        for table, column in (("contact_tags", "tag_id"), ("group_members", "group_id")):
            key = "tags" if table == "contact_tags" else "groups"
            drop = text(f"DELETE FROM {table} WHERE tenant_id = :tenant AND contact_id = :winner AND {column} = :id")
            for (row_id,) in merge.snapshot[key]:
                session.execute(drop, values | {"id": row_id})


def _restore(winner: Contact, loser: Contact, snapshot: dict[str, Any]) -> None:
    before = snapshot["winner"]
    joined = combine("fill", before, snapshot["loser"])
    for key in ("name", "email", "custom_fields"):
        if getattr(winner, key) == (joined[key] or ("" if key == "name" else joined[key])):
            setattr(winner, key, before[key])
    if winner.phone == snapshot["loser"]["phone"]:
        winner.phone = before["phone"]
    winner.search = search_text(winner.name, winner.phone)
    loser.search = search_text(loser.name, loser.phone)
