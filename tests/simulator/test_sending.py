"""Every way to send, and what comes of it (contract section 6)."""

import base64
import io
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from PIL import Image

from tests.simulator.driver import Gateway, Receiver

MARIA = "5511987654321"
MARIA_JID = "5511987654321@s.whatsapp.net"


def encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def picture(kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(out, kind)
    return out.getvalue()


def opus(seconds: int) -> bytes:
    """Just enough of an Ogg/Opus file: a first page, and a last one with its position."""
    page = b"OggS\x00\x02" + bytes(8) + bytes(12) + b"\x01\x13OpusHead" + bytes(11)
    return page + b"OggS\x00\x04" + (seconds * 48000).to_bytes(8, "little") + bytes(14)


@pytest.fixture
def shelf() -> Iterator[str]:
    """A web server with one picture and nothing else."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/foto.png"
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(picture() if found else b"")

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_text_answers_201_and_send_message_says_the_same(shop: Gateway, receiver: Receiver) -> None:
    answer = shop.send("Olá, Maria", number="+55 (11) 98765-4321")
    assert answer.status_code == 201
    sent = answer.json()
    assert sent["key"]["remoteJid"] == MARIA_JID
    assert sent["key"]["id"].startswith("3EB0")
    assert sent["key"]["fromMe"] is True
    assert (sent["status"], sent["messageType"]) == ("PENDING", "conversation")
    assert sent["message"] == {"conversation": "Olá, Maria"}
    assert abs(sent["messageTimestamp"] - time.time()) < 5
    assert receiver.wait("send.message")[0].data == sent
    assert receiver.of("messages.upsert") == []


def test_ninth_digit_is_canonical(shop: Gateway) -> None:
    assert shop.send(number="5531988887777").json()["key"]["remoteJid"] == "553188887777@s.whatsapp.net"
    assert shop.send(number="551187654321").json()["key"]["remoteJid"] == MARIA_JID
    assert shop.send(number="551133334444").json()["key"]["remoteJid"] == "551133334444@s.whatsapp.net"


def test_receipts_follow_by_key_id(shop: Gateway, receiver: Receiver) -> None:
    key_id = shop.send().json()["key"]["id"]
    receiver.wait("messages.update", where=lambda data: data["status"] == "READ")
    updates = [post.data for post in receiver.of("messages.update")]
    assert sorted(update["status"] for update in updates) == ["DELIVERY_ACK", "READ", "SERVER_ACK"]
    assert {update["keyId"] for update in updates} == {key_id}
    assert all("key" not in update and update["messageId"] != key_id for update in updates)


def test_delay_holds_the_answer(shop: Gateway) -> None:
    start = time.monotonic()
    assert shop.send(delay=10_000).status_code == 201  # fifty times faster: 0.2 s
    assert time.monotonic() - start >= 0.2


def test_quoted_by_id_only(shop: Gateway) -> None:
    asked = shop.sim("POST", "instances/loja/inbound", {"from": MARIA, "text": "Qual o preço?"})
    sent = shop.send("R$ 10", quoted={"key": {"id": asked["key"]["id"]}}).json()
    assert sent["contextInfo"]["stanzaId"] == asked["key"]["id"]
    assert sent["contextInfo"]["quotedMessage"] == {"conversation": "Qual o preço?"}
    assert "stanzaId" not in shop.send(quoted={"key": {"id": "nada"}}).json()["contextInfo"]


def media(shop: Gateway, **body: object) -> tuple[int, dict]:
    answer = shop.api("POST", "/message/sendMedia/loja", {"number": MARIA, **body})
    return answer.status_code, answer.json()


def test_image_from_base64_becomes_jpeg(shop: Gateway) -> None:
    status, sent = media(shop, mediatype="image", media=encoded(picture()), caption="Vitrine")
    assert (status, sent["messageType"]) == (201, "imageMessage")
    node = sent["message"]["imageMessage"]
    assert (node["caption"], node["width"], node["height"]) == ("Vitrine", 40, 30)
    assert set(node["fileLength"]) == {"low", "high", "unsigned"}
    assert set(node["mediaKey"]) == {str(i) for i in range(32)}
    body = {"message": {"key": {"id": sent["key"]["id"]}}}
    stored = shop.api("POST", "/chat/getBase64FromMediaMessage/loja", body)
    assert stored.status_code == 201
    assert base64.b64decode(stored.json()["base64"])[:3] == b"\xff\xd8\xff"


def test_image_from_an_ip_address(shop: Gateway, shelf: str) -> None:
    assert media(shop, mediatype="image", media=f"{shelf}/foto.png")[0] == 201
    status, body = media(shop, mediatype="image", media=f"{shelf}/falta.png")
    assert (status, body["response"]["message"]) == (500, ["AxiosError: Request failed with status code 404"])


@pytest.mark.parametrize(
    "value",
    [
        "data:image/png;base64," + encoded(picture()),
        "http://localhost:5000/foto.png",
        "http://recado:5000/foto.png",
        "isto não é nada",
        "YWJ",
    ],
)
def test_owned_media_must_be_a_url_or_base64(shop: Gateway, value: str) -> None:
    status, body = media(shop, mediatype="image", media=value)
    assert (status, body["response"]["message"]) == (400, ["Owned media must be a url or base64"])
    assert shop.sim("GET", "ledger") == []


def test_documents_in_base64_need_a_name_whose_extension_rules(shop: Gateway) -> None:
    status, _ = media(shop, mediatype="document", media=encoded(b"%PDF-1.4"))
    assert status == 400
    named = {"media": encoded(b"%PDF-1.4"), "fileName": "Pedido.pdf", "mimetype": "text/plain"}
    node = media(shop, mediatype="document", **named)[1]["message"]["documentMessage"]
    assert (node["mimetype"], node["fileName"]) == ("application/pdf", "Pedido.pdf")
    assert media(shop, mediatype="planilha", media=encoded(b"x" * 3))[0] == 400


def test_a_file_part_works_too(shop: Gateway) -> None:
    answer = shop.http.post(
        f"{shop.url}/message/sendMedia/loja",
        data={"number": MARIA, "mediatype": "document", "fileName": "a.txt"},
        files={"file": ("a.txt", b"conteudo", "text/plain")},
        headers={"apikey": "chave-de-teste"},
        timeout=5,
    )
    assert answer.status_code == 201, answer.text
    assert answer.json()["message"]["documentMessage"]["fileName"] == "a.txt"


def test_voice_notes_keep_their_bytes(shop: Gateway, receiver: Receiver) -> None:
    body = {"number": MARIA, "audio": encoded(opus(7))}
    sent = shop.api("POST", "/message/sendWhatsAppAudio/loja", body).json()
    node = sent["message"]["audioMessage"]
    assert (sent["messageType"], node["ptt"], node["seconds"]) == ("audioMessage", True, 7)
    assert node["mimetype"] == "audio/ogg; codecs=opus"
    stored = shop.api("POST", "/chat/getBase64FromMediaMessage/loja", {"message": {"key": sent["key"]}})
    assert base64.b64decode(stored.json()["base64"]) == opus(7)
    receiver.wait("messages.update", where=lambda data: data["status"] == "PLAYED")


def test_garbage_audio_is_accepted_and_empty(shop: Gateway) -> None:
    body = {"number": MARIA, "audio": encoded(b"nada de som aqui")}
    answer = shop.api("POST", "/message/sendWhatsAppAudio/loja", body)
    assert answer.status_code == 201
    assert answer.json()["message"]["audioMessage"]["fileLength"]["low"] == 0


@pytest.mark.parametrize(
    ("kind", "body", "message_type"),
    [
        ("sendLocation", {"latitude": -23.5, "longitude": -46.6, "name": "Sé", "address": "SP"}, "locationMessage"),
        ("sendContact", {"contact": [{"fullName": "João", "phoneNumber": "+55 11 95555-4444"}]}, "contactMessage"),
        ("sendSticker", {"sticker": encoded(picture("WEBP"))}, "stickerMessage"),
        ("sendPtv", {"video": encoded(b"\x00\x00\x00\x18ftypmp42")}, "ptvMessage"),
        ("sendPoll", {"name": "Cor?", "selectableCount": 1, "values": ["Azul", "Verde"]}, "pollCreationMessageV3"),
        ("sendButtons", {"title": "Oi", "buttons": [{"type": "reply", "id": "1"}]}, "viewOnceMessage"),
        (
            "sendList",
            {"title": "Menu", "footerText": "", "buttonText": "Ver", "sections": [{"title": "A", "rows": []}]},
            "listMessage",
        ),
    ],
)
def test_other_kinds(shop: Gateway, kind: str, body: dict, message_type: str) -> None:
    answer = shop.api("POST", f"/message/{kind}/loja", {"number": MARIA, **body})
    assert answer.status_code == 201, answer.text
    assert answer.json()["messageType"] == message_type


def test_reaction_goes_where_its_key_says(shop: Gateway) -> None:
    key = shop.sim("POST", "instances/loja/inbound", {"from": MARIA, "text": "oi"})["key"]
    target = {name: key[name] for name in ("id", "remoteJid", "fromMe")}
    answer = shop.api("POST", "/message/sendReaction/loja", {"key": target, "reaction": "❤️"})
    assert answer.json()["message"]["reactionMessage"] == {"key": target, "text": "❤️"}
    assert answer.json()["key"]["remoteJid"] == MARIA_JID


@pytest.mark.parametrize(
    ("kind", "body", "complaint"),
    [
        ("sendPoll", {"name": "?", "selectableCount": 1, "values": ["a"]}, "values does not meet minimum length of 2"),
        ("sendContact", {"contact": [{"fullName": "J", "phoneNumber": "1"}]}, "contact[0].phoneNumber"),
        ("sendLocation", {"latitude": "x", "longitude": 1, "name": "a", "address": "b"}, "latitude is not of a type"),
        ("sendMedia", {"mediatype": "gif", "media": "x"}, "mediatype is not one of enum values"),
    ],
)
def test_invalid_bodies_are_refused_in_a_list_of_lists(shop: Gateway, kind: str, body: dict, complaint: str) -> None:
    answer = shop.api("POST", f"/message/{kind}/loja", {"number": MARIA, **body})
    assert answer.status_code == 400
    assert complaint in answer.json()["response"]["message"][0][0]


def test_templates_belong_to_the_cloud(shop: Gateway) -> None:
    body = {"number": MARIA, "name": "ola", "language": "pt_BR"}
    assert shop.api("POST", "/message/sendTemplate/loja", body).status_code == 400


def test_groups_are_not_asked_about_and_send_no_receipts(shop: Gateway, receiver: Receiver) -> None:
    group = shop.send(number="120363021234567890").json()["key"]
    assert group["remoteJid"] == "120363021234567890@g.us"
    shop.send()
    receiver.wait("messages.update", where=lambda data: data["status"] == "READ")
    assert group["id"] not in {post.data["keyId"] for post in receiver.of("messages.update")}


def test_a_hidden_person_can_be_answered_and_receipts_name_the_lid(shop: Gateway, receiver: Receiver) -> None:
    came = shop.sim("POST", "instances/loja/inbound", {"from": MARIA, "as": "lid_alt", "text": "oi"})
    lid = came["key"]["remoteJid"]
    sent = shop.send(number=lid).json()
    assert sent["key"]["remoteJid"] == lid
    update = receiver.wait("messages.update", where=lambda data: data["keyId"] == sent["key"]["id"])[0]
    assert update.data["remoteJid"] == lid
    assert shop.sim("GET", "ledger")[0]["to"] == MARIA_JID


def test_the_evolution_channel_echoes_the_number(gateway: Gateway) -> None:
    gateway.create("canal", integration="EVOLUTION", number="1")
    answer = gateway.api("POST", "/message/sendText/canal", {"number": MARIA, "text": "oi"})
    assert answer.json()["key"]["remoteJid"] == MARIA


def test_editing_and_deleting_through_the_api(shop: Gateway, receiver: Receiver) -> None:
    key = shop.send("Oi").json()["key"]
    answer = shop.api("POST", "/chat/updateMessage/loja", {"number": MARIA, "text": "Olá", "key": key})
    assert answer.status_code == 201
    edited = receiver.wait("messages.update", where=lambda data: "message" in data)[0].data
    assert edited["status"] == "SERVER_ACK"
    assert edited["message"]["editedMessage"]["message"] == {"conversation": "Olá"}
    assert receiver.wait("messages.edited")[0].data["type"] == "MESSAGE_EDIT"
    assert shop.api("DELETE", "/chat/deleteMessageForEveryone/loja", key).status_code == 201
    gone = receiver.wait("messages.delete")[0].data
    assert (gone["key"]["id"], gone["status"]) == (key["id"], "DELETED")
