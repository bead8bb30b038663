from typing import Any

import pytest

from app.contacts.models import ContactMerge
from app.contacts.queries import people
from app.contacts.queries.finding import Filter
from app.contacts.service import bulk, labels, merges
from app.contacts.service import people as service
from app.contacts.service.identities import Address, resolve
from app.core.errors import Conflict, Invalid
from tests.factories import make_contact

pytestmark = pytest.mark.usefixtures("as_admin")


@pytest.fixture
def pair() -> tuple[Any, Any]:
    """The same person twice: with a phone and a group, and with an e-mail, a tag and an opt-out."""
    winner = make_contact("Maria", "5511987654321", custom_fields={"cidade": "Recife"})
    loser = make_contact("Maria S.", "5521987654321", email="m@x.com", custom_fields={"cidade": "Olinda", "plano": "A"})
    bulk.add_to_group(bulk.Choice(ids=[winner.id]), labels.create_group("G1").id)
    bulk.add_to_group(bulk.Choice(ids=[loser.id]), labels.create_group("G2").id)
    bulk.add_tag(bulk.Choice(ids=[loser.id]), "VIP")
    service.opt_out(loser.id, "word")
    return winner, loser


def names(rows: dict[Any, list[Any]]) -> list[str]:
    return [row.name for found in rows.values() for row in found]


def test_the_winner_gets_everything_and_keeps_its_own(pair: tuple[Any, Any]) -> None:
    winner, loser = pair
    merges.merge_contacts(winner.id, loser.id)
    merged = people.get_contact(winner.id)
    assert (merged.name, merged.email, merged.custom_fields) == ("Maria", "m@x.com", {"cidade": "Recife", "plano": "A"})
    assert merged.opted_out_source == "word"
    assert names(people.groups_of([winner.id])) == ["G1", "G2"]
    assert names(people.tags_of([winner.id])) == ["VIP"]
    assert people.find_by_phone("+5521987654321").id == winner.id


def test_the_alias_answers_for_the_winner_and_is_not_listed(pair: tuple[Any, Any]) -> None:
    winner, loser = pair
    merges.merge_contacts(winner.id, loser.id)
    assert people.get_contact(loser.id).id == winner.id
    assert [contact.id for contact in people.list_contacts(Filter()).items] == [winner.id]
    assert people.count_all() == 1


def test_undo_gives_both_back_as_they_were(pair: tuple[Any, Any]) -> None:
    winner, loser = pair
    merge = merges.merge_contacts(winner.id, loser.id)
    merges.undo_merge(merge.id)
    first, second = people.get_contact(winner.id), people.get_contact(loser.id)
    assert (first.name, first.email, first.custom_fields) == ("Maria", None, {"cidade": "Recife"})
    assert (second.id, second.email) == (loser.id, "m@x.com")
    assert people.find_by_phone("+5521987654321").id == loser.id
    assert names(people.groups_of([winner.id])) == ["G1"]
    assert names(people.tags_of([winner.id])) == []
    assert names(people.groups_of([loser.id])) == ["G2"]
    with pytest.raises(Conflict):
        merges.undo_merge(merge.id)


def test_undo_keeps_what_people_typed_since(pair: tuple[Any, Any]) -> None:
    winner, loser = pair
    merge = merges.merge_contacts(winner.id, loser.id)
    service.update_contact(winner.id, {"name": "Maria Souza", "email": "nova@x.com"})
    merges.undo_merge(merge.id)
    kept = people.get_contact(winner.id)
    assert (kept.name, kept.email) == ("Maria Souza", "nova@x.com")


def test_opt_out_survives_an_undone_merge(pair: tuple[Any, Any]) -> None:
    winner, loser = pair
    merge = merges.merge_contacts(winner.id, loser.id)
    merges.undo_merge(merge.id)
    assert people.get_contact(winner.id).opted_out_at is not None


def test_features_above_take_part_and_can_take_it_back(pair: tuple[Any, Any]) -> None:
    winner, loser = pair
    seen: list[Any] = []
    merges.follow_merges("probe", lambda *pair: {"moved": 3}, lambda *parts: seen.append(parts))
    try:
        merge: ContactMerge = merges.merge_contacts(winner.id, loser.id)
        merges.undo_merge(merge.id)
    finally:
        merges.unfollow_merges("probe")
    assert seen == [(winner.id, loser.id, {"moved": 3})]


def test_a_contact_does_not_merge_with_itself_nor_twice(pair: tuple[Any, Any]) -> None:
    winner, loser = pair
    with pytest.raises(Invalid):
        merges.merge_contacts(winner.id, winner.id)
    merges.merge_contacts(winner.id, loser.id)
    with pytest.raises(Conflict):
        merges.merge_contacts(winner.id, loser.id)


def test_address_without_ninth_digit_finds_the_person_and_keeps_the_address() -> None:
    known = make_contact("Ana", "5531987654321")
    found = resolve(Address(jid="553187654321@s.whatsapp.net", name="Aninha"))
    assert (found.id, found.name) == (known.id, "Ana")
    kinds = {(identity.kind, identity.value) for identity in people.identities_of(known.id)}
    assert ("jid", "553187654321@s.whatsapp.net") in kinds


def test_lid_alone_makes_a_contact_without_a_phone() -> None:
    found = resolve(Address(lid="222333444555@lid", name="Bia"))
    assert (found.phone, found.name) == (None, "Bia")
    assert resolve(Address(lid="222333444555@lid")).id == found.id


def test_lid_and_phone_seen_together_become_one_contact() -> None:
    by_phone = make_contact("Ana", "5531987654321")
    by_lid = resolve(Address(lid="222333444555@lid", name="Bia"))
    found = resolve(Address(jid="5531987654321@s.whatsapp.net", lid="222333444555@lid"))
    assert found.id == by_phone.id
    assert people.get_contact(by_lid.id).id == by_phone.id
    assert people.count_all() == 1


def test_phone_learned_later_completes_the_contact() -> None:
    by_lid = resolve(Address(lid="1@lid"))
    found = resolve(Address(jid="5531987654321@s.whatsapp.net", lid="1@lid", name="Ana"))
    assert (found.id, found.phone, found.name) == (by_lid.id, "+5531987654321", "Ana")


def test_whoever_writes_again_is_no_longer_deleted() -> None:
    known = make_contact("Ana", "5531987654321")
    service.opt_out(known.id, "word")
    bulk.remove(bulk.Choice(ids=[known.id]))
    found = resolve(Address(jid="5531987654321@s.whatsapp.net"))
    assert (found.id, found.deleted_at) == (known.id, None)
    assert found.opted_out_at is not None
