"""What comes after a close: a grade, the same conversation again, or a new one."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.core import clock
from app.core.context import acting
from app.core.db import transaction
from app.inbox import service
from tests.inbox.customers import closed_by, spoken


@pytest.mark.parametrize(("words", "grade"), [("5", 5), ("Nota 4!", 4), ("⭐⭐⭐", 3), ("1️⃣", 1), (" 2 estrelas ", 2)])
def test_a_grade_is_stored_and_opens_nothing(act, say, one, rows, words, grade):
    say("Oi")
    first = one("SELECT id FROM tickets")["id"]
    closed_by(act, one, first)
    say(words)
    row = one("SELECT id, status, rating, unread_count FROM tickets")
    assert (row["id"], row["status"], row["rating"], row["unread_count"]) == (first, "closed", grade, 0)
    assert one("SELECT sum(ratings) AS n, sum(rating_sum) AS s FROM attendance_daily") == {"n": 1, "s": grade}
    assert "Obrigado" in spoken(rows)[-1]
    say("4")
    assert one("SELECT rating FROM tickets")["rating"] == 4
    assert one("SELECT sum(ratings) AS n, sum(rating_sum) AS s FROM attendance_daily") == {"n": 1, "s": 4}


@pytest.mark.parametrize("words", ["5 caixas, por favor", "10", "0", "obrigada!"])
def test_what_is_no_grade_goes_on_with_the_conversation(act, company, say, one, words):
    say("Oi")
    closed_by(act, one, one("SELECT id FROM tickets")["id"])
    say(words)
    row = one("SELECT status, user_id, rating, unread_count FROM tickets")
    assert (row["status"], row["user_id"], row["rating"], row["unread_count"]) == (
        "open",
        company.users["agent"],
        None,
        1,
    )


def test_without_a_question_a_five_is_just_a_word(act, say, one):
    say("Oi")
    closed_by(act, one, one("SELECT id FROM tickets")["id"], ask_rating=False)
    say("5")
    assert one("SELECT status, rating FROM tickets") == {"status": "open", "rating": None}


def test_after_the_window_a_new_conversation_begins(act, say, one, rows, settings):
    settings(reopen_hours=2)
    say("Oi")
    closed_by(act, one, one("SELECT id FROM tickets")["id"], ask_rating=False)
    with clock.frozen(clock.now() + timedelta(hours=1)):
        say("Mais uma coisa")
    assert one("SELECT status FROM tickets")["status"] == "open"
    with act("agent"):
        service.close(one("SELECT id FROM tickets")["id"], ask_rating=False)
    with clock.frozen(clock.now() + timedelta(hours=3)):
        say("Outro assunto")
    assert sorted(row["status"] for row in rows("SELECT status FROM tickets")) == ["closed", "pending"]


def test_who_left_the_company_gets_nothing_back(act, company, say, one):
    say("Oi")
    closed_by(act, one, one("SELECT id FROM tickets")["id"], ask_rating=False)
    with acting(company.system), transaction() as session:
        session.execute(text("UPDATE users SET is_active = false WHERE id = :id"), {"id": company.users["agent"]})
    say("Ainda aí?")
    assert one("SELECT status, user_id FROM tickets") == {"status": "pending", "user_id": None}
