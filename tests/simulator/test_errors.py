"""Check order and shapes of the contract's section 2."""

import pytest
import requests

from tests.simulator.driver import Gateway


def refused(answer: requests.Response) -> tuple[int, object]:
    return answer.status_code, answer.json()["response"]["message"]


def test_unknown_instance_is_404_even_with_a_bad_key(gateway: Gateway) -> None:
    answer = gateway.api("POST", "/message/sendText/x", {}, key="errada")
    assert answer.json() == {
        "status": 404,
        "error": "Not Found",
        "response": {"message": ['The "x" instance does not exist']},
    }


def test_bad_key_on_a_known_instance_is_401_with_a_plain_string(shop: Gateway) -> None:
    assert refused(shop.api("POST", "/message/sendText/loja", {}, key=None)) == (401, "Unauthorized")
    assert refused(shop.api("POST", "/message/sendText/loja", {}, key="errada")) == (401, "Unauthorized")


def test_the_instance_token_opens_its_own_instance_only(gateway: Gateway) -> None:
    token = gateway.create()["hash"]
    gateway.create("outra")
    assert gateway.api("GET", "/instance/connectionState/loja", key=token).status_code == 200
    assert gateway.api("GET", "/instance/connectionState/outra", key=token).status_code == 401
    assert [row["name"] for row in gateway.api("GET", "/instance/fetchInstances", key=token).json()] == ["loja"]
    assert gateway.api("GET", "/instance/fetchInstances", key="errada").status_code == 401
    body = {"instanceName": "nova", "integration": "WHATSAPP-BAILEYS"}
    assert gateway.api("POST", "/instance/create", body, key=token).status_code == 401


def test_a_taken_name_is_403_before_the_key_is_looked_at(gateway: Gateway) -> None:
    gateway.create()
    answer = gateway.api("POST", "/instance/create", {"instanceName": "loja"}, key="errada")
    assert refused(answer) == (403, ['This name "loja" is already in use.'])


def test_unknown_route_looks_like_unknown_instance_but_for_the_text(gateway: Gateway) -> None:
    assert refused(gateway.api("POST", "/instance/setWebhook/loja", {})) == (
        404,
        ["Cannot POST /instance/setWebhook/loja"],
    )
    assert refused(gateway.api("GET", "/message/sendText/loja")) == (404, ["Cannot GET /message/sendText/loja"])


def test_schema_errors_come_as_a_list_in_a_list(shop: Gateway) -> None:
    assert refused(shop.api("POST", "/message/sendText/loja", {"number": "5511987654321"})) == (
        400,
        [['instance requires property "text"']],
    )
    assert refused(shop.send(delay="2000"))[1] == [["Enter a value in milliseconds"]]
    assert refused(shop.api("POST", "/message/sendText/loja", {"textMessage": {"text": "v1"}, "number": 55}))[1] == [
        ["Invalid format", 'instance requires property "text"']
    ]


def test_malformed_json_is_a_400_named_internal_server_error(shop: Gateway) -> None:
    headers = {"Content-Type": "application/json"}
    answer = requests.post(f"{shop.url}/message/sendText/loja", data="{", headers=headers, timeout=5)
    assert (answer.status_code, answer.json()["error"]) == (400, "Internal Server Error")
    assert isinstance(answer.json()["response"]["message"], str)


def test_a_number_that_is_not_on_whatsapp(shop: Gateway) -> None:
    jid = "5511900000000@s.whatsapp.net"
    row = {"jid": jid, "exists": False, "number": "5511900000000"}
    assert refused(shop.send(number="5511900000000")) == (400, [row])
    assert shop.sim("GET", "ledger") == []


def test_blank_text(shop: Gateway) -> None:
    assert refused(shop.send("  ")) == (400, ["Text is required"])


def test_a_number_that_never_connected(gateway: Gateway) -> None:
    gateway.create()
    text = "Cannot read properties of undefined (reading 'onWhatsApp')"
    assert refused(gateway.send()) == (500, text)
    answer = gateway.api("POST", "/chat/whatsappNumbers/loja", {"numbers": ["5511987654321"]})
    assert (answer.status_code, answer.json()) == (400, {})


def test_a_closed_socket_depends_on_the_cache(shop: Gateway) -> None:
    shop.send(number="5511987654321")
    shop.sim("POST", "instances/loja/logout")
    assert refused(shop.send(number="5511911112222")) == (500, "Connection Closed")
    assert refused(shop.send(number="5511987654321")) == (400, ["Error: Connection Closed"])
    answer = shop.api("POST", "/chat/whatsappNumbers/loja", {"numbers": ["5511987654321"]})
    assert answer.status_code == 400
    assert answer.json()["output"]["statusCode"] == 428


def test_number_check_errors_are_raw(shop: Gateway) -> None:
    answer = shop.api("POST", "/chat/whatsappNumbers/loja", {})
    assert answer.json() == {
        "status": 400,
        "error": "Bad Request",
        "message": [['instance requires property "numbers"']],
    }


def test_connect_and_restart_swallow_their_failures(gateway: Gateway) -> None:
    gateway.create()
    answer = gateway.api("POST", "/instance/restart/loja", {})
    assert (answer.status_code, answer.json()["error"]) == (200, True)


@pytest.mark.parametrize("path", ["/chat/whatsappNumbers/cloud", "/chat/markMessageAsRead/cloud"])
def test_other_channels_do_not_have_every_method(gateway: Gateway, path: str) -> None:
    made = gateway.create("cloud", integration="EVOLUTION", number="5511999998888")
    assert made["instance"]["status"] == "open"
    answer = gateway.api("POST", path, {"numbers": ["5511987654321"], "readMessages": []})
    assert refused(answer)[0] == 400
    assert "Method not available" in refused(answer)[1][0]


def test_the_greeting_needs_no_key_and_tells_the_version(gateway: Gateway) -> None:
    greeting = gateway.api("GET", "/", key=None).json()
    assert (greeting["status"], greeting["version"]) == (200, "2.3.7")


def test_license_required_covers_every_business_route(shop: Gateway) -> None:
    shop.fault("license")
    for answer in (shop.send(), shop.api("GET", "/instance/fetchInstances")):
        assert answer.status_code == 503
        assert answer.json()["code"] == "LICENSE_REQUIRED"
        assert answer.json()["register_url"].startswith("http")
    assert shop.api("GET", "/").status_code == 200


@pytest.mark.parametrize("body", [[], {"number": "5511987654321", "text": "x", "quoted": {"key": "abc"}}, "texto"])
def test_unforeseen_bodies_are_refused_in_the_usual_shape(shop: Gateway, body: object) -> None:
    status, message = refused(shop.api("POST", "/message/sendText/loja", body))
    assert status in (400, 500)
    assert message
