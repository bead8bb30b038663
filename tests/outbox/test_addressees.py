"""Who the addressee is: merged contacts, learned addresses, restored copies."""

from sqlalchemy import text

from app.contacts.service.merges import merge_contacts
from app.core.db import release
from app.outbox.service import count_restored, release_restored
from tests.factories import make_contact, make_instance
from tests.outbox.desk import message, new_campaign, outbox, queue, sql


def test_two_phones_merged_in_mid_campaign_are_one_person(desk, number):
    campaign, ana, ana_at_work = new_campaign([number]), make_contact("Ana"), make_contact("Ana (trabalho)")
    ids = ana.id, ana_at_work.id
    queue(number, contact=ids[0], campaign=campaign)
    queue(number, contact=ids[1], campaign=campaign)
    first, second = desk.take(number, want=2)
    assert desk.start(first) == "go"
    merge_contacts(*ids)
    assert desk.start(second) == "duplicate"


def test_one_person_of_two_numbers_gets_it_once(desk, number):
    """Merged before anything went, the two messages of the campaign wait on different numbers."""
    other = make_instance("Filial").id
    campaign, ana, twin = new_campaign([number, other]), make_contact("Ana").id, make_contact("Ana").id
    queue(number, contact=ana, campaign=campaign)
    queue(other, contact=twin, campaign=campaign)
    merge_contacts(ana, twin)
    (first,), (second,) = desk.take(number), desk.take(other)
    assert desk.start(first) == "go"
    assert desk.start(second) == "duplicate"


def test_an_address_learned_from_whatsapp_tells_two_contacts_are_one(desk, number):
    campaign = new_campaign([number])
    known, twin = make_contact("Ana", phone="5511987650001").id, make_contact("Ana", phone="5511987650002").id
    queue(number, contact=known, campaign=campaign)
    queue(number, contact=twin, campaign=campaign)
    first, second = desk.take(number, want=2)
    assert desk.start(first) == "go"
    # WhatsApp answered the first with the second's address.
    sql(
        """INSERT INTO contact_identities (tenant_id, kind, value, contact_id)
        SELECT tenant_id, 'jid', '5511987650002@s.whatsapp.net', id FROM contacts WHERE id = :c""",
        c=known,
    )
    assert desk.start(second) == "duplicate"


def test_a_merged_contact_s_message_still_knows_its_phone(desk, number):
    ana, twin = make_contact("Ana", phone="5511987651111").id, make_contact("Ana", phone="5511987652222").id
    queue(number, contact=twin)
    merge_contacts(ana, twin)
    (claim,) = desk.take(number)
    assert claim.phone == "5511987652222"


def test_the_learned_address_belongs_to_the_phone_that_is_meant(desk, number):
    ana = make_contact("Ana", phone="5531987651111").id
    sql(
        """INSERT INTO contact_identities (tenant_id, kind, value, contact_id)
        SELECT tenant_id, 'jid', '553187651111@s.whatsapp.net', id FROM contacts WHERE id = :c""",
        c=ana,
    )
    queue(number, contact=ana)
    (claim,) = desk.take(number)
    assert claim.jid == "553187651111@s.whatsapp.net"
    desk.give_back(claim.message_id, claim.attempt)
    twin = make_contact("Ana", phone="5531987652222").id
    (other,) = queue(number, contact=twin)
    merge_contacts(ana, twin)
    claims = {row.message_id: row for row in desk.take(number, want=2)}
    assert claims[other].jid is None
    assert claims[other].phone == "5531987652222"


def test_held_rows_and_restored_copies_send_nothing(desk, number, owner_engine):
    (queued,) = queue(number)
    (started,) = queue(number)
    claims = {row.message_id: row for row in desk.take(number, want=2)}
    desk.start(claims[started])
    assert desk.hold_restored() == 0
    with owner_engine.begin() as connection:
        connection.execute(text("UPDATE installation SET cluster = 1"))
    assert desk.hold_restored() >= 2
    assert desk.hold_restored() == 0
    assert desk.start(claims[queued]) == "lost"
    assert desk.take(number) == []
    assert (outbox(queued).held, message(queued).status) == ("restored", "held")
    assert (outbox(started).state, message(started).status) == ("unconfirmed", "unconfirmed")
    assert count_restored() == release_restored() == 2
    assert [row.message_id for row in desk.take(number)] == [queued]
    assert message(queued).status == "queued"
    assert outbox(started).state == "unconfirmed"


def test_the_operator_releases_what_a_restored_copy_holds(app, number, company):
    (held,) = queue(number)
    sql("UPDATE outbox SET held = 'restored' WHERE message_id = :m", m=held)
    sql("UPDATE messages SET status = 'held' WHERE id = :m", m=held)
    release()
    runner = app.test_cli_runner()
    assert str(company.tenant_id) in runner.invoke(args=["outbox", "restored"]).output
    assert runner.invoke(args=["outbox", "release-restored"], input="n\n").exit_code == 1
    assert runner.invoke(args=["outbox", "release-restored", "--yes"]).exit_code == 0
    assert (outbox(held).held, message(held).status) == (None, "queued")
