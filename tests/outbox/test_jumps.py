"""The clock went back an hour: what was made in the future goes, what a person scheduled stays."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.core import clock, ids
from app.core.db import transaction
from app.outbox.service.jumps import mend_after_jump
from app.outbox.service.queueing import queue_message
from tests.factories import make_contact, make_instance

LONGEST = 900.0


@pytest.fixture
def queued(as_admin):
    """One message that was made an hour ahead of now, by the clock as it was."""
    instance, contact = make_instance(), make_contact()

    def make(**changes):
        ahead = clock.now() + timedelta(hours=1)
        with transaction():
            message_id = queue_message(instance.id, contact_id=contact.id, body="Oi", send_after=ahead).id
        made = ids.new_id(ahead)
        _set(message_id, {"message_id": f"'{made}'"})
        _set(made, changes)
        return made

    return make


def _set(message_id, changes):
    for name, value in changes.items():
        with transaction() as session:
            session.execute(text(f"UPDATE outbox SET {name} = {value} WHERE message_id = :id"), {"id": message_id})


def waits(message_id):
    with transaction() as session:
        statement = text("SELECT send_after > clock_timestamp() FROM outbox WHERE message_id = :id")
        return session.scalar(statement, {"id": message_id})


def test_what_was_to_go_at_once_goes(queued):
    message_id = queued()
    assert waits(message_id)
    assert mend_after_jump(longest=LONGEST) == 1
    assert not waits(message_id)


def test_what_a_person_scheduled_stays(queued):
    message_id = queued(send_after="send_after + interval '3 hours'")
    assert mend_after_jump(longest=LONGEST) == 0
    assert waits(message_id)


def test_a_retry_waits_no_longer_than_the_longest(queued):
    far, near = queued(tries=1), queued(tries=1, send_after="clock_timestamp() + interval '10 minutes'")
    assert mend_after_jump(longest=LONGEST) == 1
    assert (waits(far), waits(near)) == (False, True)
