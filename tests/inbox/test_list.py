"""What the list says of a conversation: the person's own words, what a search found, who calls for a look."""

import re
from datetime import timedelta

import pytest

from app.core import clock
from app.core.context import acting
from app.core.db import release, transaction
from app.inbox import queries, service
from app.inbox.models import Ticket
from app.inbox.rules import around
from tests.inbox.customers import said

FRAGMENT = {"X-Requested-With": "fetch"}


def add_message(company, ticket_id, words: str, **fields) -> None:
    with acting(company.system), transaction() as session:
        row = session.get(Ticket, ticket_id)
        message = said(row, words, thread_at=clock.now() + timedelta(seconds=1), **fields)
        session.add(message)
        session.flush()
        row.last_message_id = message.id
    release()


@pytest.mark.parametrize(
    ("body", "query", "found"),
    [
        ("Quero um bolo", "bolo", ("Quero um ", "bolo", "")),
        ("A PROMOÇÃO vale?", "promocao", ("A ", "PROMOÇÃO", " vale?")),
        ("São  João\nchegou", "sao joao", ("", "São João", " chegou")),
        ("nada disso", "bolo", ("nada disso", "", "")),
        ("ß ﬁm de ano", "fim", ("ß ", "ﬁm", " de ano")),
        ("", "bolo", ("", "", "")),
        ("bolo", "", ("bolo", "", "")),
    ],
)
def test_an_excerpt_shows_the_words_as_they_were_written(body, query, found):
    assert around(body, query) == found


def test_an_excerpt_of_a_long_message_is_cut_around_the_words():
    before, hit, after = around("a " * 300 + "bolo de rolo" + " b" * 300, "de rolo")
    assert hit == "de rolo"
    assert before.startswith("…")
    assert before.endswith("bolo ")
    assert len(before) + len(after) < 200


def test_a_search_shows_the_words_it_found_and_where(client_for, company, ticket):
    ticket_id = ticket("Rita Prado", "Vocês têm pão de açúcar?")
    add_message(company, ticket_id, "Outra coisa")
    page = client_for("manager").get("/inbox/list?tab=all&q=acucar", headers=FRAGMENT).text
    assert '<mark class="ticket__hit">açúcar</mark>' in page
    assert "data-hit=" in page


def test_a_row_shows_the_customers_words_rather_than_the_menu(client_for, company, ticket):
    ticket_id = ticket("Rita Prado", "Quero um bolo")
    add_message(company, ticket_id, "Com quem quer falar?", direction="outbound", sender_type="system", status="sent")
    page = client_for("manager").get("/inbox/list?tab=all", headers=FRAGMENT).text
    assert "Quero um bolo" in page
    assert "Com quem quer falar?" not in page


def test_a_row_shows_what_a_colleague_answered(client_for, company, ticket):
    ticket_id = ticket("Rita Prado", "Quero um bolo")
    add_message(company, ticket_id, "De que sabor?", direction="outbound", sender_type="user", status="sent")
    assert "De que sabor?" in client_for("manager").get("/inbox/list?tab=all", headers=FRAGMENT).text


def test_keys_of_rows_sort_as_the_list_does(company, ticket):
    now = clock.now()
    for minutes in (3, 1, 2):
        ticket(last_message_at=now - timedelta(minutes=minutes), last_inbound_at=now)
    with acting(company.actor("manager")):
        keys = [row.key for row in queries.list_tickets("all").items]
        assert keys == sorted(keys, reverse=True)


def test_the_list_goes_on_after_any_row(company, ticket):
    now = clock.now()
    for minutes in range(4):
        ticket(last_message_at=now - timedelta(minutes=minutes))
    with acting(company.actor("manager")):
        rows = queries.list_tickets("all").items
        assert [row.id for row in queries.list_tickets("all", None, rows[1].cursor).items] == [r.id for r in rows[2:]]


def test_the_oldest_can_stand_first_and_go_on(company, ticket):
    now = clock.now()
    waiting = [ticket(last_message_at=now - timedelta(minutes=minutes)) for minutes in (1, 9, 5, 3)]
    asked = queries.TicketFilter(oldest_first=True)
    with acting(company.actor("manager")):
        first = queries.list_tickets("waiting", asked, None, 2)
        then = queries.list_tickets("waiting", asked, first.next_cursor, 2)
    assert [row.id for row in [*first.items, *then.items]] == [waiting[1], waiting[2], waiting[3], waiting[0]]
    assert then.next_cursor is None


def test_who_calls_is_the_newest_unread_customer_of_ones_own(company, ticket, second_agent):
    now = clock.now()
    me = company.actor("agent")
    with acting(me):
        assert queries.newest_call() is None
    waiting = ticket("Espera", last_inbound_at=now - timedelta(minutes=5))
    mine = ticket("Minha", status="open", user_id=me.user_id, last_inbound_at=now - timedelta(minutes=3))
    ticket("De outra", status="open", user_id=second_agent.user_id, last_inbound_at=now)
    ticket("Lida", status="open", user_id=me.user_id, unread_count=0, last_inbound_at=now)
    with acting(me):
        call = queries.newest_call()
        assert (call.ticket_id, call.name) == (mine, "Minha")
        service.mark_read(mine)
        assert queries.newest_call().ticket_id == waiting


def test_the_fragment_brings_its_chips_when_asked(client_for, ticket, queue):
    queue_id = queue("Vendas")
    client = client_for("manager")
    plain = client.get("/inbox/list?tab=all&unread=1", headers=FRAGMENT).text
    page = client.get(f"/inbox/list?tab=all&chips=1&unread=1&queue={queue_id}", headers=FRAGMENT).text
    assert "data-chips" not in plain
    assert re.findall(r'data-drop-filter="(\w+)"', page) == ["queue", "unread"]


def test_a_saved_filter_comes_and_goes_without_leaving_the_page(client_for, rows):
    client = client_for("agent")
    assert client.submit("/inbox/filters", {"name": "Só minhas", "unread": "1"}, headers=FRAGMENT).status_code == 204
    (saved,) = rows("SELECT id, filters FROM saved_filters")
    assert saved["filters"] == {"unread": "1", "tab": "mine"}
    assert "Só minhas" in client.get("/inbox").text
    assert client.submit(f"/inbox/filters/{saved['id']}/delete", headers=FRAGMENT).status_code == 204
    assert rows("SELECT id FROM saved_filters") == []


def test_only_where_i_was_called(client_for, company, ticket, second_agent):
    ticket_id = ticket("Rita Prado", status="open", user_id=company.users["agent"])
    ticket("Outra", status="open", user_id=company.users["agent"])
    with acting(company.actor("manager")):
        service.add_note(ticket_id, "Veja", [company.users["agent"]])
    page = client_for("agent").get("/inbox/list?tab=all&mentioned=1", headers=FRAGMENT).text
    assert "Rita Prado" in page
    assert page.count('class="ticket ') == 1
    assert 'data-mentions="1"' in page


def test_who_attends_is_told_who_is_here(client_for, second_agent):
    page = client_for("agent").get("/inbox/team", headers=FRAGMENT).text
    assert "Bruna Lima" in page
    assert "Offline" in page
    assert client_for("viewer").get("/inbox/team").status_code == 403


def test_a_search_that_finds_nothing_offers_everything_and_finds_what_is_closed(client_for, ticket, company):
    ticket("Rita Prado", status="closed", user_id=company.users["agent"], closed_at=clock.now(), unread_count=0)
    client = client_for("agent")
    nothing = client.page("/inbox?tab=mine&q=rita")
    offer = nothing.select_one("[data-list-empty] a")
    assert "encerradas" in offer.text
    assert "Rita Prado" in client.get(offer["href"]).text
    assert "Rita Prado" not in client.get("/inbox?tab=all&q=rita").text
