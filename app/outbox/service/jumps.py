"""The clock of the server went back: what was written down before it lies in the future now.

Waits of numbers and leases mend themselves (longer than their gap or ten minutes, they are none). What is left are
messages that would wait for the time at which they were made. What a person scheduled stays where it is.
"""

from sqlalchemy import text

from app.core.db import transaction
from app.outbox.service.queueing import wake

# Made in the future, to go at once: its send time is that of its id. A retry is never further off than the longest.
_MESSAGES = text("""
    UPDATE outbox SET send_after = clock_timestamp() WHERE state = 'queued' AND (
        (tries > 0 AND send_after > clock_timestamp() + make_interval(secs => :longest))
        OR (tries = 0 AND message_id > uuid7_bound(clock_timestamp() + interval '10 seconds')
            AND send_after < clock_timestamp() + interval '1 year'
            AND message_id BETWEEN uuid7_bound(send_after - interval '1 minute')
                AND uuid7_bound(send_after + interval '1 minute')))
""")


def mend_after_jump(*, longest: float) -> int:
    """The acting company's messages that may go again; `longest`: seconds of the longest wait for a retry."""
    with transaction() as session:
        freed = int(session.execute(_MESSAGES, {"longest": longest}).rowcount)
        if freed:
            wake()
    return freed
