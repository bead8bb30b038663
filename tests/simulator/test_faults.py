"""Every switch does what its name says, as often as asked, and the ledger tells what really left."""

import pytest
import requests

from tests.simulator.driver import KEY, Gateway, Receiver


def left(shop: Gateway) -> list[str]:
    return [row["text"] for row in shop.sim("GET", "ledger?instance=loja")]


def attempt(shop: Gateway, text: str, timeout: float = 5) -> requests.Response:
    """Without the pool: a connection cut by the simulator must not be tried again."""
    body = {"number": "5511987654321", "text": text}
    url, headers = f"{shop.url}/message/sendText/loja", {"apikey": KEY}
    return requests.post(url, json=body, headers=headers, timeout=timeout)


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_the_next_two_are_answered_with_a_status_and_do_not_leave(shop: Gateway, status: int) -> None:
    shop.fault(f"status_{status}", count=2)
    assert [shop.send(text).status_code for text in "abc"] == [status, status, 201]
    assert left(shop) == ["c"]


@pytest.mark.parametrize(
    ("kind", "status", "text"),
    [
        ("onwhatsapp", 500, "Cannot read properties of undefined (reading 'onWhatsApp')"),
        ("connection_closed", 400, ["Error: Connection Closed"]),
        ("rate_overlimit", 400, ["Error: rate-overlimit"]),
        ("timed_out", 400, ["Error: Timed Out"]),
    ],
)
def test_refusals_that_send_nothing(shop: Gateway, kind: str, status: int, text: object) -> None:
    shop.fault(kind, count=1)
    answer = shop.send("a")
    assert (answer.status_code, answer.json()["response"]["message"]) == (status, text)
    assert left(shop) == []
    assert shop.send("b").status_code == 201


def test_reset_before_and_after_leaving(shop: Gateway) -> None:
    shop.fault("reset_before", count=1)
    with pytest.raises(requests.ConnectionError):
        attempt(shop, "a")
    assert left(shop) == []
    shop.fault("accept_reset", count=1)
    with pytest.raises(requests.ConnectionError):
        attempt(shop, "b")
    assert left(shop) == ["b"]
    assert shop.sim("GET", "ledger")[0]["outcome"] == "reset"


def test_hanging_before_and_after_leaving(shop: Gateway) -> None:
    shop.fault("hang_before", count=1)
    with pytest.raises(requests.Timeout):
        attempt(shop, "a", timeout=0.3)
    assert left(shop) == []
    shop.fault("accept_hang", count=1)
    with pytest.raises(requests.Timeout):
        attempt(shop, "b", timeout=0.3)
    assert left(shop) == ["b"]


def test_many_hanging_callers_do_not_stop_the_others(shop: Gateway) -> None:
    shop.fault("hang_before", count=40, for_seconds=60)
    sessions = [requests.Session() for _ in range(40)]
    for session in sessions:
        with pytest.raises(requests.Timeout):
            session.post(
                f"{shop.url}/message/sendText/loja",
                json={"number": "5511987654321", "text": "x"},
                headers={"apikey": KEY},
                timeout=(5, 0.01),
            )
    assert shop.send("agora").status_code == 201


def test_answers_that_lie_after_the_message_left(shop: Gateway) -> None:
    shop.fault("accept_empty", count=1)
    empty = shop.send("a")
    assert (empty.status_code, empty.content) == (201, b"")
    shop.fault("accept_error", count=1)
    error = shop.send("b")
    assert (error.status_code, error.json()["response"]["message"]) == (400, ["Error: Timed Out"])
    shop.fault("accept_status", count=1)
    assert shop.send("c").status_code == 504
    assert left(shop) == ["a", "b", "c"]


def test_one_request_two_sends_shows_in_the_summary(shop: Gateway) -> None:
    shop.fault("double_send", count=1)
    shop.send("a")
    shop.send("b")
    summary = shop.sim("GET", "ledger/summary")
    assert (summary["left"], summary["people"]) == (3, 1)
    assert [(row["text"], row["times"]) for row in summary["repeated"]] == [("a", 2)]


def test_error_after_acceptance(shop: Gateway, receiver: Receiver) -> None:
    shop.fault("error_ack", count=1)
    assert shop.send("a").status_code == 201
    receiver.wait("messages.update", where=lambda data: data["status"] == "ERROR")
    row = shop.sim("GET", "ledger")[0]
    assert (row["status"], row["received"]) == ("ERROR", False)


def test_connected_but_dead(shop: Gateway, receiver: Receiver) -> None:
    shop.fault("no_ack", until_restart=True)
    assert shop.send("a").json()["status"] == "PENDING"
    shop.api("POST", "/instance/restart/loja", {})
    receiver.wait("connection.update", count=2, where=lambda data: data["state"] == "open")
    shop.send("b")
    receiver.wait("messages.update", where=lambda data: data["status"] == "READ")
    rows = shop.sim("GET", "ledger")
    assert [(row["text"], row["received"], row["status"]) for row in rows] == [
        ("a", False, "PENDING"),
        ("b", True, "READ"),
    ]


def test_receipts_before_the_answer(shop: Gateway, receiver: Receiver) -> None:
    shop.fault("early_ack", count=1)
    key_id = shop.send().json()["key"]["id"]
    already = [post.data["status"] for post in receiver.of("messages.update") if post.data["keyId"] == key_id]
    assert sorted(already) == ["DELIVERY_ACK", "SERVER_ACK"]


def test_repeated_and_reversed_receipts(shop: Gateway, receiver: Receiver) -> None:
    shop.fault("repeat_ack", count=1, copies=3)
    shop.send()
    receiver.wait("messages.update", count=9)
    shop.fault("reverse_ack", count=1)
    body = {"behaviour": {"server_ack": 5, "delivered": 5, "read": 5}}
    shop.sim("POST", "config", body)
    key_id = shop.send().json()["key"]["id"]
    receiver.wait("messages.update", count=3, where=lambda data: data["keyId"] == key_id)
    found = shop.api("POST", "/chat/findStatusMessage/loja", {"where": {"id": key_id}}).json()
    assert [row["status"] for row in found] == ["READ", "DELIVERY_ACK", "SERVER_ACK"]
    assert shop.sim("GET", "ledger")[1]["status"] == "READ"


def test_webhooks_off_duplicated_and_late(shop: Gateway, receiver: Receiver) -> None:
    shop.sim("POST", "config", {"behaviour": {"receipts": False}})
    shop.fault("webhook_off", count=1, events=["send.message"])
    shop.send("calada")
    shop.fault("webhook_duplicate", count=1, copies=3, events=["send.message"])
    shop.send("tripla")
    posts = receiver.wait("send.message", count=3)
    assert [post.data["message"]["conversation"] for post in posts] == ["tripla"] * 3
    shop.fault("webhook_delay", count=1, ms=20_000)
    shop.send("atrasada")
    shop.send("pontual")
    posts = receiver.wait("send.message", count=5)
    assert [post.data["message"]["conversation"] for post in posts[3:]] == ["pontual", "atrasada"]


def test_reordered_webhooks_all_arrive(shop: Gateway, receiver: Receiver) -> None:
    shop.sim("POST", "config", {"behaviour": {"receipts": False}})
    shop.fault("webhook_reorder", ms=10_000)
    sent = [str(n) for n in range(12)]
    for text in sent:
        shop.send(text)
    came = [post.data["message"]["conversation"] for post in receiver.wait("send.message", count=12)]
    assert came != sent
    assert sorted(came) == sorted(sent)


def test_faults_belong_to_one_number_or_to_all(shop: Gateway, receiver: Receiver) -> None:
    shop.create("outra", webhook={"url": receiver.url, "events": []})
    shop.pair(receiver, "outra")
    shop.fault("status_503", instance="outra")
    body = {"number": "5511987654321", "text": "oi"}
    assert shop.api("POST", "/message/sendText/outra", body).status_code == 503
    assert shop.send().status_code == 201


def test_chance_is_the_same_for_the_same_seed(shop: Gateway) -> None:
    def round_of(seed: int) -> list[int]:
        shop.sim("POST", "config", {"seed": seed})
        shop.sim("POST", "reset", {"keep_instances": True})
        shop.fault("status_503", probability=0.5)
        return [shop.send().status_code for _ in range(12)]

    first = round_of(7)
    assert set(first) == {201, 503}
    assert round_of(7) == first
    assert round_of(8) != first


def test_rules_are_listed_spent_and_removed(shop: Gateway) -> None:
    shop.fault("status_503", count=1)
    shop.fault("latency", ms=1)
    shop.send()
    rules = shop.sim("GET", "faults")["faults"]
    assert [(rule["kind"], rule["hits"]) for rule in rules] == [("latency", 1)]
    shop.sim("DELETE", f"faults/{rules[0]['id']}")
    assert shop.sim("GET", "faults")["faults"] == []
    answer = shop.http.post(f"{shop.url}/_sim/faults", json={"kind": "nada"}, timeout=5)
    assert answer.status_code == 400


def test_scope_on_all_covers_reading_too(shop: Gateway) -> None:
    shop.fault("status_502", on="all")
    assert shop.api("GET", "/instance/connectionState/loja").status_code == 502
    assert shop.api("POST", "/chat/findMessages/loja", {}).status_code == 502
