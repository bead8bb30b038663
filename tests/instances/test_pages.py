import uuid

import pytest

from app.core import clock
from app.core.context import acting
from app.core.crypto import token_hash
from app.instances import queries, service
from tests.factories import make_instance


@pytest.fixture
def number(company):
    with acting(company.actor("admin")):
        return make_instance("Loja Centro", phone_number="+5511987654321", is_default=True).id


@pytest.fixture
def read(company):
    """The row as it is now, whatever the page did."""

    def row(number):
        with acting(company.system):
            return queries.get_instance(number)

    return row


def test_empty_page_teaches_and_offers_the_first_number(client_for):
    page = client_for().page("/instances")
    assert page.select_one(".empty-state a")["href"] == "/instances/new"
    assert len(page.select(".number-tips li")) == 3


def test_empty_page_of_an_agent_offers_nothing(client_for):
    page = client_for("agent").page("/instances")
    assert page.select_one("a[href='/instances/new']") is None


def test_cards_show_state_phone_and_default(client_for, number):
    card = client_for("viewer").page("/instances").select_one(".number-card")
    text = card.get_text(" ", strip=True)
    assert "Loja Centro" in text
    assert "+55 (11) 98765-4321" in text
    assert "Conectado" in text
    assert "Padrão" in text


def test_new_number_goes_straight_to_its_qr(client_for, company, work):
    browser = client_for()
    answer = browser.submit("/instances/new", {"name": "Filial", "description": "Zona sul"})
    assert answer.status_code == 303
    assert answer.location.endswith("/qr")
    page = browser.page(answer.location)
    assert page.select_one(".qr-panel__title").get_text() == "Gerando o QR code…"
    with acting(company.system):
        assert [one.status for one in queries.list_instances()] == ["connecting"]


def test_nameless_number_is_refused_beside_its_field(client_for):
    answer = client_for().submit("/instances/new", {"name": " "})
    assert answer.status_code == 422
    assert "field--bad" in answer.text


def test_panel_shows_code_countdown_and_the_end(client_for, company, number):
    with acting(company.system):
        service.ask_disconnect(number)
        service.ask_connect(number)
        service.record_qr(number, "data:image/png;base64,iVBOR")
    browser = client_for("manager")
    panel = browser.page(f"/instances/{number}/qr/panel")
    assert panel.select_one("img")["src"] == "data:image/png;base64,iVBOR"
    assert panel.select_one("[data-module=countdown]")
    with acting(company.system):
        service.record_qr(number, "data:image/png;base64,iVBOR", "WZYEH1YY")
    assert browser.page(f"/instances/{number}/qr/panel").select_one(".qr-panel__code").get_text() == "WZYE-H1YY"
    with acting(company.system):
        service.record_open(number, jid="5511987654321@s.whatsapp.net", profile_name="Loja")
    done = browser.page(f"/instances/{number}/qr/panel").select_one("[data-live-stop]")
    assert done["data-leave"] == f"/instances/{number}"


def test_trouble_is_said_in_words_with_what_to_do(client_for, company, number):
    with acting(company.system):
        service.record_closed(number, 403)
    state = client_for().page(f"/instances/{number}/state")
    assert "bloqueou" in state.select_one(".notice--danger").get_text()


def test_silent_number_warns(client_for, company, number):
    with acting(company.system):
        service.record_silence(number, clock.now().isoformat())
    assert client_for().page(f"/instances/{number}").select_one(".notice--danger")


PACE = {
    "delay_min_ms": "1000",
    "delay_max_ms": "2000",
    "batch_size": "50",
    "batch_pause_s": "60",
    "daily_cap": "200",
    "warm_up": "y",
    "warm_up_start": "20",
    "has_hours": "y",
    "start": "08:00",
    "end": "18:00",
    "days": ["1", "2", "3"],
}


def test_pace_is_saved_as_the_senders_read_it(client_for, number, read):
    assert client_for().submit(f"/instances/{number}/pace", PACE).status_code == 303
    assert read(number).pace == {
        "delay_min_ms": 1000,
        "delay_max_ms": 2000,
        "batch_size": 50,
        "batch_pause_s": 60,
        "daily_cap": 200,
        "warm_up": {"start": 20, "growth": 1.5},
        "hours": {"start": "08:00", "end": "18:00", "days": [1, 2, 3]},
    }


def test_switches_turned_off_go_back_to_the_default(client_for, number, read):
    browser = client_for()
    browser.submit(f"/instances/{number}/pace", PACE)
    off = {name: value for name, value in PACE.items() if name not in ("warm_up", "has_hours", "daily_cap")}
    assert browser.submit(f"/instances/{number}/pace", off).status_code == 303
    assert set(read(number).pace) == {"delay_min_ms", "delay_max_ms", "batch_size", "batch_pause_s"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"delay_min_ms": "abc"}, "delay_min_ms"),
        ({"delay_min_ms": "3000"}, "delay_max_ms"),
        ({"batch_size": "-1"}, "batch_size"),
        ({"end": "07:00"}, "has_hours"),
        ({"warm_up_start": "0"}, "warm_up"),
    ],
)
def test_bad_pace_is_shown_beside_its_field(client_for, number, read, change, field):
    answer = client_for().submit(f"/instances/{number}/pace", {**PACE, **change})
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert read(number).pace == {}


def test_fast_pace_warns_and_is_allowed(client_for, number):
    browser = client_for()
    fast = {**PACE, "delay_min_ms": "0", "delay_max_ms": "0"}
    assert browser.submit(f"/instances/{number}/pace", fast).status_code == 303
    assert browser.page(f"/instances/{number}").select("#pace .notice--warning")


def test_rename_pause_default_disconnect_and_delete(client_for, number, read, company):
    browser = client_for()
    browser.submit(f"/instances/{number}", {"name": "Matriz", "description": ""})
    assert (read(number).name, read(number).is_active) == ("Matriz", False)
    browser.submit(f"/instances/{number}", {"name": "Matriz", "description": "", "is_active": "y"})
    assert browser.submit(f"/instances/{number}/disconnect").status_code == 303
    assert read(number).status == "disconnected"
    assert browser.submit(f"/instances/{number}/connect").location.endswith("/qr")
    assert browser.submit(f"/instances/{number}/delete").location.endswith("/instances")
    browser.page(f"/instances/{number}", status=404)


def test_delete_asks_for_the_name(client_for, number):
    form = client_for().page(f"/instances/{number}").select_one(f"form[action='/instances/{number}/delete']")
    assert form["data-confirm-type"] == "Loja Centro"


def test_test_message_is_queued_and_shown(client_for, number, read):
    browser = client_for("manager")
    assert browser.submit(f"/instances/{number}/test", {"recipient": "11 91234-5678"}).status_code == 303
    assert read(number).health["test"]["status"] == "queued"
    assert "+55 (11) 91234-5678" in browser.page(f"/instances/{number}/test").get_text()
    assert browser.submit(f"/instances/{number}/test", {"recipient": "12"}).status_code == 422


def test_pairing_code_needs_a_phone(client_for, number, company):
    with acting(company.system):
        service.ask_disconnect(number)
    browser = client_for()
    assert browser.submit(f"/instances/{number}/pair", {"phone_number": "9"}).status_code == 422
    assert browser.submit(f"/instances/{number}/pair", {"phone_number": "11987654321"}).status_code == 303


PAGES = ("", "/state", "/test", "/qr", "/qr/panel")
VERBS = ("", "/pace", "/connect", "/disconnect", "/restart", "/default", "/delete")


@pytest.mark.parametrize("path", PAGES)
def test_another_company_finds_no_page(client_for, outsider, number, path):
    client_for("admin", outsider).page(f"/instances/{number}{path}", status=404)


@pytest.mark.parametrize("path", VERBS)
def test_agents_change_nothing(client_for, number, read, path):
    before = read(number).updated_at
    answer = client_for("agent").submit(f"/instances/{number}{path}", {**PACE, "name": "x", "recipient": "11912345678"})
    assert answer.status_code == 403
    assert (read(number).status, read(number).updated_at) == ("connected", before)


def test_strangers_are_sent_to_sign_in(client, number):
    assert client.get(f"/instances/{number}").status_code in (302, 303)


# The API


def test_api_creates_reads_changes_and_deletes(api_client):
    api = api_client()
    made = api.post("/instances", json={"name": "API", "provider": "evolution", "pace": {"daily_cap": 10}})
    assert made.status_code == 201
    body = made.json
    assert (body["name"], body["provider"], body["status"]) == ("API", "evolution", "disconnected")
    assert not any(word in made.text for word in ("credentials", "secret", "token"))
    one = f"/instances/{body['id']}"
    assert api.get(one).json["pace"] == {"daily_cap": 10}
    assert api.patch(one, json={"pace": {"daily_cap": None}, "is_default": True}).json["pace"] == {}
    listing = api.get("/instances?limit=1").json
    assert (listing["total"], listing["total_pages"], len(listing["data"])) == (1, 1, 1)
    assert api.delete(one).status_code == 204
    assert api.get(one).status_code == 404


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "x", "provider": "cloud"}, "provider"),
        ({"name": "x", "provider": "pigeon"}, "provider"),
        ({"provider": "evolution"}, "name"),
        ({"name": "x", "pace": {"batch_size": -1}}, "pace.batch_size"),
        ({"name": "x", "pace": {"batch_size": "muitas"}}, "pace.batch_size"),
        ({"name": "x", "colour": "azul"}, "colour"),
    ],
)
def test_api_names_the_bad_field(api_client, body, field):
    answer = api_client().post("/instances", json=body)
    assert answer.status_code == 422
    assert field in [error["field"] for error in answer.json["errors"]]


def test_api_connect_answers_with_the_code(api_client, company, number):
    with acting(company.system):
        service.ask_disconnect(number)
        service.ask_connect(number)
        service.record_qr(number, "data:image/png;base64,iV", "WZYEH1YY")
    link = api_client("manager").get(f"/instances/{number}/qr").json
    assert (link["status"], link["qr_code"], link["pairing_code"]) == (
        "connecting",
        "data:image/png;base64,iV",
        "WZYEH1YY",
    )
    assert link["expires_at"].endswith("Z")


def test_api_connect_of_a_connected_number_says_so_at_once(api_client, number):
    answer = api_client().post(f"/instances/{number}/connect")
    assert (answer.status_code, answer.json["status"]) == (200, "connected")


def test_api_status_disconnect_and_test(api_client, number):
    api = api_client()
    assert api.get(f"/instances/{number}/status").json["status"] == "connected"
    started = api.post(f"/instances/{number}/test", json={"recipient": "+5511912345678"})
    assert (started.status_code, started.json["status"]) == (202, "queued")
    assert api.post(f"/instances/{number}/disconnect").json["status"] == "disconnected"
    assert api.post(f"/instances/{number}/test", json={"recipient": "+5511912345678"}).json["code"] == "conflict"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", ""),
        ("patch", "/{}"),
        ("delete", "/{}"),
        ("post", "/{}/connect"),
        ("post", "/{}/disconnect"),
        ("get", "/{}/qr"),
    ],
)
def test_api_refuses_those_who_may_only_see(api_client, number, method, path):
    body = {} if method == "get" else {"json": {"name": "x"} if path in ("", "/{}") else {}}
    answer = getattr(api_client("viewer"), method)(f"/instances{path.format(number)}", **body)
    assert answer.status_code == 403


def test_api_of_another_company_finds_nothing(api_client, outsider, number):
    api = api_client("admin", outsider)
    assert api.get("/instances").json["total"] == 0
    for path in ("", "/status", "/qr"):
        assert api.get(f"/instances/{number}{path}").status_code == 404
    assert api.get(f"/instances/{uuid.uuid4()}").status_code == 404


def test_secret_of_the_webhook_is_never_shown(client_for, company):
    with acting(company.actor("admin")):
        number = make_instance(webhook_secret_hash=token_hash("s3gr3do")).id
    page = client_for().page(f"/instances/{number}")
    assert "s3gr3do" not in str(page)
    assert f"/webhooks/evolution/{number}" in page.get_text()
