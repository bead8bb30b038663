"""Conversations that fall silent are warned of and closed, and never under a message."""

import threading
from datetime import timedelta

from app.core import clock
from app.core.context import acting
from app.core.db import release
from app.inbox import service
from app.inbox.service import silence
from tests.inbox.customers import people, spoken


def test_silence_is_warned_of_and_then_closes(act, company, say, one, rows, settings):
    settings(auto_close_hours=4, auto_close_warning_minutes=30)
    now = clock.now()
    say("Oi")
    with act("agent"):
        service.reply(one("SELECT id FROM tickets")["id"], client_key="k", body="Diga!")
    say("Oi", jid=people(1))  # nobody answered this one: it is never closed
    steps = []
    for minutes in (60, 241, 250, 275):
        with clock.frozen(now + timedelta(minutes=minutes)), acting(company.system):
            steps.append((silence.close_silent(), sum("encerrar" in words for words in spoken(rows))))
    assert steps == [(0, 0), (0, 1), (0, 1), (1, 1)]
    assert sorted(row["status"] for row in rows("SELECT status FROM tickets")) == ["closed", "pending"]
    assert one("SELECT kind FROM ticket_events WHERE kind LIKE '%closed'")["kind"] == "auto_closed"


def test_a_word_after_the_warning_keeps_it_open(act, company, say, one, settings):
    settings(auto_close_hours=1, auto_close_warning_minutes=5)
    now = clock.now()
    say("Oi")
    with act("agent"):
        service.reply(one("SELECT id FROM tickets")["id"], client_key="k", body="Diga!")
    with clock.frozen(now + timedelta(minutes=61)), acting(company.system):
        silence.close_silent()
    with clock.frozen(now + timedelta(minutes=62)):
        say("Estou aqui!")
    with clock.frozen(now + timedelta(minutes=70)), acting(company.system):
        assert silence.close_silent() == 0
    assert one("SELECT status FROM tickets")["status"] == "open"


def test_a_close_and_a_word_at_the_same_moment_lose_nothing(app, act, company, number, say, one, rows):
    """Whichever comes first: every word is unread in an open conversation, never hidden in a closed one."""
    for n in range(6):
        jid = people(n)
        say("Oi", jid=jid)
        ticket_id = rows("SELECT id FROM tickets ORDER BY id DESC LIMIT 1")[0]["id"]
        with act("agent"):
            service.take(ticket_id)
            service.mark_read(ticket_id)
        gate = threading.Barrier(2)

        def shut(ticket_id=ticket_id, gate=gate):
            with app.app_context(), acting(company.actor("agent")):
                gate.wait()
                service.close(ticket_id, ask_rating=False)
                release()

        def speak(jid=jid, gate=gate):
            with app.app_context(), acting(company.system):
                event = say.make("espera!", jid=jid)
                gate.wait()
                service.receive(number, [event])
                release()

        threads = [threading.Thread(target=job) for job in (shut, speak)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        row = one("SELECT status, unread_count FROM tickets WHERE id = :id", id=ticket_id)
        closed_after = (
            rows("SELECT 1 FROM ticket_events WHERE ticket_id = :id AND kind = 'reopened'", id=ticket_id) == []
        )
        assert (row["status"], row["unread_count"]) == (("closed", 0) if closed_after else ("open", 1))
