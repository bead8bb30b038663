"""The launch: frozen, complete, each person once, one winner."""

import threading
import uuid
from typing import Any

import pytest
from sqlalchemy import func, select, text, update

from app.campaigns import service
from app.campaigns.models import Campaign, CampaignRecipient
from app.campaigns.queries import campaigns
from app.campaigns.queries.audience import Audience, Content, candidates
from app.contacts.models import Contact, ContactIdentity, Group, GroupMember, Tag
from app.contacts.service import bulk
from app.core import clock
from app.core.context import acting
from app.core.db import read_session, transaction
from app.core.errors import AppError, Conflict, Forbidden, Invalid, NotFound
from app.core.phone import canonical_key
from app.messages.models import Message
from app.outbox.models import Lane, OutboxRow, SendLane
from tests.factories import make_contact, make_instance


def messages_of(campaign: Campaign) -> list[Message]:
    query = select(Message).where(Message.campaign_id == campaign.id).order_by(Message.id)
    return list(read_session().scalars(query.execution_options(populate_existing=True)))


def test_every_recipient_gets_a_rendered_message_in_the_queue(draft, number):
    ana, bia = make_contact("Ana Lima"), make_contact("")
    campaign = service.launch(draft(ana, bia).id)
    assert (campaign.status, campaign.total, campaign.excluded) == ("sending", 2, {})
    assert campaign.started_at is not None
    by_contact = {message.contact_id: message for message in messages_of(campaign)}
    assert by_contact[ana.id].body == "Olá Ana Lima!"
    assert by_contact[bia.id].body == "Olá cliente!"
    first = by_contact[ana.id]
    assert (first.status, first.sender_type, first.direction, first.type) == ("queued", "campaign", "outbound", "text")
    assert first.instance_id == number.id
    row = read_session().get(OutboxRow, first.id)
    assert (row.lane, row.state, row.recipient_key) == (Lane.LOW, "queued", canonical_key(ana.phone))
    frozen = read_session().get(CampaignRecipient, (campaign.id, canonical_key(ana.phone)))
    assert (frozen.message_id, frozen.contact_id, frozen.skip_reason) == (first.id, ana.id, None)
    lane = read_session().get(SendLane, (campaign.id, number.id))
    assert lane.is_open


def test_what_may_not_be_sent_is_counted_by_reason_and_kept_by_name(draft):
    good = make_contact()
    out = make_contact(opted_out_at=clock.now())
    blocked = make_contact(is_blocked=True)
    gone = make_contact(unreachable_at=clock.now())
    homeless = make_contact()
    with transaction() as session:
        session.execute(text("DELETE FROM contact_identities WHERE contact_id = :id"), {"id": homeless.id})
    campaign = service.launch(draft(good, out, blocked, gone, homeless).id)
    assert campaign.total == 1
    assert campaign.excluded == {"opted_out": 1, "blocked": 1, "unreachable": 2}
    skipped = select(CampaignRecipient.contact_id, CampaignRecipient.skip_reason).where(
        CampaignRecipient.campaign_id == campaign.id, CampaignRecipient.skip_reason.is_not(None)
    )
    assert dict(read_session().execute(skipped).all()) == {
        out.id: "opted_out", blocked.id: "blocked", gone.id: "unreachable", homeless.id: "unreachable",
    }  # fmt: skip


def test_people_who_came_just_now_are_chosen_without_reading_everybody_for_each(as_admin, owner_engine):
    """The statistics do not know them yet: the first campaign right after the first import."""
    many = 200
    with transaction() as session:
        group = Group(name="Vindos agora")
        session.add(group)
        session.flush()
        people = [Contact(name=f"Ana {n}", phone=f"+55119{71_000_000 + n}") for n in range(many)]
        session.add_all(people)
        session.flush()
        for person in people:
            key = canonical_key(person.phone)
            tenant = person.tenant_id
            session.add(ContactIdentity(kind="phone", value=key, contact_id=person.id, tenant_id=tenant))
            session.add(GroupMember(group_id=group.id, contact_id=person.id, tenant_id=tenant))
    query = select(candidates(Audience({"group_ids": [group.id]}), Content("Olá {nome}")))
    compiled = query.compile(owner_engine, compile_kwargs={"literal_binds": True})
    with transaction() as session:
        session.execute(
            text("SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off")
        )  # what no statistics choose
        plan = session.connection().exec_driver_sql(
            f"EXPLAIN (ANALYZE, FORMAT JSON) {str(compiled).replace('%', '%%')}"
        )
        assert _rows_read(plan.scalar_one()[0]["Plan"]) < many * 40


def _rows_read(node: dict[str, Any]) -> int:
    """By this node and those below it, the discarded ones too."""
    own = node["Actual Rows"] + node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Join Filter", 0)
    return own * node["Actual Loops"] + sum(_rows_read(one) for one in node.get("Plans", ()))


def test_two_addresses_of_one_person_get_one_message(draft):
    """One contact has the phone with its ninth digit, the other only WhatsApp's address without it."""
    with_phone = make_contact(phone="5531987650001")
    with transaction() as session:
        other = Contact(name="A mesma pessoa")
        session.add(other)
        session.flush()
        session.add(ContactIdentity(
            tenant_id=other.tenant_id, kind="jid", value="553187650001@s.whatsapp.net", contact_id=other.id
        ))  # fmt: skip
    campaign = service.launch(draft(with_phone, other).id)
    assert (campaign.total, campaign.excluded) == (1, {"duplicate": 1})
    assert [message.contact_id for message in messages_of(campaign)] == [with_phone.id]


def test_someone_who_opted_out_is_not_reached_through_a_second_contact(draft):
    phone = "5531987650002"
    stopped = make_contact(phone=phone, opted_out_at=clock.now())
    with transaction() as session:
        other = Contact(name="Ela de novo")
        session.add(other)
        session.flush()
        session.add(ContactIdentity(
            tenant_id=other.tenant_id, kind="jid", value="5531987650002@s.whatsapp.net", contact_id=other.id
        ))  # fmt: skip
    good = make_contact()
    campaign = service.launch(draft(stopped, other, good).id)
    assert [message.contact_id for message in messages_of(campaign)] == [good.id]
    assert campaign.excluded == {"opted_out": 1, "duplicate": 1}


def test_a_contact_without_phone_is_reached_by_its_hidden_address(draft):
    with transaction() as session:
        hidden = Contact(name="Sem telefone")
        session.add(hidden)
        session.flush()
        session.add(ContactIdentity(tenant_id=hidden.tenant_id, kind="lid", value="99887766@lid", contact_id=hidden.id))
    campaign = service.launch(draft(hidden).id)
    assert [message.recipient_key for message in messages_of(campaign)] == ["99887766@lid"]


def test_list_group_and_tag_together_reach_each_contact_once(draft, number):
    both, grouped, tagged = make_contact(), make_contact(), make_contact()
    with transaction() as session:
        group, tag = Group(name=f"g-{uuid.uuid4()}"), Tag(name=f"t-{uuid.uuid4()}")
        session.add_all([group, tag])
        session.flush()
        session.add_all(GroupMember(group_id=group.id, contact_id=one.id) for one in (both, grouped))
    bulk.add_tag(bulk.Choice(ids=[both.id, tagged.id]), tag.name)
    campaign = draft(audience={"group_ids": [group.id], "tag_ids": [tag.id]})
    assert service.refresh_estimate(campaign.id) == 3
    launched = service.launch(campaign.id)
    assert launched.total == 3
    assert {message.contact_id for message in messages_of(launched)} == {both.id, grouped.id, tagged.id}


def test_editing_the_contact_later_changes_no_text(draft):
    ana = make_contact("Ana")
    campaign = service.launch(draft(ana).id)
    with transaction() as session:
        session.get_one(Contact, ana.id).name = "Outra"
    assert [message.body for message in messages_of(campaign)] == ["Olá Ana!"]


def test_numbers_take_turns_and_people_stay_on_the_one_they_talked_on(draft, number):
    second = make_instance("Segunda")
    crowd = [make_contact() for _ in range(10)]
    with transaction() as session:
        session.execute(
            text(
                "INSERT INTO conversations (instance_id, contact_id, tenant_id, last_inbound_at) VALUES (:i, :c, :t, now())"
            ),
            {"i": second.id, "c": crowd[0].id, "t": second.tenant_id},
        )
    campaign = service.launch(draft(*crowd, instance_ids=[number.id, second.id]).id)
    chosen = {message.contact_id: message.instance_id for message in messages_of(campaign)}
    assert chosen[crowd[0].id] == second.id
    counts = [list(chosen.values()).count(one) for one in (number.id, second.id)]
    assert min(counts) >= 4


def test_variations_are_spread_and_each_is_stored_rendered(draft):
    crowd = [make_contact(f"Pessoa {at}") for at in range(40)]
    campaign = service.launch(draft(*crowd, message="A {nome}", variations=["B {nome}", "C {nome}"]).id)
    texts = [message.body for message in messages_of(campaign)]
    assert {one[0] for one in texts} == {"A", "B", "C"}
    assert all(one[2:].startswith("Pessoa ") for one in texts)


def test_spellings_of_a_custom_field_are_one_variable(draft):
    ana = make_contact("Ana", custom_fields={"Cidade": "Recife"})
    bia = make_contact("Bia", custom_fields={"cidade": "Natal", "vazio": " "})
    campaign = service.launch(draft(ana, bia, message="{nome}: {CIDADE}{vazio|!}").id)
    assert [message.body for message in messages_of(campaign)] == ["Ana: Recife!", "Bia: Natal!"]


def test_an_empty_text_is_not_sent_but_a_file_without_caption_is(draft):
    ana, bia = make_contact(custom_fields={"recado": "Oi"}), make_contact()
    campaign = service.launch(draft(ana, bia, message="{recado}").id)
    assert (campaign.total, campaign.excluded) == (1, {"empty_text": 1})
    with_file = service.launch(draft(bia, message="", media_url="http://127.0.0.1/foto.jpg").id)
    (message,) = messages_of(with_file)
    assert (message.type, message.body, message.media) == ("image", "", {"url": "http://127.0.0.1/foto.jpg"})


def test_a_text_that_grows_past_the_limit_is_left_out(draft):
    long = make_contact("x" * 4095)
    campaign = draft(long, make_contact())
    launched = service.launch(campaign.id)
    assert launched.excluded == {"too_long": 1}


def test_recently_contacted_people_can_be_left_out(draft):
    ana, bia = make_contact(), make_contact()
    first = service.launch(draft(ana).id)
    with transaction() as session:
        session.execute(
            update(Message).where(Message.campaign_id == first.id).values(status="sent", sent_at=clock.now())
        )
    second = draft(audience={"contact_ids": [ana.id, bia.id], "skip_recent": True})
    assert service.launch(second.id).excluded == {"recent": 1}


def test_follow_up_reaches_those_who_did_not_read_and_follows_merges(draft):
    read, sent, merged, winner = (make_contact() for _ in range(4))
    first = service.launch(draft(read, sent, merged).id)
    with transaction() as session:
        for contact, status in ((read, "read"), (sent, "sent"), (merged, "delivered")):
            session.execute(
                update(Message)
                .where(Message.campaign_id == first.id, Message.contact_id == contact.id)
                .values(status=status)
            )
        session.get_one(Contact, merged.id).merged_into = winner.id
    second = service.follow_up(first.id, "not_read")
    assert second.parent_id == first.id
    launched = service.launch(second.id)
    assert {message.contact_id for message in messages_of(launched)} == {sent.id, winner.id}


def test_of_two_launches_at_once_one_wins(app, company, draft):
    campaign_id = draft(*[make_contact() for _ in range(30)]).id
    results: list[str] = []
    barrier = threading.Barrier(2)

    def try_it() -> None:
        with app.app_context(), acting(company.actor("admin")):
            barrier.wait()
            try:
                service.launch(campaign_id)
                results.append("won")
            except Conflict:
                results.append("lost")

    threads = [threading.Thread(target=try_it) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["lost", "won"]
    assert len(messages_of(campaigns.get_campaign(campaign_id))) == 30


def test_the_typed_count_must_be_the_count(draft):
    campaign = draft(make_contact(), make_contact())
    with pytest.raises(Conflict) as caught:
        service.launch(campaign.id, confirm_count=3)
    assert caught.value.code == "count_changed"
    assert campaigns.get_campaign(campaign.id).status == "draft"
    assert service.launch(campaign.id, confirm_count=2).status == "sending"


@pytest.mark.parametrize(
    ("missing", "field"),
    [({"message": " "}, "message"), ({"audience": {}}, "audience"), ({"instance_ids": []}, "instance_ids")],
)
def test_an_unfinished_draft_does_not_go_and_says_what_is_missing(draft, missing, field):
    campaign = draft(**missing)
    with pytest.raises(Invalid) as caught:
        service.launch(campaign.id)
    assert [error.field for error in caught.value.errors] == [field]
    assert campaigns.get_campaign(campaign.id).status == "draft"


def test_a_launch_to_nobody_leaves_nothing_behind(draft):
    campaign = draft(make_contact(opted_out_at=clock.now()))
    with pytest.raises(Invalid):
        service.launch(campaign.id)
    assert campaigns.get_campaign(campaign.id).status == "draft"
    count = select(func.count()).select_from(CampaignRecipient).where(CampaignRecipient.campaign_id == campaign.id)
    assert read_session().scalar(count) == 0


def test_another_company_neither_sees_nor_launches(draft, company, outsider):
    campaign_id = draft().id
    number_ids = campaigns.instance_ids(campaign_id)
    with acting(outsider.actor("admin")):
        with pytest.raises(NotFound):
            service.launch(campaign_id)
        with pytest.raises(Invalid) as caught:
            service.create(name="x", instance_ids=number_ids)
        assert [error.field for error in caught.value.errors] == ["instance_ids"]
    assert campaigns.get_campaign(campaign_id).status == "draft"


def test_contacts_of_another_company_are_never_in_the_audience(draft, outsider):
    with acting(outsider.actor("admin")):
        stranger_id = make_contact().id
    mine_id = make_contact().id
    campaign = service.launch(draft(audience={"contact_ids": [stranger_id, mine_id]}).id)
    assert [message.contact_id for message in messages_of(campaign)] == [mine_id]


@pytest.mark.parametrize("role", ["agent", "viewer", "developer"])
def test_roles_without_the_permission_do_not_launch(draft, act, role):
    campaign = draft()
    with act(role), pytest.raises(Forbidden):
        service.launch(campaign.id)
    with act(role), pytest.raises((Forbidden, AppError)):
        service.create(name="x")
