"""Two contacts that are one person: their conversations join, and part again when the merge is undone."""

from sqlalchemy import text

from app.contacts.service.merges import merge_contacts, undo_merge
from app.core.db import transaction
from app.core.ids import new_id
from tests.factories import make_contact, make_instance


def ticket(instance, contact, unread=1):
    ticket_id = new_id()
    with transaction() as session:
        session.execute(
            text(
                "INSERT INTO tickets (id, tenant_id, contact_id, instance_id, unread_count, last_message_at)"
                " SELECT :id, tenant_id, :c, :i, :u, now() FROM contacts WHERE id = :c"
            ),
            {"id": ticket_id, "c": contact, "i": instance, "u": unread},
        )
    return ticket_id


def state(ticket_id):
    with transaction() as session:
        return session.execute(
            text("SELECT status, contact_id, unread_count FROM tickets WHERE id = :id"), {"id": ticket_id}
        ).one()


def test_one_open_ticket_survives_and_an_undo_brings_the_other_back(as_admin):
    shop = make_instance().id
    ana, twin = make_contact("Ana").id, make_contact("Ana S.").id
    kept, other = ticket(shop, ana), ticket(shop, twin, unread=2)
    merge = merge_contacts(ana, twin).id
    assert tuple(state(kept)) == ("pending", ana, 3)
    assert tuple(state(other)) == ("closed", ana, 0)
    undo_merge(merge)
    assert state(other)[:2] == ("pending", twin)
    assert state(kept)[:2] == ("pending", ana)


def test_tickets_on_different_numbers_all_stay_open(as_admin):
    ana, twin = make_contact("Ana").id, make_contact("Ana S.").id
    first, second = ticket(make_instance().id, ana), ticket(make_instance("Outra").id, twin)
    merge_contacts(ana, twin)
    assert state(first)[:2] == ("pending", ana)
    assert state(second)[:2] == ("pending", ana)
