"""`/groups`, `/tags` and `/lists`."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from flask_smorest import Blueprint

from app.contacts.api.shapes import shown_many
from app.contacts.models import ContactList, Group, Tag
from app.contacts.queries import labels, segments
from app.contacts.schemas import (
    ChangedSchema,
    GroupBodySchema,
    GroupContactsSchema,
    GroupSchema,
    ListBodySchema,
    ListPreviewSchema,
    ListSchema,
    NewGroupSchema,
    NewListSchema,
    NewTagSchema,
    TagBodySchema,
    TagSchema,
)
from app.contacts.service import bulk
from app.contacts.service import labels as service
from app.contacts.service.bulk import Choice
from app.core.paging import Page, clamp
from app.core.schema import PageQuery, page_of

groups = Blueprint("groups", __name__, url_prefix="/groups", description="Named sets of contacts")
tags = Blueprint("tags", __name__, url_prefix="/tags", description="Marks on contacts")
lists = Blueprint("lists", __name__, url_prefix="/lists", description="Saved filters over contacts, counted live")
COUNTED = 100_000


def _page(model: type[Any], query: dict[str, Any]) -> Page[Any]:
    return labels.page_of(model, *clamp(query["page"], query["limit"]))


def _counted(rows: list[Any], sizes: dict[UUID, int]) -> list[dict[str, Any]]:
    """Rows with how many contacts they hold."""
    names = ("id", "name", "description", "color", "created_at", "updated_at")
    return [
        {name: getattr(row, name) for name in names if hasattr(row, name)} | {"contacts_count": sizes.get(row.id, 0)}
        for row in rows
    ]


def _group(group: Group) -> dict[str, Any]:
    return _counted([group], labels.group_sizes([group.id]))[0]


def _tag(tag: Tag) -> dict[str, Any]:
    return _counted([tag], labels.tag_sizes([tag.id]))[0]


@groups.get("")
@groups.arguments(PageQuery, location="query")
@groups.response(200, page_of(GroupSchema))
def list_groups(query: dict[str, Any]) -> Page[Any]:
    """List groups"""
    page = _page(Group, query)
    return replace(page, items=_counted(page.items, labels.group_sizes(row.id for row in page.items)))


@groups.post("")
@groups.arguments(NewGroupSchema)
@groups.response(201, GroupSchema)
def create_group(data: dict[str, Any]) -> dict[str, Any]:
    """Create a group"""
    return _group(service.create_group(**data))


@groups.get("/<uuid:group_id>")
@groups.response(200, GroupSchema)
def show_group(group_id: UUID) -> dict[str, Any]:
    """Read a group"""
    return _group(labels.get_group(group_id))


@groups.patch("/<uuid:group_id>")
@groups.arguments(GroupBodySchema)
@groups.response(200, GroupSchema)
def update_group(data: dict[str, Any], group_id: UUID) -> dict[str, Any]:
    """Change a group"""
    return _group(service.update_group(group_id, **data))


@groups.put("/<uuid:group_id>")
@groups.arguments(GroupBodySchema)
@groups.response(200, GroupSchema)
def replace_group(data: dict[str, Any], group_id: UUID) -> dict[str, Any]:
    """Change a group, as PATCH does"""
    return _group(service.update_group(group_id, **data))


@groups.delete("/<uuid:group_id>")
@groups.response(204)
def delete_group(group_id: UUID) -> None:
    """Delete a group; its contacts stay"""
    service.delete_group(group_id)


@groups.post("/<uuid:group_id>/contacts")
@groups.arguments(GroupContactsSchema)
@groups.response(200, ChangedSchema)
def add_contacts(data: dict[str, Any], group_id: UUID) -> dict[str, int]:
    """Put contacts into a group"""
    return {"changed": bulk.add_to_group(Choice(ids=data["contact_ids"]), group_id)}


@groups.delete("/<uuid:group_id>/contacts")
@groups.arguments(GroupContactsSchema)
@groups.response(200, ChangedSchema)
def remove_contacts(data: dict[str, Any], group_id: UUID) -> dict[str, int]:
    """Take contacts out of a group"""
    labels.get_group(group_id)
    return {"changed": bulk.remove_from_group(Choice(ids=data["contact_ids"]), group_id)}


@tags.get("")
@tags.arguments(PageQuery, location="query")
@tags.response(200, page_of(TagSchema))
def list_tags(query: dict[str, Any]) -> Page[Any]:
    """List tags"""
    page = _page(Tag, query)
    return replace(page, items=_counted(page.items, labels.tag_sizes(row.id for row in page.items)))


@tags.post("")
@tags.arguments(NewTagSchema)
@tags.response(201, TagSchema)
def create_tag(data: dict[str, Any]) -> dict[str, Any]:
    """Create a tag"""
    return _tag(service.create_tag(**data))


@tags.get("/<uuid:tag_id>")
@tags.response(200, TagSchema)
def show_tag(tag_id: UUID) -> dict[str, Any]:
    """Read a tag"""
    return _tag(labels.get_tag(tag_id))


@tags.patch("/<uuid:tag_id>")
@tags.arguments(TagBodySchema)
@tags.response(200, TagSchema)
def update_tag(data: dict[str, Any], tag_id: UUID) -> dict[str, Any]:
    """Change a tag"""
    return _tag(service.update_tag(tag_id, **data))


@tags.put("/<uuid:tag_id>")
@tags.arguments(TagBodySchema)
@tags.response(200, TagSchema)
def replace_tag(data: dict[str, Any], tag_id: UUID) -> dict[str, Any]:
    """Change a tag, as PATCH does"""
    return _tag(service.update_tag(tag_id, **data))


@tags.delete("/<uuid:tag_id>")
@tags.response(204)
def delete_tag(tag_id: UUID) -> None:
    """Delete a tag"""
    service.delete_tag(tag_id)


@lists.get("")
@lists.arguments(PageQuery, location="query")
@lists.response(200, page_of(ListSchema))
def list_lists(query: dict[str, Any]) -> Page[Any]:
    """List saved filters"""
    return _page(ContactList, query)


@lists.post("")
@lists.arguments(NewListSchema)
@lists.response(201, ListSchema)
def create_list(data: dict[str, Any]) -> ContactList:
    """Save a filter

    `filters` is `{"match": "all"|"any", "conditions": [{"field", "op", "value", "key"?}]}`. Fields: group, tag,
    consent, blocked, name, email, phone, custom, created, last_interaction.
    """
    return service.create_list(**{"filters": {"match": "all", "conditions": []}, **data})


@lists.get("/<uuid:list_id>")
@lists.response(200, ListSchema)
def show_list(list_id: UUID) -> ContactList:
    """Read a saved filter"""
    return service.recount(list_id)


@lists.patch("/<uuid:list_id>")
@lists.arguments(ListBodySchema)
@lists.response(200, ListSchema)
def update_list(data: dict[str, Any], list_id: UUID) -> ContactList:
    """Change a saved filter"""
    return service.update_list(list_id, **data)


@lists.put("/<uuid:list_id>")
@lists.arguments(ListBodySchema)
@lists.response(200, ListSchema)
def replace_list(data: dict[str, Any], list_id: UUID) -> ContactList:
    """Change a saved filter, as PATCH does"""
    return service.update_list(list_id, **data)


@lists.delete("/<uuid:list_id>")
@lists.response(204)
def delete_list(list_id: UUID) -> None:
    """Delete a saved filter; its contacts stay"""
    service.delete_list(list_id)


@lists.get("/<uuid:list_id>/preview")
@lists.response(200, ListPreviewSchema)
def preview(list_id: UUID) -> dict[str, Any]:
    """Who is in a list now: how many, and the newest ten"""
    filters = labels.get_list(list_id).filters
    count = segments.count_segment(filters, COUNTED)
    sample = shown_many(segments.segment_sample(filters, 10))
    return {"total": min(count, COUNTED), "is_exact": count <= COUNTED, "data": sample}
