"""Each verb in each state: what is legal happens once, what is not changes nothing."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, text, update

from app.campaigns import jobs, service
from app.campaigns.models import Campaign
from app.campaigns.queries import campaigns, forecast, progress, recipients
from app.campaigns.rules import states
from app.core import clock
from app.core.context import acting
from app.core.db import read_session, transaction
from app.core.errors import Conflict, Forbidden, Invalid, NotFound
from app.messages.models import Message
from app.outbox import service as outbox
from app.outbox.models import OutboxRow, SendLane
from app.outbox.service import brakes
from tests.factories import make_contact, make_instance

VERBS = {
    "edit": lambda one: service.update(one, name="Outro"),
    "pace": lambda one: service.update_pace(one, {"batch_size": 10}),
    "delete": service.delete,
    "launch": service.launch,
    "schedule": lambda one: service.schedule(one, clock.now() + timedelta(hours=1)),
    "unschedule": service.unschedule,
    "pause": service.pause,
    "resume": service.resume,
    "cancel": service.cancel,
    "retry": service.retry_failed,
    "resend": service.resend_unconfirmed,
}
ALL = ("draft", "scheduled", "sending", "paused", "completed", "cancelled", "failed")


def in_state(campaign_id: uuid.UUID, status: str) -> None:
    started = clock.now() if status in ("sending", "paused", "completed", "cancelled", "failed") else None
    with transaction() as session:
        values = {"status": status, "started_at": started, "scheduled_at": clock.now() + timedelta(days=1)}
        session.execute(update(Campaign).where(Campaign.id == campaign_id).values(**values))


def lanes(campaign_id: uuid.UUID) -> list[tuple[bool, str | None]]:
    query = select(SendLane.is_open, SendLane.closed_reason).where(SendLane.campaign_id == campaign_id)
    return [tuple(row) for row in read_session().execute(query)]


def set_status(campaign: Campaign, status: str, *contacts: uuid.UUID, **values) -> None:
    """As the sender leaves them: what ended has no row in the outbox any more."""
    with transaction() as session:
        mine = [Message.campaign_id == campaign.id, *([Message.contact_id.in_(contacts)] if contacts else [])]
        ids = select(Message.id).where(*mine)
        if status != "unconfirmed":
            session.execute(delete(OutboxRow).where(OutboxRow.message_id.in_(ids)))
        else:
            session.execute(update(OutboxRow).where(OutboxRow.message_id.in_(ids)).values(state="unconfirmed"))
        session.execute(update(Message).where(*mine).values(status=status, **values))


@pytest.mark.parametrize("status", ALL)
@pytest.mark.parametrize("action", sorted(VERBS))
def test_illegal_actions_are_conflicts_and_change_nothing(draft, action, status):
    campaign_id = draft().id
    in_state(campaign_id, status)
    if states.allowed(action, status, started=status not in ("draft", "scheduled")):
        return
    with pytest.raises(Conflict):
        VERBS[action](campaign_id)
    assert campaigns.get_campaign(campaign_id).status == status


def test_pause_closes_the_lanes_and_resume_opens_them_without_sending_again(draft):
    ana, bia = make_contact(), make_contact()
    campaign = service.launch(draft(ana, bia).id)
    set_status(campaign, "sent", ana.id)
    paused = service.pause(campaign.id)
    assert (paused.status, paused.status_reason) == ("paused", "by_user")
    assert lanes(campaign.id) == [(False, "by_user")]
    assert service.resume(campaign.id).status == "sending"
    assert lanes(campaign.id) == [(True, None)]
    rows = read_session().scalars(select(OutboxRow.contact_id).where(OutboxRow.campaign_id == campaign.id)).all()
    assert rows == [bia.id]


def test_cancel_empties_the_queue_and_keeps_what_left(draft):
    ana, bia = make_contact(), make_contact()
    campaign = service.launch(draft(ana, bia).id)
    set_status(campaign, "delivered", ana.id)
    assert service.cancel(campaign.id).status == "cancelled"
    numbers = progress.figures_of(campaign.id)
    assert (numbers.sent, numbers.cancelled, numbers.queued, numbers.total) == (1, 1, 0, 2)


def test_cancel_never_holds_the_lane_while_it_waits_for_a_message_that_goes(draft, app, company, owner_engine):
    """A go locks its message, then the lane: the other way round they would wait for each other."""
    campaign = service.launch(draft(make_contact(), make_contact()).id)
    mine = {"campaign": campaign.id}

    def cancel() -> str:
        with app.app_context(), acting(company.actor()):
            return service.cancel(campaign.id).status

    with owner_engine.begin() as going, ThreadPoolExecutor(1) as pool:
        going.execute(text("SELECT 1 FROM outbox WHERE campaign_id = :campaign LIMIT 1 FOR UPDATE"), mine)
        cancelled = pool.submit(cancel)
        with owner_engine.connect() as watcher:
            while not watcher.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
                watcher.rollback()
        going.execute(text("SELECT 1 FROM send_lanes WHERE campaign_id = :campaign FOR UPDATE NOWAIT"), mine)
        going.rollback()
        assert cancelled.result(10) == "cancelled"
    assert progress.figures_of(campaign.id).cancelled == 2


def test_a_large_cancelled_campaign_is_emptied_by_the_sweep(draft, monkeypatch):
    campaign = service.launch(draft(make_contact(), make_contact()).id)
    with transaction() as session:
        session.execute(update(Campaign).where(Campaign.id == campaign.id).values(total=1_000_000))
    service.cancel(campaign.id)
    assert progress.figures_of(campaign.id).queued == 2
    jobs.sweep_cancelled()
    assert progress.figures_of(campaign.id).cancelled == 2


def test_settle_completes_only_when_nothing_is_left_to_send(draft):
    ana, bia, eva = make_contact(), make_contact(), make_contact()
    campaign = service.launch(draft(ana, bia, eva).id)
    set_status(campaign, "read", ana.id)
    set_status(campaign, "unconfirmed", bia.id)
    assert not service.settle(campaign.id)
    set_status(campaign, "failed", eva.id, error_code="not_on_whatsapp")
    jobs.settle()
    done = campaigns.get_campaign(campaign.id)
    assert done.status == "completed"
    assert done.completed_at is not None
    assert progress.figures_of(campaign.id).unconfirmed == 1
    assert lanes(campaign.id) == [(False, "completed")]


def test_a_braked_number_pauses_its_campaigns_and_says_why(draft, number):
    mine = service.launch(draft().id)
    other = service.launch(draft(instance_ids=[make_instance("Outra").id]).id)
    brakes.brake(number.id, "failures_in_a_row")
    paused = campaigns.get_campaign(mine.id)
    assert (paused.status, paused.status_reason) == ("paused", "failures_in_a_row")
    assert campaigns.get_campaign(other.id).status == "sending"


def test_scheduled_campaigns_go_when_their_time_comes(draft):
    campaign_id = draft().id
    at = clock.now() + timedelta(minutes=10)
    assert service.schedule(campaign_id, at).status == "scheduled"
    jobs.launch_due()
    assert campaigns.get_campaign(campaign_id).status == "scheduled"
    with clock.frozen(at + timedelta(hours=5)):
        jobs.launch_due()
    assert campaigns.get_campaign(campaign_id).status == "sending"


def test_in_safe_mode_a_schedule_waits_for_a_person(draft):
    """A restored backup must not launch what the original may have launched since."""
    campaign_id = draft().id
    at = clock.now() + timedelta(minutes=10)
    service.schedule(campaign_id, at)
    outbox.set_safe_mode(True)
    with clock.frozen(at + timedelta(minutes=5)):
        jobs.launch_due()
        assert campaigns.get_campaign(campaign_id).status == "scheduled"
        outbox.set_safe_mode(False)
        jobs.launch_due()
    assert campaigns.get_campaign(campaign_id).status == "sending"


def test_a_time_without_zone_is_the_companys(draft):
    campaign_id = draft().id
    wall = (clock.now() + timedelta(days=1)).replace(tzinfo=None, hour=12, minute=0, second=0, microsecond=0)
    scheduled = service.schedule(campaign_id, wall)
    assert scheduled.scheduled_at.hour == 15  # 12:00 in São Paulo


def test_a_schedule_missed_by_hours_asks_a_person(draft):
    campaign_id = draft().id
    at = clock.now() + timedelta(minutes=10)
    service.schedule(campaign_id, at)
    with clock.frozen(at + timedelta(hours=7)):
        jobs.launch_due()
    found = campaigns.get_campaign(campaign_id)
    assert (found.status, found.status_reason, found.started_at) == ("paused", "missed_schedule", None)
    assert service.resume(campaign_id).status == "sending"
    assert progress.figures_of(campaign_id).total == 1


def test_a_missed_schedule_can_go_back_to_draft(draft):
    campaign_id = draft().id
    at = clock.now() + timedelta(minutes=10)
    service.schedule(campaign_id, at)
    with clock.frozen(at + timedelta(hours=7)):
        jobs.launch_due()
    assert service.unschedule(campaign_id).status == "draft"


def test_a_scheduled_campaign_that_cannot_start_says_why(draft):
    person = make_contact()
    campaign_id = draft(person).id
    at = clock.now() + timedelta(minutes=10)
    service.schedule(campaign_id, at)
    with transaction() as session:
        session.execute(text("UPDATE contacts SET opted_out_at = now() WHERE id = :id"), {"id": person.id})
    with clock.frozen(at):
        jobs.launch_due()
    found = campaigns.get_campaign(campaign_id)
    assert (found.status, found.status_reason) == ("failed", "no_recipients")
    assert service.unschedule(campaign_id).status == "draft"


@pytest.mark.parametrize("offset", [timedelta(hours=-1), timedelta(days=400)])
def test_times_that_make_no_sense_are_refused(draft, offset):
    with pytest.raises(Invalid) as caught:
        service.schedule(draft().id, clock.now() + offset)
    assert caught.value.errors[0].field == "scheduled_at"


def test_retry_reopens_a_completed_campaign(draft):
    campaign = service.launch(draft().id)
    set_status(campaign, "failed", error_code="invalid_request")
    service.settle(campaign.id)
    assert service.retry_failed(campaign.id) == 1
    assert campaigns.get_campaign(campaign.id).status == "sending"
    assert progress.figures_of(campaign.id).queued == 1
    assert lanes(campaign.id) == [(True, None)]


def test_messages_that_were_accepted_are_retried_only_when_confirmed(draft):
    ana, bia = make_contact(), make_contact()
    campaign = service.launch(draft(ana, bia).id)
    set_status(campaign, "failed", ana.id, error_code="error_receipt", external_id="3EB0AA")
    set_status(campaign, "failed", bia.id, error_code="invalid_request")
    assert recipients.count_failed(campaign.id) == (1, 1)
    accepted = recipients.page(campaign.id, search=ana.phone).items[0]
    assert accepted.was_accepted
    with pytest.raises(Conflict) as caught:
        service.retry_one(campaign.id, accepted.id)
    assert caught.value.code == "accepted"
    assert service.retry_failed(campaign.id) == 1
    assert progress.figures_of(campaign.id).failed == 1
    service.retry_one(campaign.id, accepted.id, even_if_accepted=True)
    assert progress.figures_of(campaign.id).queued == 2


def test_unconfirmed_messages_go_again_only_by_a_persons_word(draft):
    campaign = service.launch(draft().id)
    set_status(campaign, "unconfirmed")
    service.settle(campaign.id)
    assert progress.ledger(campaign.id).to_verify == 1
    assert service.resend_unconfirmed(campaign.id) == 1
    assert progress.figures_of(campaign.id).queued == 1
    assert campaigns.get_campaign(campaign.id).status == "sending"


def test_retry_on_a_paused_campaign_waits_for_the_resume(draft):
    campaign = service.launch(draft().id)
    set_status(campaign, "failed")
    service.pause(campaign.id)
    service.retry_failed(campaign.id)
    assert campaigns.get_campaign(campaign.id).status == "paused"
    assert lanes(campaign.id) == [(False, "by_user")]


def test_stats_add_up_and_follow_the_ledger(draft):
    crowd = [make_contact() for _ in range(8)]
    campaign = service.launch(draft(*crowd, make_contact(is_blocked=True)).id)
    for at, status in enumerate(["sent", "delivered", "read", "played", "failed", "unconfirmed", "cancelled"]):
        set_status(campaign, status, crowd[at].id)
    set_status(campaign, "read", crowd[2].id, replied_at=clock.now())
    stats = progress.stats(campaign.id)
    numbers = stats.figures
    assert (numbers.sent, numbers.delivered, numbers.read, numbers.replied) == (4, 3, 2, 1)
    assert (numbers.failed, numbers.unconfirmed, numbers.cancelled, numbers.queued) == (1, 1, 1, 1)
    assert numbers.total == 8
    assert (numbers.delivery_rate, numbers.read_rate, numbers.reply_rate) == (0.75, 0.5, 0.25)
    assert stats.excluded == {"blocked": 1}
    assert stats.estimated_completion is not None


def test_the_promise_is_counted_from_the_rows(draft):
    campaign = service.launch(draft(make_contact(), make_contact()).id)
    assert progress.ledger(campaign.id) == progress.Ledger(duplicated=0, lost=0, to_verify=0, resent=0)
    with transaction() as session:  # a lost queue row and a second external id must not go unnoticed
        rows = session.scalars(select(OutboxRow).where(OutboxRow.campaign_id == campaign.id)).all()
        for external in ("A", "B"):
            session.execute(
                text(
                    "INSERT INTO external_refs (instance_id, external_id, tenant_id, message_id) VALUES (:i, :e, :t, :m)"
                ),
                {"i": rows[1].instance_id, "e": external, "t": rows[1].tenant_id, "m": rows[1].message_id},
            )
        session.delete(rows[0])
    found = progress.ledger(campaign.id)
    assert (found.lost, found.duplicated) == (1, 1)


def test_forecast_shares_the_number_with_its_other_campaigns(draft, number):
    alone = service.launch(draft(*[make_contact() for _ in range(20)]).id)
    first = forecast.last_end(forecast.shares_of(alone)) - clock.now()
    service.launch(draft(*[make_contact() for _ in range(20)]).id)
    shared = forecast.last_end(forecast.shares_of(alone)) - clock.now()
    assert shared.total_seconds() == pytest.approx(2 * first.total_seconds(), rel=0.1)


def test_clone_copies_what_matters_and_starts_as_a_draft(draft):
    original = service.launch(
        draft(message="Oi {nome}", variations=["Olá {nome}"], settings={"delay_min_ms": 2000, "delay_max_ms": 3000}).id
    )
    copy = service.clone(original.id)
    assert (copy.status, copy.message, copy.variations, copy.settings) == (
        "draft", "Oi {nome}", ["Olá {nome}"], {"delay_min_ms": 2000, "delay_max_ms": 3000},
    )  # fmt: skip
    assert copy.name != original.name
    assert campaigns.instance_ids(copy.id) == campaigns.instance_ids(original.id)
    assert copy.started_at is None
    assert copy.total == 0


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"message": "x" * 4097}, "message"),
        ({"variations": ["a", "b", "c", "d", "e"]}, "variations"),
        ({"variations": ["ok", "x" * 4097]}, "variations.1"),
        ({"settings": {"delay_min_ms": -1}}, "settings.delay_min_ms"),
        ({"settings": {"delay_min_ms": 2000, "delay_max_ms": 1000}}, "settings.delay_max_ms"),
        ({"settings": {"hours": {"start": "18:00", "end": "08:00"}}}, "settings.hours"),
        ({"settings": {"speed": 1}}, "settings.speed"),
        ({"audience": {"list_id": str(uuid.uuid4())}}, "audience.list_id"),
        ({"audience": {"group_ids": ["nonsense"]}}, "audience.group_ids"),
        ({"instance_ids": [uuid.uuid4()]}, "instance_ids"),
        ({"media_id": uuid.uuid4()}, "media_id"),
        ({"media_url": "ftp://exemplo.com/a.jpg"}, "media_url"),
    ],
)
def test_wrong_fields_are_named(draft, given, field):
    with pytest.raises(Invalid) as caught:
        draft(**given)
    assert field in [error.field for error in caught.value.errors]


def test_control_characters_leave_the_text(draft):
    assert draft(message="Oi\x00\x07\r\n{nome}").message == "Oi\n{nome}"


def test_a_test_message_goes_first_and_counts_nowhere(draft):
    ana = make_contact("Ana")
    campaign = draft(ana)
    message = service.send_test(campaign.id, "11 98888-7777", contact_id=ana.id)
    assert (message.body, message.sender_type, message.campaign_id) == ("Olá Ana!", "system", None)
    row = read_session().get(OutboxRow, message.id)
    assert row.lane == 0
    with pytest.raises(Invalid):
        service.send_test(campaign.id, "telefone")


@pytest.mark.parametrize("action", sorted(VERBS))
def test_every_verb_asks_its_permission_and_stays_in_the_company(draft, act, outsider, action):
    campaign_id = draft().id
    with act("viewer"), pytest.raises(Forbidden):
        VERBS[action](campaign_id)
    with acting(outsider.actor("admin")), pytest.raises(NotFound):
        VERBS[action](campaign_id)
    assert campaigns.get_campaign(campaign_id).status == "draft"


def test_each_verb_leaves_an_audit_row_and_a_fact(draft):
    campaign = service.launch(draft().id)
    service.pause(campaign.id)
    service.resume(campaign.id)
    service.cancel(campaign.id)
    query = text("SELECT action FROM audit_logs WHERE resource_id = :id ORDER BY id")
    actions = read_session().scalars(query, {"id": campaign.id}).all()
    assert actions == ["campaign.create", "campaign.launch", "campaign.pause", "campaign.resume", "campaign.cancel"]
    facts = read_session().scalars(
        text(
            "SELECT payload ->> 'status' FROM facts WHERE name = 'campaign.changed' AND payload ->> 'campaign_id' = :id ORDER BY id"
        ),
        {"id": str(campaign.id)},
    )
    assert list(facts) == ["sending", "paused", "sending", "cancelled"]
