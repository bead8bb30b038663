"""What goes over the wire, and what comes back as the port's objects."""

import base64
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from app.gateways import NotSupported, gateway_for
from app.gateways.errors import GatewayError, SendError
from app.gateways.evolution.gateway import EVENTS, PAGE
from app.gateways.port import Card, Link, Media, Outgoing, Place, Qr, Recipient, Target, Template, Webhook
from tests.gateways.test_evolution_errors import HELLO, SENT, refused

TO = Recipient(phone="+55 (11) 91234-5678")
NUMBER = {"number": "5511912345678"}
PNG = Media(data=b"\x89PNG", mime_type="image/png", file_name="a.png")
QUOTED = Target("3A77", "5511912345678@s.whatsapp.net", text="antes")
KEY = {"id": "3A77", "remoteJid": "5511912345678@s.whatsapp.net", "fromMe": False}


def sent_body(gateway, stub, creds, outgoing):
    stub.answer(201, SENT)
    gateway.send(creds, outgoing)
    seen = stub.seen[-1]
    assert seen.headers["apikey"] == "own"
    kind, _, name = seen.path.removeprefix("/message/").partition("/")
    assert name == "loja%20centro%2F1"
    return kind, seen.body


@pytest.mark.parametrize(
    ("outgoing", "kind", "body"),
    [
        (Outgoing(TO, text="Olá"), "sendText", {**NUMBER, "text": "Olá", "linkPreview": True}),
        (
            Outgoing(TO, text="Olá", delay_ms=90, quoted=QUOTED),
            "sendText",
            {
                **NUMBER,
                "text": "Olá",
                "linkPreview": True,
                "delay": 90,
                "quoted": {"key": KEY, "message": {"conversation": "antes"}},
            },
        ),
        (
            Outgoing(TO, "image", "olha", PNG),
            "sendMedia",
            {
                **NUMBER,
                "mediatype": "image",
                "media": "iVBORw==",
                "caption": "olha",
                "mimetype": "image/png",
            },
        ),
        (
            Outgoing(TO, "document", media=Media(url="https://e.com/a.pdf", file_name="a.pdf")),
            "sendMedia",
            {**NUMBER, "mediatype": "document", "media": "https://e.com/a.pdf", "fileName": "a.pdf"},
        ),
        (
            Outgoing(TO, "voice", media=Media(data=b"OggS")),
            "sendWhatsAppAudio",
            {**NUMBER, "audio": "T2dnUw==", "encoding": True},
        ),
        (
            Outgoing(TO, "voice", media=Media(data=b"OggS", mime_type="audio/ogg; codecs=opus")),
            "sendWhatsAppAudio",
            {**NUMBER, "audio": "T2dnUw==", "encoding": False},
        ),
        (
            Outgoing(TO, "sticker", media=Media(data=b"RIFF")),
            "sendSticker",
            {**NUMBER, "sticker": "UklGRg=="},
        ),
        (
            Outgoing(TO, "location", place=Place(-23.5, -46.6, "Sé")),
            "sendLocation",
            {**NUMBER, "latitude": -23.5, "longitude": -46.6, "name": "Sé", "address": "Sé"},
        ),
        (
            Outgoing(TO, "contact", cards=(Card("Ana", "+5511955554444", email="a@e.com"),)),
            "sendContact",
            {
                **NUMBER,
                "contact": [
                    {
                        "fullName": "Ana",
                        "phoneNumber": "+5511955554444",
                        "wuid": "5511955554444",
                        "email": "a@e.com",
                    }
                ],
            },
        ),
        (Outgoing(TO, "reaction", "", target=QUOTED), "sendReaction", {"key": KEY, "reaction": ""}),
    ],
)
def test_bodies(gateway, stub, creds, outgoing, kind, body):
    assert sent_body(gateway, stub, creds, outgoing) == (kind, body)


@pytest.mark.parametrize(
    ("to", "number"),
    [
        (Recipient(phone="+5531988887777", jid="553188887777@s.whatsapp.net"), "553188887777@s.whatsapp.net"),
        (Recipient(phone="+5511912345678", lid="222@lid"), "5511912345678"),
        (Recipient(lid="222@lid"), "222@lid"),
    ],
)
def test_the_address_whatsapp_answered_wins(gateway, stub, creds, to, number):
    assert sent_body(gateway, stub, creds, Outgoing(to, text="x"))[1]["number"] == number


@pytest.mark.parametrize(
    "outgoing",
    [
        Outgoing(TO, text="  "),
        Outgoing(TO, "image"),
        Outgoing(TO, "location"),
        Outgoing(TO, "contact"),
        Outgoing(TO, "reaction", "👍"),
        Outgoing(TO, "template", template=Template("oi", "pt_BR")),
        Outgoing(Recipient(bsuid="BR.9a"), text="x"),
        Outgoing(Recipient(phone="+55119123456781234567"), text="x"),
    ],
)
def test_what_cannot_be_sent_is_refused_before_the_wire(gateway, stub, creds, outgoing):
    with pytest.raises(SendError) as caught:
        gateway.send(creds, outgoing)
    assert (caught.value.proof, caught.value.permanent) == ("unsent", True)
    assert stub.seen == []


def test_sent_keeps_the_address_that_whatsapp_answered(gateway, stub, creds):
    stub.answer(201, SENT)
    sent = gateway.send(creds, HELLO)
    assert (sent.external_id, sent.jid) == ("3EB0", "551112345678@s.whatsapp.net")
    assert (sent.raw_status, sent.at) == ("PENDING", datetime(2026, 3, 2, 14, 3, 11, tzinfo=UTC))


def test_typing_delay_and_media_lengthen_the_patience(gateway):
    plain = gateway.longest_send(HELLO)
    assert gateway.longest_send(Outgoing(TO, text="x", delay_ms=4000)) >= plain + 4
    assert gateway.longest_send(Outgoing(TO, "image", media=PNG)) > plain


def test_connections_are_kept_and_shared_by_threads(gateway, stub, creds):
    for _ in range(80):
        stub.answer(201, SENT)
    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(lambda _: gateway.send(creds, HELLO), range(80)))
    assert {one.external_id for one in sent} == {"3EB0"}
    assert stub.connections <= 8


WEBHOOK = Webhook("https://crm.exemplo.com.br/webhooks/evolution/9f2c", "s3gr3do")
HOOK_BODY = {
    "url": WEBHOOK.url,
    "byEvents": False,
    "base64": True,
    "headers": {"Authorization": "Bearer s3gr3do"},
    "events": list(EVENTS),
}


def test_create_uses_the_global_key_and_hands_over_the_webhook(gateway, stub, creds):
    stub.answer(201, {"instance": {"instanceName": "loja", "instanceId": "0f6b"}, "hash": "7C1E"})
    created = gateway.create_instance(creds, WEBHOOK)
    assert (created.name, created.provider_id, created.token) == ("loja", "0f6b", "7C1E")
    seen = stub.seen[0]
    assert (seen.path, seen.headers["apikey"]) == ("/instance/create", "global")
    assert seen.body["webhook"] == HOOK_BODY
    assert (seen.body["token"], seen.body["qrcode"]) == ("own", False)


def test_name_taken(gateway, stub, creds):
    stub.answer(403, refused(['This name "loja" is already in use.'], 403))
    with pytest.raises(GatewayError) as caught:
        gateway.create_instance(creds, WEBHOOK)
    assert caught.value.code == "name_taken"


def test_set_webhook_is_wrapped_and_enabled(gateway, stub, creds):
    stub.answer(201, {"id": "w"})
    gateway.set_webhook(creds, WEBHOOK)
    assert stub.seen[0].body == {"webhook": {"enabled": True, **HOOK_BODY}}


def test_connect_gives_qr_pairing_code_or_state(gateway, stub, creds):
    stub.answer(200, {"pairingCode": "WZYEH1YY", "code": "2@h7K", "base64": "data:image/png;base64,iV"})
    link = gateway.connect(creds, "+5511987654321")
    assert link == Link("connecting", Qr("2@h7K", "data:image/png;base64,iV"), "WZYEH1YY")
    assert stub.seen[0].path.endswith("?number=5511987654321")
    stub.answer(200, {"count": 0})
    assert gateway.connect(creds) == Link("connecting")
    stub.answer(200, {"instance": {"instanceName": "loja", "state": "open"}})
    assert gateway.connect(creds) == Link("open")


@pytest.mark.parametrize(
    ("body", "state"),
    [
        ({"instance": {"state": "open"}}, "open"),
        ({"instance": {"instanceName": "x"}}, "unknown"),
        ([], "unknown"),
    ],
)
def test_state(gateway, stub, creds, body, state):
    stub.answer(200, body)
    assert gateway.state(creds) == state


def test_profile_finds_our_row_and_none_when_unknown(gateway, stub, creds):
    row = {
        "name": "loja centro/1",
        "connectionStatus": "close",
        "ownerJid": "5511987654321:4@s.whatsapp.net",
        "profileName": "Loja",
        "disconnectionReasonCode": 401,
        "token": "7C",
    }
    stub.answer(200, [{"name": "outra"}, row])
    profile = gateway.profile(creds)
    assert (profile.state, profile.phone, profile.reason) == ("close", "+5511987654321", 401)
    stub.answer(404, refused(['Instance "zzz" not found']))
    assert gateway.profile(creds) is None


def test_profiles_lists_the_whole_server_with_its_own_key(gateway, stub, creds):
    stub.answer(200, [{"name": "a", "connectionStatus": "open"}, {"nameless": 1}, {"name": "b"}])
    assert [(one.name, one.state) for one in gateway.profiles(creds)] == [("a", "open"), ("b", "unknown")]
    assert stub.seen[0].headers["apikey"] == "global"


def test_deleting_and_disconnecting_twice_is_fine(gateway, stub, creds):
    stub.answer(404, refused(['The "x" instance does not exist']))
    gateway.delete_instance(creds)
    stub.answer(400, refused(['The "x" instance is not connected']))
    stub.answer(200, {"instance": {"state": "close"}})
    gateway.disconnect(creds)


def test_disconnect_that_did_not_disconnect_says_so(gateway, stub, creds):
    stub.answer(400, refused(["Error: boom"]))
    stub.answer(200, {"instance": {"state": "open"}})
    with pytest.raises(GatewayError):
        gateway.disconnect(creds)


NOW = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)


def record(minutes_ago: int, **data):
    at = int((NOW - timedelta(minutes=minutes_ago)).timestamp())
    key = {"id": f"M{minutes_ago}", "remoteJid": "5511912345678@s.whatsapp.net", "fromMe": True}
    return {"key": key, "message": {"conversation": "oi"}, "messageTimestamp": at, **data}


def listing(*rows):
    return {"messages": {"total": len(rows), "pages": 1, "currentPage": 1, "records": list(rows)}}


def test_find_messages_keeps_the_window_and_the_best_status(gateway, stub, creds):
    updates = [{"status": "READ"}, {"status": "DELIVERY_ACK"}]
    document = {"documentMessage": {"fileName": "a.pdf", "caption": "veja"}}
    rows = (record(1), record(5, MessageUpdate=updates), record(6, message=document), record(60))
    stub.answer(200, listing(*rows))
    echoes = gateway.find_messages(creds, NOW - timedelta(minutes=10), NOW - timedelta(minutes=2))
    assert [(echo.external_id, echo.status) for echo in echoes] == [("M5", "read"), ("M6", None)]
    assert (echoes[1].type, echoes[1].file_name, echoes[1].caption) == ("document", "a.pdf", "veja")
    assert stub.seen[0].body == {"where": {}, "page": 1, "offset": PAGE}


def test_find_messages_turns_pages_until_the_window_ends(gateway, stub, creds):
    stub.answer(200, listing(*[record(1)] * PAGE))
    stub.answer(200, listing(*[record(2)] * (PAGE - 1), record(30)))
    jid = "5511912345678@s.whatsapp.net"
    echoes = gateway.find_messages(creds, NOW - timedelta(minutes=10), NOW, jid)
    assert len(echoes) == 2 * PAGE - 1
    assert [seen.body["page"] for seen in stub.seen] == [1, 2]
    assert stub.seen[0].body["where"] == {"key": {"remoteJid": jid}}


def test_search_that_answers_nonsense_is_an_error_and_not_an_empty_list(gateway, stub, creds):
    stub.answer(200, {"error": True})
    with pytest.raises(GatewayError):
        gateway.find_messages(creds, NOW - timedelta(minutes=10), NOW)


def test_numbers_are_matched_by_what_was_asked(gateway, stub, creds):
    rows = [
        {"jid": "553188887777@s.whatsapp.net", "exists": True, "number": "5531988887777", "lid": "9@lid"},
        {"jid": "5511900001111@s.whatsapp.net", "exists": False, "number": "5511900001111"},
    ]
    stub.answer(200, rows)
    there, missing = gateway.check_numbers(creds, ["+5511900001111", "+5531988887777"])
    assert (there.phone, there.exists, there.jid) == ("+5531988887777", True, "553188887777@s.whatsapp.net")
    assert (missing.phone, missing.exists, missing.jid) == ("+5511900001111", False, None)


def test_mark_read(gateway, stub, creds):
    stub.answer(201, {"message": "Read messages", "read": "success"})
    gateway.mark_read(creds, [QUOTED])
    assert stub.seen[0].body == {"readMessages": [KEY]}


def test_watching_somebody_type_shows_them_nothing(gateway, stub, creds):
    stub.answer(201, {"presence": "paused"})
    gateway.watch_typing(creds, TO)
    assert stub.seen[0].path.startswith("/chat/sendPresence/loja")
    assert stub.seen[0].body["presence"] == "paused"
    assert stub.seen[0].body["delay"] == 0


def test_fetch_media_and_its_absence(gateway, stub, creds):
    content = base64.b64encode(b"OggS...").decode()
    stub.answer(201, {"mimetype": "audio/ogg", "fileName": "3A.oga", "base64": content})
    found = gateway.fetch_media(creds, "3A")
    assert (found.data, found.mime_type, found.file_name) == (b"OggS...", "audio/ogg", "3A.oga")
    for body in ({"base64": "???"}, {"base64": None}, None):
        stub.answer(201, body)
        with pytest.raises(GatewayError):
            gateway.fetch_media(creds, "3A")


def test_profile_picture(gateway, stub, creds):
    stub.answer(200, {"wuid": "x", "profilePictureUrl": "https://p/x.jpg"})
    assert gateway.profile_picture(creds, TO) == "https://p/x.jpg"
    stub.answer(200, {"wuid": "x", "profilePictureUrl": None})
    assert gateway.profile_picture(creds, TO) is None


@pytest.mark.parametrize(
    ("version", "supported", "licence"),
    [("2.3.7", True, False), ("2.4.0-rc2", False, True), ("1.8.2", False, False), ("?", False, False)],
)
def test_server_version(gateway, stub, creds, version, supported, licence):
    stub.answer(200, {"status": 200, "version": version})
    server = gateway.server(creds)
    assert (server.version, server.is_supported, server.needs_license) == (version, supported, licence)
    assert "apikey" not in stub.seen[0].headers


def test_gateways_by_provider():
    assert gateway_for("evolution").provider == "evolution"
    with pytest.raises(NotSupported):
        gateway_for("cloud")
