import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from app.contacts.queries import people
from app.contacts.queries.finding import Filter
from app.contacts.queries.labels import get_group
from app.contacts.rules import search_patterns, search_text
from app.contacts.service import bulk, labels
from app.contacts.service import people as service
from app.contacts.service.people import NewContact
from app.core.context import acting
from app.core.db import read_session, transaction
from app.core.errors import Conflict, Forbidden, Invalid, NotFound
from tests.factories import Company, make_contact

pytestmark = pytest.mark.usefixtures("as_admin")


def test_new_contact_gets_its_number_in_one_form() -> None:
    made = service.create_contact(NewContact(name=" Maria ", phone="(11) 98765-4321", email="M@X.com", tags=["VIP"]))
    assert (made.name, made.phone, made.email) == ("Maria", "+5511987654321", "m@x.com")
    assert [tag.name for tag in people.tags_of([made.id])[made.id]] == ["VIP"]
    assert people.find_by_phone("+551187654321").id == made.id


def test_phone_belongs_to_one_contact_only() -> None:
    service.create_contact(NewContact(name="Ana", phone="11987654321"))
    with pytest.raises(Conflict) as caught:
        service.create_contact(NewContact(name="Outra", phone="1187654321"))
    assert caught.value.errors[0].field == "phone"
    assert "Ana" in caught.value.errors[0].message


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"phone": "123"}, "phone"),
        ({"phone": "98765-4321"}, "phone"),
        ({"name": "Ana", "email": "a b@x"}, "email"),
        ({}, "name"),
    ],
)
def test_bad_details_name_their_field(values: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        service.create_contact(NewContact(**values))
    assert [error.field for error in caught.value.errors] == [field]


def test_deleted_contact_comes_back_with_its_opt_out() -> None:
    made = service.create_contact(NewContact(name="Ana", phone="11987654321"))
    service.opt_out(made.id, "word")
    bulk.remove(bulk.Choice(ids=[made.id]))
    back = service.create_contact(NewContact(name="Ana de novo", phone="11987654321", opted_in_source="page"))
    assert back.id == made.id
    assert (back.deleted_at, back.opted_in_at) == (None, None)
    assert back.opted_out_at is not None


def test_changing_the_phone_frees_the_old_one() -> None:
    made = service.create_contact(NewContact(name="Ana", phone="11987654321"))
    service.update_contact(made.id, {"phone": "21987654321"})
    assert people.find_by_phone("+5511987654321") is None
    assert people.find_by_phone("+5521987654321").id == made.id


def test_opt_in_ends_an_opt_out_and_says_where_it_came_from() -> None:
    made = make_contact()
    assert service.opt_out(made.id, "word").opted_out_source == "word"
    back = service.opt_in(made.id, "phone call")
    assert (back.opted_out_at, back.opted_in_source) == (None, "phone call")


def test_every_verb_leaves_an_audit_row_and_a_fact() -> None:
    made = service.create_contact(NewContact(name="Ana"))
    service.set_blocked(made.id, blocked=True)
    service.view_contact(made.id)
    session = read_session()
    actions = session.scalars(text("SELECT action FROM audit_logs WHERE resource_id = :id"), {"id": made.id}).all()
    facts = session.scalars(text("SELECT name FROM facts WHERE payload->>'contact_id' = :id"), {"id": str(made.id)})
    assert set(actions) == {"contact.create", "contact.block", "contact.view"}
    assert set(facts) == {"contact.created", "contact.blocked"}


@pytest.mark.parametrize(
    ("query", "found"),
    [("joao", True), ("JOÃO", True), ("conceicao", True), ("98765", True), ("(11) 98765-4321", True),
     ("1187654321", True), ("551187654321", True), ("jo", True), ("co", True), ("oa", False), ("j", True), ("11", True), ("77", False), ("日本", False), ("joao@x", True), ("maria", False), ("100%", False)],
)  # fmt: skip
def test_search_ignores_accents_case_and_punctuation(query: str, found: bool) -> None:
    make_contact("João da Conceição", "5511987654321", email="joao@x.com")
    with transaction() as session:
        session.execute(text("UPDATE contacts SET search = :s"), {"s": search_text("João da Conceição", "5511987654321")})  # fmt: skip
    assert bool(people.list_contacts(Filter(search=query)).items) is found


def test_wildcards_in_a_query_mean_themselves() -> None:
    assert search_patterns("50%_ x\\") == [(r"%50\%\_%",), (r"x\\%", r"% x\\%")]


def test_pages_by_key_cover_everybody_once_both_ways() -> None:
    made = [make_contact(f"Pessoa {n:02}").id for n in range(23)]
    for order, expected in (("recent", made[::-1]), ("name", made)):
        seen, cursor, cursors = [], None, [None]
        while True:
            page = people.list_contacts(Filter(), order=order, after=cursor, limit=5)
            seen += [contact.id for contact in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
            cursors.append(cursor)
        assert seen == expected
        back = people.list_contacts(Filter(), order=order, before=people.previous_cursor(page, order), limit=5)
        assert [contact.id for contact in back.items] == expected[15:20]


def test_total_comes_from_the_counter() -> None:
    contacts = [make_contact() for _ in range(3)]
    assert people.list_contacts(Filter()).total == 3
    bulk.remove(bulk.Choice(ids=[contacts[0].id]))
    assert people.count_all() == 2


def test_filters_narrow_and_combine() -> None:
    group = labels.create_group("Clientes")
    ana, bia, caio = make_contact("Ana"), make_contact("Bia"), make_contact("Caio")
    bulk.add_to_group(bulk.Choice(ids=[ana.id, bia.id]), group.id)
    bulk.add_tag(bulk.Choice(ids=[bia.id, caio.id]), "VIP")
    service.opt_out(bia.id, "page")
    tag = labels.ensure_tags(["VIP"])[0]

    def names(**wanted: Any) -> list[str]:
        return [contact.name for contact in people.list_contacts(Filter(**wanted), order="name").items]

    assert names(group_id=group.id) == ["Ana", "Bia"]
    assert names(tag_id=tag.id) == ["Bia", "Caio"]
    assert names(group_id=group.id, tag_id=tag.id) == ["Bia"]
    assert names(consent="opted_out") == ["Bia"]
    assert names(consent="none") == ["Ana", "Caio"]
    assert names(blocked=True) == []


def test_removal_is_undone_whole_and_alone() -> None:
    ana, bia = make_contact("Ana"), make_contact("Bia")
    bulk.remove(bulk.Choice(ids=[bia.id]))
    count, at = bulk.remove(bulk.Choice(wanted=Filter()))
    assert (count, people.count_all()) == (1, 0)
    assert bulk.restore(at) == 1
    assert people.get_contact(ana.id).name == "Ana"
    with pytest.raises(NotFound):
        people.get_contact(bia.id)


def test_bulk_over_a_filter_reaches_only_what_it_finds() -> None:
    group = labels.create_group("G")
    make_contact("Ana Lima"), make_contact("Bia Lima"), make_contact("Caio Melo")
    assert bulk.add_to_group(bulk.Choice(wanted=Filter(search="lima")), group.id) == 2
    assert bulk.add_to_group(bulk.Choice(wanted=Filter(search="lima")), group.id) == 0
    assert bulk.remove_from_group(bulk.Choice(wanted=Filter(search="ana")), group.id) == 1


def test_roles_hold_at_the_services_door(act: Callable[[str], Any], company: Company) -> None:
    contact = make_contact()
    with act("viewer"):
        with pytest.raises(Forbidden):
            service.update_contact(contact.id, {"name": "x"})
        with pytest.raises(Forbidden):
            service.create_contact(NewContact(name="x"))
    with act("agent"):
        service.update_contact(contact.id, {"name": "Nome novo"})
        with pytest.raises(Forbidden):
            bulk.remove(bulk.Choice(ids=[contact.id]))
        with pytest.raises(Forbidden):
            labels.create_group("x")


def test_another_company_sees_and_changes_nothing(outsider: Company, ctx: Flask) -> None:
    contact, group = make_contact("Segredo", "5511987654321"), labels.create_group("Nosso")
    ids = (contact.id, group.id)
    with acting(outsider.actor("admin")):
        assert people.list_contacts(Filter()).items == []
        assert people.find_contact(ids[0]) is None
        assert bulk.block(bulk.Choice(ids=[ids[0]])) == 0
        with pytest.raises(NotFound):
            get_group(ids[1])
        assert service.create_contact(NewContact(phone="5511987654321")).id != ids[0]


def test_names_of_groups_are_unique_whatever_their_case() -> None:
    labels.create_group("Clientes")
    with pytest.raises(Conflict):
        labels.create_group("clientes ")
    with pytest.raises(Invalid):
        labels.create_group("  ")


def test_unknown_contact_is_not_found() -> None:
    with pytest.raises(NotFound):
        people.get_contact(uuid.uuid4())
