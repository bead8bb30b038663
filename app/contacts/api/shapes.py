"""Rows as the API shows them, with their tags and groups in two look-ups for a whole page."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from app.contacts.models import Contact, Tag
from app.contacts.queries import labels, people
from app.contacts.queries.finding import Filter
from app.core.paging import Page

_PLAIN = (
    *("id", "name", "phone", "email", "custom_fields", "notes", "is_blocked", "last_message_at"),
    *("opted_in_at", "opted_in_source", "opted_out_at", "opted_out_source", "created_at", "updated_at"),
)


def shown_many(contacts: Sequence[Contact]) -> list[dict[str, Any]]:
    ids = [contact.id for contact in contacts]
    tags, groups = people.tags_of(ids), people.groups_of(ids)
    return [
        {key: getattr(contact, key) for key in _PLAIN}
        | {"tags": [tag.name for tag in tags.get(contact.id, [])], "groups": groups.get(contact.id, [])}
        for contact in contacts
    ]


def shown(contact: Contact) -> dict[str, Any]:
    return shown_many([contact])[0]


def shown_page(page: Page[Contact]) -> Page[Any]:
    return replace(page, items=shown_many(page.items))  # type: ignore[arg-type]


def filter_of(query: Mapping[str, Any]) -> Filter:
    return Filter(
        search=query.get("search") or "",
        group_id=query.get("group_id"),
        tag_id=_tag_id(query.get("tag")),
        consent=query.get("consent") or "",
        blocked=query.get("is_blocked"),
    )


def _tag_id(tag: str | None) -> UUID | None:
    """A tag nobody has finds nobody."""
    if not tag:
        return None
    try:
        return UUID(tag)
    except ValueError:
        found = labels.find_by_name(Tag, tag)
        return found.id if found else UUID(int=0)
