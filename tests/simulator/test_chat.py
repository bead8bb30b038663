"""Chat verbs and searches (contract section 7)."""

import time
from datetime import UTC, datetime

from tests.simulator.driver import Gateway, Receiver

MARIA = "5511987654321"
MARIA_JID = "5511987654321@s.whatsapp.net"


def chat(shop: Gateway, verb: str, body: dict) -> object:
    answer = shop.api("POST", f"/chat/{verb}/loja", body)
    assert answer.ok, answer.text
    return answer.json()


def find(shop: Gateway, where: dict, **more: int) -> dict:
    return chat(shop, "findMessages", {"where": where, **more})["messages"]


def test_numbers_echo_the_input_and_groups_come_first(shop: Gateway) -> None:
    asked = ["5531988887777", "5511900000000", "120363021234567890@g.us"]
    rows = chat(shop, "whatsappNumbers", {"numbers": asked})
    assert rows[0]["number"] == "120363021234567890@g.us"
    by_number = {row["number"]: row for row in rows}
    assert by_number["5531988887777"]["jid"] == "553188887777@s.whatsapp.net"
    assert by_number["5531988887777"]["exists"] is True
    assert by_number["5511900000000"]["exists"] is False
    answer = shop.api("POST", "/chat/whatsappNumbers/loja", {"numbers": ["55", "55"]})
    assert answer.status_code == 400


def test_which_numbers_exist_is_a_setting(shop: Gateway) -> None:
    shop.sim("POST", "config", {"not_on_whatsapp": "^5511"})
    assert shop.send().status_code == 400
    assert shop.send(number="5521987650000").status_code == 201


def test_reading_on_behalf_of_the_business(shop: Gateway, receiver: Receiver) -> None:
    key = shop.sim("POST", "instances/loja/inbound", {"from": MARIA, "text": "oi"})["key"]
    body = {"readMessages": [{"remoteJid": MARIA_JID, "fromMe": False, "id": key["id"]}]}
    assert chat(shop, "markMessageAsRead", body) == {"message": "Read messages", "read": "success"}
    update = receiver.wait("messages.update")[0].data
    assert (update["keyId"], update["fromMe"], update["status"]) == (key["id"], False, "READ")


def test_presence_waits_its_delay(shop: Gateway) -> None:
    start = time.monotonic()
    chat(shop, "sendPresence", {"number": MARIA, "presence": "composing", "delay": 5000})
    assert time.monotonic() - start >= 0.1
    assert shop.api("POST", "/chat/sendPresence/loja", {"number": MARIA}).status_code == 400


def test_pictures_are_public_or_null(shop: Gateway) -> None:
    found = [
        chat(shop, "fetchProfilePictureUrl", {"number": f"55119876543{n}"})["profilePictureUrl"] for n in range(10, 24)
    ]
    assert None in found
    url = next(url for url in found if url)
    assert shop.http.get(url, timeout=5).headers["Content-Type"] == "image/png"


def test_media_that_is_not_there(shop: Gateway) -> None:
    body = {"message": {"key": {"id": "nada"}}}
    answer = shop.api("POST", "/chat/getBase64FromMediaMessage/loja", body)
    assert (answer.status_code, answer.json()["response"]["message"]) == (400, ["Message not found"])
    key = shop.send().json()["key"]
    answer = shop.api("POST", "/chat/getBase64FromMediaMessage/loja", {"message": {"key": key}})
    assert answer.status_code == 400


def test_messages_newest_first_in_pages(shop: Gateway) -> None:
    for text in "abc":
        shop.send(text)
    found = find(shop, {}, offset=2)
    assert (found["total"], found["pages"], found["currentPage"]) == (3, 2, 1)
    assert [row["message"]["conversation"] for row in found["records"]] == ["c", "b"]
    found = find(shop, {}, offset=2, page=2)
    assert [row["message"]["conversation"] for row in found["records"]] == ["a"]


def test_messages_by_key_and_time(shop: Gateway, receiver: Receiver) -> None:
    old = {"from": MARIA, "text": "antiga", "seconds_ago": 3600}
    shop.sim("POST", "instances/loja/inbound", old)
    sent = shop.send("nova").json()
    shop.send("outra", number="5521987651234")
    receiver.wait("messages.update", where=lambda data: data["status"] == "READ")
    assert [row["key"] for row in find(shop, {"key": {"id": sent["key"]["id"]}})["records"]] == [sent["key"]]
    assert find(shop, {"key": {"remoteJid": MARIA_JID}})["total"] == 2
    assert find(shop, {"key": {"remoteJid": MARIA_JID, "fromMe": True}})["total"] == 1
    now = time.time()

    def since(start: float) -> int:
        texts = [datetime.fromtimestamp(moment, UTC).isoformat() for moment in (start, now + 60)]
        return find(shop, {"messageTimestamp": {"gte": texts[0], "lte": texts[1]}})["total"]

    assert (since(now - 600), since(now - 7200)) == (2, 3)
    row = find(shop, {"key": {"id": sent["key"]["id"]}})["records"][0]
    assert {"id", "pushName", "messageType", "messageTimestamp", "source", "contextInfo"} <= set(row)


def test_statuses_in_order_of_arrival(shop: Gateway, receiver: Receiver) -> None:
    key = shop.send().json()["key"]
    receiver.wait("messages.update", where=lambda data: data["status"] == "READ")
    rows = chat(shop, "findStatusMessage", {"where": {"id": key["id"], "remoteJid": MARIA_JID}})
    assert [row["status"] for row in rows] == ["SERVER_ACK", "DELIVERY_ACK", "READ"]
    assert {row["keyId"] for row in rows} == {key["id"]}
    assert chat(shop, "findStatusMessage", {"where": {"id": "nada"}}) == []


def test_contacts_and_chats(shop: Gateway) -> None:
    shop.sim("POST", "instances/loja/inbound", {"from": MARIA, "text": "oi", "name": "Maria"})
    shop.send("olá", number="5521987651234")
    contacts = chat(shop, "findContacts", {"where": {}})
    assert {row["remoteJid"]: row["pushName"] for row in contacts} == {
        MARIA_JID: "Maria",
        "5521987651234@s.whatsapp.net": None,
    }
    assert len(chat(shop, "findContacts", {"where": {"remoteJid": MARIA_JID}})) == 1
    chats = chat(shop, "findChats", {})
    assert {row["remoteJid"]: row["unreadCount"] for row in chats}[MARIA_JID] == 1
    assert {row["lastMessage"]["message"]["conversation"] for row in chats} == {"oi", "olá"}


def test_blocking(shop: Gateway) -> None:
    answer = shop.api("POST", "/chat/updateBlockStatus/loja", {"number": MARIA, "status": "block"})
    assert answer.status_code == 201
