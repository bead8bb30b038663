"""`/contacts`."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from flask_smorest import Blueprint

from app.contacts.api.shapes import filter_of, shown, shown_page
from app.contacts.queries import people
from app.contacts.schemas import ContactChangesSchema, ContactQuery, ContactSchema, NewContactSchema
from app.contacts.service import bulk
from app.contacts.service import people as service
from app.contacts.service.bulk import Choice
from app.contacts.service.people import NewContact
from app.core.paging import Page, clamp
from app.core.schema import page_of

blp = Blueprint("contacts", __name__, url_prefix="/contacts", description="People outside")


@blp.get("")
@blp.arguments(ContactQuery, location="query")
@blp.response(200, page_of(ContactSchema))
def index(query: dict[str, Any]) -> Page[Any]:
    """List contacts

    Newest first, or by name. Deep pages stay fast with `cursor`, which keeps to the `sort` it was made with.
    """
    page, limit = clamp(query["page"], query["limit"])
    wanted = filter_of(query)
    if query["cursor"]:
        found = people.list_contacts(wanted, order=query["sort"], after=query["cursor"], limit=limit)
        return shown_page(replace(found, page=page))
    return shown_page(people.list_numbered(wanted, page, limit, query["sort"]))


@blp.post("")
@blp.arguments(NewContactSchema)
@blp.response(201, ContactSchema)
def create(data: dict[str, Any]) -> dict[str, Any]:
    """Create a contact

    409 when the phone is somebody's already, with or without the ninth digit.
    """
    return shown(service.create_contact(NewContact(**data)))


@blp.get("/<uuid:contact_id>")
@blp.response(200, ContactSchema)
def show(contact_id: UUID) -> dict[str, Any]:
    """Read a contact

    A contact that was merged answers with the one that survived.
    """
    return shown(service.view_contact(contact_id))


@blp.patch("/<uuid:contact_id>")
@blp.arguments(ContactChangesSchema)
@blp.response(200, ContactSchema)
def update(data: dict[str, Any], contact_id: UUID) -> dict[str, Any]:
    """Change a contact

    Fields left out stay as they are; `custom_fields`, `tags` and `group_ids` are replaced whole.
    """
    return shown(_changed(contact_id, data))


@blp.put("/<uuid:contact_id>")
@blp.arguments(ContactChangesSchema)
@blp.response(200, ContactSchema)
def replace_contact(data: dict[str, Any], contact_id: UUID) -> dict[str, Any]:
    """Change a contact, as PATCH does"""
    return shown(_changed(contact_id, data))


def _changed(contact_id: UUID, data: dict[str, Any]) -> Any:
    verbs = {key: data.pop(key) for key in ("is_blocked", "opted_out") if key in data}
    return service.change_contact(contact_id, data, **verbs)


@blp.delete("/<uuid:contact_id>")
@blp.response(204)
def delete(contact_id: UUID) -> None:
    """Delete a contact"""
    bulk.remove(Choice(ids=[people.get_contact(contact_id).id]))
