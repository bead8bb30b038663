"""What customers and the business phone do, as events (contract sections 8.4-8.6)."""

import pytest

from tests.simulator.driver import Gateway, Receiver

MARIA = "5511987654321"
MARIA_JID = "5511987654321@s.whatsapp.net"


def receive(shop: Gateway, **body: object) -> dict:
    return shop.sim("POST", "instances/loja/inbound", {"from": MARIA, **body})


def test_a_text_and_the_contact_it_brings(shop: Gateway, receiver: Receiver) -> None:
    receive(shop, text="Oi, qual o preço?", name="Maria Souza")
    data = receiver.wait("messages.upsert")[0].data
    assert data["key"]["remoteJid"] == MARIA_JID
    assert (data["key"]["fromMe"], data["key"]["addressingMode"]) == (False, "pn")
    assert (data["pushName"], data["status"], data["source"]) == ("Maria Souza", "DELIVERY_ACK", "ios")
    assert (data["messageType"], data["message"]) == ("conversation", {"conversation": "Oi, qual o preço?"})
    assert isinstance(receiver.wait("contacts.upsert")[0].data, dict)
    assert receiver.wait("chats.upsert")[0].data[0]["unreadMessages"] == 1
    receive(shop, text="?")
    assert isinstance(receiver.wait("contacts.update")[0].data, dict)


def test_a_reply_quotes_at_the_top_level(shop: Gateway, receiver: Receiver) -> None:
    sent = shop.send("Seria o azul?").json()["key"]["id"]
    receive(shop, text="Sim, esse mesmo", quote=sent)
    context = receiver.wait("messages.upsert")[0].data["contextInfo"]
    assert context["stanzaId"] == sent
    assert context["quotedMessage"] == {"conversation": "Seria o azul?"}
    assert context["participant"].endswith("@s.whatsapp.net")


@pytest.mark.parametrize(
    ("kind", "node"),
    [
        ("image", "imageMessage"),
        ("video", "videoMessage"),
        ("audio", "audioMessage"),
        ("document", "documentMessage"),
        ("sticker", "stickerMessage"),
        ("ptv", "ptvMessage"),
        ("location", "locationMessage"),
        ("contact", "contactMessage"),
    ],
)
def test_every_kind_has_its_node(shop: Gateway, receiver: Receiver, kind: str, node: str) -> None:
    receive(shop, kind=kind)
    data = receiver.wait("messages.upsert")[0].data
    assert data["messageType"] == node
    assert node in data["message"]


def test_voice_notes_are_ptt(shop: Gateway, receiver: Receiver) -> None:
    key = receive(shop, kind="voice")["key"]
    assert receiver.wait("messages.upsert")[0].data["message"]["audioMessage"]["ptt"] is True
    answer = shop.api("POST", "/chat/getBase64FromMediaMessage/loja", {"message": {"key": {"id": key["id"]}}})
    assert (answer.status_code, answer.json()["mediaType"]) == (201, "audioMessage")


def test_reactions_point_at_their_message(shop: Gateway, receiver: Receiver) -> None:
    sent = shop.send().json()["key"]
    receive(shop, kind="reaction", target=sent["id"], text="❤️")
    node = receiver.wait("messages.upsert")[0].data["message"]["reactionMessage"]
    assert (node["key"]["id"], node["key"]["fromMe"], node["text"]) == (sent["id"], True, "❤️")


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("lid", {"remoteJid": MARIA_JID, "addressingMode": "lid"}),
        ("lid_alt", {"remoteJidAlt": MARIA_JID, "addressingMode": "lid"}),
        ("lid_sender_pn", {"senderPn": MARIA_JID}),
    ],
)
def test_hidden_senders_with_a_phone(shop: Gateway, style: str, expected: dict) -> None:
    key = receive(shop, **{"as": style})["key"]
    assert expected.items() <= key.items()
    if style != "lid":
        assert key["remoteJid"] == shop.sim("GET", f"people/{MARIA}")["lid"]


def test_hidden_senders_without_a_phone(shop: Gateway) -> None:
    key = receive(shop, **{"as": "lid_only"})["key"]
    assert key["remoteJid"].endswith("@lid")
    assert MARIA not in str(key)


def test_missing_ninth_digit(shop: Gateway) -> None:
    assert receive(shop, missing_ninth=True)["key"]["remoteJid"] == "551187654321@s.whatsapp.net"


def test_group_messages_name_their_author(shop: Gateway, receiver: Receiver) -> None:
    key = receive(shop, group="120363021234567890", text="oi pessoal")["key"]
    assert key["remoteJid"] == "120363021234567890@g.us"
    assert key["participant"].endswith("@lid")
    assert key["participantAlt"] == MARIA_JID
    receiver.wait("messages.upsert")


def test_ignored_groups_say_nothing(gateway: Gateway, receiver: Receiver) -> None:
    gateway.create(groupsIgnore=True, webhook={"url": receiver.url, "events": []})
    gateway.pair(receiver)
    receive(gateway, group="120363021234567890", text="oi pessoal")
    receive(gateway, text="oi")
    posts = receiver.wait("messages.upsert")
    assert [post.data["message"] for post in posts] == [{"conversation": "oi"}]


def test_typed_on_the_business_phone(shop: Gateway, receiver: Receiver) -> None:
    shop.sim("POST", "instances/loja/phone-message", {"to": MARIA, "text": "Já te ligo"})
    data = receiver.wait("messages.upsert")[0].data
    assert (data["key"]["fromMe"], data["key"]["remoteJid"]) == (True, MARIA_JID)
    assert (data["status"], data["source"]) == ("SERVER_ACK", "android")
    assert receiver.of("send.message") == []
    receiver.wait("messages.update", where=lambda update: update["status"] == "READ")


def test_delete_and_edit_by_the_customer(shop: Gateway, receiver: Receiver) -> None:
    key = receive(shop, text="oi")["key"]
    shop.sim("POST", f"instances/loja/messages/{key['id']}/edit", {"text": "oi!"})
    edited = receiver.wait("messages.edited")[0].data
    assert (edited["type"], edited["editedMessage"]) == ("MESSAGE_EDIT", {"conversation": "oi!"})
    shop.sim("POST", f"instances/loja/messages/{key['id']}/delete")
    gone = receiver.wait("messages.delete")[0].data
    assert gone == {"remoteJid": MARIA_JID, "fromMe": False, "id": key["id"], "status": "DELETED"}
    assert receiver.wait("messages.edited", count=2)[1].data["type"] == "REVOKE"


def test_what_came_while_away_arrives_later_with_its_old_time(shop: Gateway, receiver: Receiver) -> None:
    shop.sim("POST", "instances/loja/drop", {"seconds": None})
    old = receive(shop, text="alguém aí?", seconds_ago=3600)
    assert receiver.of("messages.upsert") == []
    shop.api("POST", "/instance/restart/loja", {})
    data = receiver.wait("messages.upsert")[0].data
    assert data["messageTimestamp"] == old["messageTimestamp"]


def test_wrappers_and_unknown_types_pass_as_they_are(shop: Gateway) -> None:
    assert receive(shop, text="oi", ephemeral=True)["message"] == {
        "ephemeralMessage": {"message": {"extendedTextMessage": {"text": "oi"}}}
    }
    strange = receive(shop, kind="raw", message={"novidadeMessage": {"x": 1}})
    assert strange["messageType"] == "novidadeMessage"


def test_typing_and_the_same_message_twice(shop: Gateway, receiver: Receiver) -> None:
    shop.sim("POST", "instances/loja/typing", {"from": MARIA})  # nobody asked to be told
    shop.api("POST", "/chat/sendPresence/loja", {"number": MARIA, "presence": "paused", "delay": 0})
    shop.sim("POST", "instances/loja/typing", {"from": MARIA})
    presence = receiver.wait("presence.update")[0].data
    assert presence["presences"][MARIA_JID] == {"lastKnownPresence": "composing"}
    assert len(receiver.of("presence.update")) == 1
    key = receive(shop, text="oi", copies=2)["key"]
    posts = receiver.wait("messages.upsert", count=2)
    assert [post.data["key"]["id"] for post in posts] == [key["id"]] * 2


def test_customers_answer_by_themselves_when_told_to(shop: Gateway, receiver: Receiver) -> None:
    habits = {"reply_probability": 1, "reply_texts": ["SAIR"]}
    shop.sim("POST", "config", {"instance": "loja", "behaviour": habits})
    shop.send()
    assert receiver.wait("messages.upsert")[0].data["message"] == {"conversation": "SAIR"}


def test_the_person_reads_when_the_chat_is_opened(shop: Gateway, receiver: Receiver) -> None:
    shop.sim("POST", "config", {"behaviour": {"delivered": 600, "read_probability": 0}})
    shop.send()
    shop.sim("POST", f"instances/loja/chats/{MARIA}/read")
    receiver.wait("messages.update", where=lambda data: data["status"] == "READ")


def test_impossible_orders_are_explained(shop: Gateway) -> None:
    answer = shop.http.post(f"{shop.url}/_sim/instances/loja/inbound", json={"from": MARIA, "kind": "x"}, timeout=5)
    assert (answer.status_code, answer.json()) == (400, {"error": "unknown kind 'x'"})
    assert shop.http.get(f"{shop.url}/_sim/instances/zzz", timeout=5).status_code == 404


def test_a_gateway_told_to_read_reads_by_itself(gateway: Gateway, receiver: Receiver) -> None:
    gateway.create(readMessages=True, webhook={"url": receiver.url, "events": []})
    gateway.pair(receiver)
    key = receive(gateway, text="oi")["key"]
    update = receiver.wait("messages.update")[0].data
    assert (update["keyId"], update["fromMe"], update["status"]) == (key["id"], False, "READ")
