"""Numbers: creation, QR codes, connection, loss, deletion (contract sections 3, 4 and 8.1-8.3)."""

import base64

from tests.simulator.driver import Gateway, Receiver

PNG = b"\x89PNG"


def test_create_answers_the_documented_shape(gateway: Gateway) -> None:
    hook = {"url": "http://127.0.0.1:9/x", "headers": {"X-A": "b"}, "events": [], "byEvents": False, "base64": True}
    made = gateway.create(groupsIgnore=True, webhook=hook)
    assert made["instance"]["status"] == "close"
    assert made["hash"].isupper()
    assert made["webhook"] == {
        "webhookUrl": hook["url"],
        "webhookHeaders": {"X-A": "b"},
        "webhookByEvents": False,
        "webhookBase64": True,
    }
    assert made["settings"]["groupsIgnore"] is True
    assert "qrcode" not in made


def test_create_needs_an_integration_and_events(gateway: Gateway) -> None:
    answer = gateway.api("POST", "/instance/create", {"instanceName": "loja"})
    assert answer.json()["response"]["message"] == ["Invalid integration"]
    body = {"instanceName": "loja", "integration": "WHATSAPP-BAILEYS", "webhook": {"url": "http://127.0.0.1:9"}}
    answer = gateway.api("POST", "/instance/create", body)
    assert answer.json()["response"]["message"] == ["Cannot read properties of undefined (reading 'length')"]
    assert gateway.api("GET", "/instance/fetchInstances").json() == []


def test_create_with_qrcode_brings_it(gateway: Gateway) -> None:
    made = gateway.create(qrcode=True)
    assert made["qrcode"]["count"] >= 1
    assert made["qrcode"]["base64"].startswith("data:image/png;base64,")


def test_the_qr_is_a_png_that_leads_to_the_scan_page(gateway: Gateway) -> None:
    gateway.create()
    qr = gateway.api("GET", "/instance/connect/loja").json()
    assert base64.b64decode(qr["base64"].split(",")[1]).startswith(PNG)
    assert qr["pairingCode"] is None
    page = gateway.http.get(qr["code"], headers={"Accept": "text/html"}, timeout=5)
    assert "Conectar este número?" in page.text
    gateway.http.post(qr["code"], timeout=5)
    assert gateway.sim("GET", "instances/loja")["owner"].startswith("55")


def test_a_number_given_brings_a_pairing_code_and_becomes_the_owner(gateway: Gateway, receiver: Receiver) -> None:
    gateway.create(webhook={"url": receiver.url, "events": []})
    qr = gateway.api("GET", "/instance/connect/loja?number=5511987654321").json()
    assert len(qr["pairingCode"]) == 8
    gateway.sim("POST", "instances/loja/scan")
    opened = receiver.wait("connection.update", where=lambda data: data["state"] == "open")[0]
    assert opened.data["wuid"] == "5511987654321@s.whatsapp.net"
    assert opened.data["profileName"] == "Loja"
    assert opened.body["sender"] == "5511987654321@s.whatsapp.net"


def test_state_never_carries_a_qr_and_connect_when_open_answers_the_state(shop: Gateway) -> None:
    state = {"instance": {"instanceName": "loja", "state": "open"}}
    assert shop.api("GET", "/instance/connectionState/loja").json() == state
    assert shop.api("GET", "/instance/connect/loja").json() == state


def test_qr_codes_are_renewed_until_the_limit(gateway: Gateway, receiver: Receiver) -> None:
    gateway.sim("POST", "config", {"qr_limit": 3, "qr_seconds": 5})
    gateway.create(webhook={"url": receiver.url, "events": ["QRCODE_UPDATED", "CONNECTION_UPDATE"]})
    gateway.api("GET", "/instance/connect/loja")
    codes = receiver.wait("qrcode.updated", count=4)
    assert len({post.data["qrcode"]["code"] for post in codes[:3]}) == 3
    assert codes[3].data == {"message": "QR code limit reached, please login again", "statusCode": 500}
    refused = receiver.wait("connection.update", where=lambda data: data["state"] == "refused")[0]
    assert refused.data["statusReason"] == 428
    assert "sender" not in refused.body
    assert gateway.api("GET", "/instance/connectionState/loja").json()["instance"]["state"] == "close"


def test_fetch_lists_and_filters(shop: Gateway) -> None:
    shop.create("outra")
    row = shop.api("GET", "/instance/fetchInstances?instanceName=loja").json()[0]
    assert (row["name"], row["connectionStatus"], row["integration"]) == ("loja", "open", "WHATSAPP-BAILEYS")
    assert row["ownerJid"].endswith("@s.whatsapp.net")
    assert set(row["_count"]) == {"Message", "Contact", "Chat"}
    assert len(shop.api("GET", "/instance/fetchInstances").json()) == 2
    answer = shop.api("GET", "/instance/fetchInstances?instanceName=zzz")
    assert answer.status_code == 404
    assert answer.json()["response"]["message"] == ['Instance "zzz" not found']


def test_a_ban_says_why_in_three_events(shop: Gateway, receiver: Receiver) -> None:
    shop.sim("POST", "instances/loja/ban")
    status = receiver.wait("status.instance")[0].data
    assert (status["status"], status["disconnectionReasonCode"]) == ("closed", 403)
    assert receiver.wait("logout.instance")[0].data is None
    closed = receiver.wait("connection.update", where=lambda data: data["state"] == "close")[0].data
    assert closed == {"instance": "loja", "state": "close", "statusReason": 403}
    row = shop.api("GET", "/instance/fetchInstances").json()[0]
    assert row["disconnectionReasonCode"] == 403


def test_logout_and_its_second_time(shop: Gateway) -> None:
    answer = shop.api("DELETE", "/instance/logout/loja")
    assert answer.json() == {
        "status": "SUCCESS",
        "error": False,
        "response": {"message": "Instance logged out"},
    }
    assert shop.api("DELETE", "/instance/logout/loja").status_code == 400


def test_a_network_drop_comes_back_and_restart_too(shop: Gateway, receiver: Receiver) -> None:
    shop.sim("POST", "instances/loja/drop", {"seconds": None})
    assert shop.send().status_code == 500
    assert shop.api("POST", "/instance/restart/loja", {}).status_code == 200
    receiver.wait("connection.update", count=2, where=lambda data: data["state"] == "open")
    assert shop.send().status_code == 201


def test_a_deleted_name_stays_taken_until_its_last_event_is_delivered(shop: Gateway, receiver: Receiver) -> None:
    shop.sim("POST", "config", {"webhook_first_wait": 50})
    receiver.wait("connection.update")
    receiver.answers = [503] * 5
    assert shop.api("DELETE", "/instance/delete/loja").json()["response"] == {"message": "Instance deleted"}
    body = {"instanceName": "loja", "integration": "WHATSAPP-BAILEYS"}
    assert shop.api("POST", "/instance/create", body).status_code == 403
    state = shop.api("GET", "/instance/connectionState/loja").json()
    assert state == {"instance": {"instanceName": "loja"}}
    receiver.wait("remove.instance", count=2)
    assert all(post.data is None for post in receiver.of("remove.instance"))


def test_settings_need_every_switch(gateway: Gateway) -> None:
    gateway.create()
    answer = gateway.api("POST", "/settings/set/loja", {"groupsIgnore": True})
    assert 'instance requires property "rejectCall"' in answer.json()["response"]["message"][0]
    names = ("rejectCall", "groupsIgnore", "alwaysOnline", "readMessages", "readStatus", "syncFullHistory")
    assert gateway.api("POST", "/settings/set/loja", dict.fromkeys(names, True)).status_code == 201
    assert gateway.api("GET", "/settings/find/loja").json()["groupsIgnore"] is True


def test_presence_of_the_number(shop: Gateway) -> None:
    answer = shop.api("POST", "/instance/setPresence/loja", {"presence": "available"})
    assert (answer.status_code, answer.json()) == (201, {"presence": "available"})
    assert shop.api("POST", "/instance/setPresence/loja", {"presence": "sleeping"}).status_code == 400
