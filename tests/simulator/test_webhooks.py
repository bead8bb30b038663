"""Setting and delivering webhooks (contract section 5)."""

import jwt

from tests.simulator.driver import Gateway, Receiver


def set_hook(gateway: Gateway, **hook: object) -> dict:
    answer = gateway.api("POST", "/webhook/set/loja", {"webhook": {"enabled": True, **hook}})
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_set_and_find_use_their_own_names(gateway: Gateway) -> None:
    gateway.create()
    assert gateway.api("GET", "/webhook/find/loja").json() is None
    made = set_hook(gateway, url="http://127.0.0.1:9/x", byEvents=True, base64=True, events=["MESSAGES_UPSERT"])
    assert made == gateway.api("GET", "/webhook/find/loja").json()
    assert (made["webhookByEvents"], made["webhookBase64"], made["events"]) == (True, True, ["MESSAGES_UPSERT"])
    assert len(set_hook(gateway, url="http://127.0.0.1:9/x", events=[])["events"]) > 25


def test_bodies_that_are_refused(gateway: Gateway) -> None:
    gateway.create()

    def refused(body: dict) -> tuple[int, object]:
        answer = gateway.api("POST", "/webhook/set/loja", body)
        return answer.status_code, answer.json()["response"]["message"]

    assert refused({"url": "http://a.b"}) == (400, [['instance requires property "webhook"']])
    assert refused({"webhook": {"enabled": True, "url": "http://127.0.0.1:9"}})[0] == 500
    status, text = refused({"webhook": {"enabled": True, "url": "http://127.0.0.1:9", "events": ["NADA"]}})
    assert status == 400
    assert "MESSAGES_UPSERT" in text[0][0]


def test_the_envelope_and_headers(shop: Gateway, receiver: Receiver) -> None:
    set_hook(shop, url=receiver.url, events=["SEND_MESSAGE"], headers={"X-Recado-Token": "s3gr3do"})
    shop.send()
    post = receiver.wait("send.message")[0]
    assert post.path == "/hook"
    assert post.headers["X-Recado-Token"] == "s3gr3do"
    assert post.headers["User-Agent"].startswith("axios/")
    assert post.headers["Content-Type"] == "application/json"
    assert set(post.body) == {
        "event",
        "instance",
        "data",
        "destination",
        "date_time",
        "sender",
        "server_url",
        "apikey",
    }
    token = shop.api("GET", "/instance/fetchInstances").json()[0]["token"]
    assert (post.body["apikey"], post.body["destination"]) == (token, receiver.url)


def test_by_events_appends_the_name(shop: Gateway, receiver: Receiver) -> None:
    set_hook(shop, url=receiver.url, byEvents=True, events=[])
    shop.send()
    assert receiver.wait("send.message")[0].path == "/hook/send-message"


def test_jwt_key_becomes_a_bearer_token(shop: Gateway, receiver: Receiver) -> None:
    secret = "um segredo comprido o bastante para HS256"
    set_hook(shop, url=receiver.url, events=["SEND_MESSAGE"], headers={"jwt_key": secret, "X-Outro": "1"})
    shop.send()
    headers = receiver.wait("send.message")[0].headers
    claims = jwt.decode(headers["Authorization"].removeprefix("Bearer "), secret, algorithms=["HS256"])
    assert (claims["app"], claims["action"], claims["exp"] - claims["iat"]) == ("evolution", "webhook", 600)
    assert "jwt_key" not in headers
    assert headers["X-Outro"] == "1"


def test_only_subscribed_events_are_posted(shop: Gateway, receiver: Receiver) -> None:
    set_hook(shop, url=receiver.url, events=["MESSAGES_UPDATE"])
    shop.send()
    receiver.wait("messages.update", where=lambda data: data["status"] == "READ")
    assert receiver.of("send.message") == []


def test_a_failing_receiver_is_tried_again(shop: Gateway, receiver: Receiver) -> None:
    shop.sim("POST", "config", {"behaviour": {"receipts": False}})
    receiver.answers = [500, 429, 200]
    shop.send()
    posts = receiver.wait("send.message", count=3)
    assert posts[0].body == posts[2].body


def test_non_retryable_answers_drop_the_event(shop: Gateway, receiver: Receiver) -> None:
    shop.sim("POST", "config", {"behaviour": {"receipts": False}})
    before = shop.sim("GET", "healthz")["webhooks"]["given_up"]
    for status in (400, 401, 403, 404, 422):
        receiver.answers = [status]
        shop.send(str(status))
        receiver.wait("send.message", where=lambda data, text=str(status): data["message"]["conversation"] == text)
    shop.send("fim")
    receiver.wait("send.message", where=lambda data: data["message"]["conversation"] == "fim")
    assert len(receiver.of("send.message")) == 6
    assert shop.sim("GET", "healthz")["webhooks"]["given_up"] == before + 5


def test_it_gives_up_after_the_last_attempt(shop: Gateway, receiver: Receiver) -> None:
    shop.sim("POST", "config", {"behaviour": {"receipts": False}, "webhook_attempts": 3})
    receiver.answers = [503] * 3
    shop.send()
    receiver.wait("send.message", count=3)
    shop.send("outra")
    posts = receiver.wait("send.message", count=4)
    assert posts[3].data["message"] == {"conversation": "outra"}


def test_a_failing_edit_holds_what_follows(shop: Gateway, receiver: Receiver) -> None:
    """Section 12.4: messages.edited is waited for before the next event of the instance."""
    shop.sim("POST", "config", {"behaviour": {"receipts": False}, "webhook_first_wait": 10})
    came = shop.sim("POST", "instances/loja/inbound", {"from": "5511987654321", "text": "oi"})
    receiver.wait("messages.upsert")
    set_hook(shop, url=receiver.url, events=["MESSAGES_EDITED", "MESSAGES_UPSERT"])
    receiver.answers = [503]
    shop.sim("POST", f"instances/loja/messages/{came['key']['id']}/edit", {"text": "oi!"})
    receiver.wait("messages.edited")
    shop.sim("POST", "instances/loja/inbound", {"from": "5511987654321", "text": "depois"})
    receiver.wait("messages.upsert", count=2)
    order = [post.body["event"] for post in receiver.posts if post.body["event"].startswith("messages.")]
    assert order[-3:] == ["messages.edited", "messages.edited", "messages.upsert"]


def test_base64_counts_only_after_a_reconnection(shop: Gateway, receiver: Receiver) -> None:
    set_hook(shop, url=receiver.url, base64=True, events=[])
    image = {"from": "5511987654321", "kind": "image"}
    shop.sim("POST", "instances/loja/inbound", image)
    assert "base64" not in receiver.wait("messages.upsert")[0].data["message"]
    shop.api("POST", "/instance/restart/loja", {})
    receiver.wait("connection.update", count=2, where=lambda data: data["state"] == "open")
    shop.sim("POST", "instances/loja/inbound", image)
    second = receiver.wait("messages.upsert", count=2)[1].data
    assert second["message"]["base64"].startswith("/9j/")
