import json
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.gateways.events import (
    ConnectionChanged,
    ContactSeen,
    Event,
    Ignored,
    InstanceGone,
    MessageDeleted,
    MessageEdited,
    OwnMessageSent,
    QrChanged,
    ReceiptChanged,
    TypingSeen,
    Unparsed,
)
from app.gateways.evolution.webhook import _READERS, parse_webhook
from tests.gateways.payloads import CHANNEL, CUSTOMER, OWN, envelope, message_object, update

ID = "3EB05F55DFAE9C237C890D"


def one(raw: bytes) -> Event:
    (event,) = parse_webhook(raw)
    return event


@pytest.mark.parametrize(
    ("status", "word"),
    [
        ("SERVER_ACK", "sent"),
        ("DELIVERY_ACK", "delivered"),
        ("READ", "read"),
        ("PLAYED", "played"),
        ("ERROR", "failed"),
        ("DELETED", "deleted"),
        ("DELIVERED", "delivered"),
        ("SENT", "sent"),
        ("FAILED", "failed"),
    ],
)
def test_receipts_by_key_id(status, word):
    assert one(update(status=status)) == ReceiptChanged(CHANNEL, ID, word, True, CUSTOMER)


@pytest.mark.parametrize("status", ["PENDING", "WARNING", None, 3, {}])
def test_statuses_that_prove_nothing(status):
    assert isinstance(one(update(status=status)), Ignored)


def test_receipt_of_an_inbound_message_read_on_the_phone():
    event = one(update(status="READ", fromMe=False, remoteJid="222@lid"))
    assert event == ReceiptChanged(CHANNEL, ID, "read", False, "222@lid")


@pytest.mark.parametrize(
    "data",
    [
        {"keyId": ID, "messageId": "cmb", "status": "READ"},
        {"key": {"id": ID}, "status": "READ"},
        {"key": {"id": ID}, "update": {"status": "READ"}},
        {"id": ID, "status": "READ"},
    ],
)
def test_key_id_is_tried_in_the_tolerated_order(data):
    event = one(envelope("messages.update", data))
    assert (event.external_id, event.status) == (ID, "read")


def test_database_id_is_no_message_id():
    assert isinstance(one(envelope("messages.update", {"messageId": "cmb", "status": "READ"})), Unparsed)


def test_edit_shown_as_server_ack_is_no_receipt():
    new = {"editedMessage": {"message": {"conversation": "texto novo"}}}
    assert one(update(status="SERVER_ACK", message=new)) == MessageEdited(CHANNEL, ID, CUSTOMER, True, "texto novo")
    deep = {"editedMessage": {"message": {"protocolMessage": {"editedMessage": {"conversation": "fundo"}}}}}
    assert one(update(status="DELETED", message=deep)).text == "fundo"
    assert isinstance(one(update(status="SERVER_ACK", message={"pollUpdates": 1})), Ignored)
    assert one(update(status="READ", message={"conversation": "o original"})).status == "read"


def test_a_list_in_data_gives_one_event_each():
    rows = [{"keyId": "A", "status": "READ", "fromMe": True}, None, {"keyId": "B", "status": "PLAYED"}]
    events = parse_webhook(envelope("messages.update", rows))
    assert [getattr(event, "external_id", None) for event in events] == ["A", None, "B"]


@pytest.mark.parametrize("name", ["MESSAGES_UPDATE", "messages_update", "Messages.Update"])
def test_upper_case_event_names(name):
    raw = orjson.dumps({**orjson.loads(update()), "event": name})
    assert isinstance(one(raw), ReceiptChanged)


def test_own_message_sent_by_api():
    data = message_object({"conversation": "Olá, Maria"}, key={"fromMe": True, "id": ID}, status="PENDING")
    event = one(envelope("send.message", data))
    assert isinstance(event, OwnMessageSent)
    assert (event.external_id, event.jid, event.content.text) == (ID, CUSTOMER, "Olá, Maria")
    assert (event.raw_status, event.source) == ("PENDING", "ios")


def test_connection_states():
    opened = {
        "instance": CHANNEL,
        "wuid": OWN,
        "profileName": "Loja Centro",
        "profilePictureUrl": "https://pps.exemplo/x.jpg",
        "state": "open",
        "statusReason": 200,
    }
    assert one(envelope("connection.update", opened)) == ConnectionChanged(
        CHANNEL, "open", 200, "+5511987654321", OWN, "Loja Centro", "https://pps.exemplo/x.jpg"
    )
    closed = {"instance": CHANNEL, "state": "close", "statusReason": 401}
    assert one(envelope("connection.update", closed)) == ConnectionChanged(CHANNEL, "close", 401)
    refused = {"state": "refused", "statusReason": 428}
    assert one(envelope("connection.update", refused)).state == "refused"
    assert isinstance(one(envelope("connection.update", {"state": "dreaming"})), Ignored)


def test_final_close_tells_its_reason_in_three_ways():
    status = {"instance": CHANNEL, "status": "closed", "disconnectionReasonCode": 403}
    assert one(envelope("status.instance", status)) == ConnectionChanged(CHANNEL, "close", 403)
    assert one(envelope("logout.instance", None)) == ConnectionChanged(CHANNEL, "close")
    assert one(envelope("remove.instance", None)) == InstanceGone(CHANNEL)
    assert one(envelope("instance.delete", {"instanceName": CHANNEL})) == InstanceGone(CHANNEL)


def test_qr_codes_and_their_end():
    qr = {
        "instance": CHANNEL,
        "pairingCode": "WZYEH1YY",
        "code": "2@h7K",
        "base64": "data:image/png;base64,iV",
    }
    assert one(envelope("qrcode.updated", {"qrcode": qr})) == QrChanged(
        CHANNEL, "2@h7K", "data:image/png;base64,iV", "WZYEH1YY"
    )
    limit = {"message": "QR code limit reached, please login again", "statusCode": 500}
    assert one(envelope("qrcode.updated", limit)).exhausted
    assert isinstance(one(envelope("qrcode.updated", {"qrcode": {"count": 0}})), Ignored)


@pytest.mark.parametrize("name", ["contacts.upsert", "contacts.update"])
def test_contacts_as_object_and_as_array(name):
    row = {"remoteJid": CUSTOMER, "pushName": "Maria", "profilePicUrl": "https://p/x", "instanceId": "0f"}
    seen = ContactSeen(CHANNEL, CUSTOMER, "+5511912345678", None, "Maria", "https://p/x")
    assert parse_webhook(envelope(name, row)) == [seen]
    events = parse_webhook(envelope(name, [row, {"remoteJid": "22@lid", "pushName": ""}, {"pushName": "?"}]))
    assert events[0] == seen
    assert (events[1].phone, events[1].lid, events[1].push_name) == (None, "22@lid", None)
    assert isinstance(events[2], Ignored)


def test_deletions():
    plain = {"remoteJid": CUSTOMER, "fromMe": False, "id": ID, "status": "DELETED"}
    assert one(envelope("messages.delete", plain)) == MessageDeleted(CHANNEL, ID, CUSTOMER, False)
    by_api = {"id": "cmb1", "key": {"id": ID, "remoteJid": CUSTOMER, "fromMe": True}, "status": "DELETED"}
    assert one(envelope("messages.delete", by_api)) == MessageDeleted(CHANNEL, ID, CUSTOMER, True)


def test_edits_of_the_edited_event():
    key = {"id": ID, "remoteJid": CUSTOMER, "fromMe": False}
    edit = {"key": key, "type": "MESSAGE_EDIT", "editedMessage": {"conversation": "texto novo"}}
    at = datetime(2026, 3, 2, 14, 5, tzinfo=UTC)
    event = one(envelope("messages.edited", {**edit, "timestampMs": "1772460300000"}))
    assert event == MessageEdited(CHANNEL, ID, CUSTOMER, False, "texto novo", at)
    assert isinstance(one(envelope("messages.edited", {"key": key, "type": "REVOKE"})), MessageDeleted)
    assert isinstance(one(envelope("messages.edited", {"key": key, "type": "EPHEMERAL_SETTING"})), Ignored)


@pytest.mark.parametrize(
    ("state", "doing"),
    [("composing", "typing"), ("recording", "recording"), ("paused", ""), ("available", ""), (None, ""), ({}, "")],
)
def test_a_person_typing(state, doing):
    for jid in (CUSTOMER, "222333444555@lid"):
        data = {"id": jid, "presences": {jid: {"lastKnownPresence": state}}}
        assert one(envelope("presence.update", data)) == TypingSeen(CHANNEL, jid, doing)


@pytest.mark.parametrize("presences", [None, [], {}, {CUSTOMER: None}, {CUSTOMER: "composing"}])
def test_a_presence_without_its_parts_is_nobody_typing(presences):
    assert one(envelope("presence.update", {"id": CUSTOMER, "presences": presences})).doing == ""


@pytest.mark.parametrize("jid", ["12036302@g.us", "status@broadcast", "", 7, None])
def test_groups_and_noise_type_nothing(jid):
    data = {"id": jid, "presences": {"x": {"lastKnownPresence": "composing"}}}
    assert isinstance(one(envelope("presence.update", data)), Ignored)


@pytest.mark.parametrize("name", ["presence.update", "chats.upsert", "call", "groups.upsert", "x" * 300])
def test_other_events_are_ignored(name):
    assert isinstance(one(envelope(name, {})), Ignored)


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"event": 5}', b"[" * 90000, b"NaN"])
def test_what_is_no_event_is_left_for_a_person(raw):
    assert isinstance(one(raw), Unparsed)


WORDS = """
    key id keyId remoteJid remoteJidAlt participant senderPn fromMe message messageTimestamp status update
    conversation extendedTextMessage ephemeralMessage viewOnceMessageV2 editedMessage protocolMessage
    type text imageMessage audioMessage documentMessage locationMessage contactMessage contacts
    contactsArrayMessage reactionMessage interactiveResponseMessage nativeFlowResponseMessage paramsJson
    body listResponseMessage pollUpdateMessage vote contextInfo externalAdReply sourceId qrcode code base64
    state statusReason wuid pushName fileLength low high vcard degreesLatitude degreesLongitude timestampMs
"""
KEYS = st.sampled_from(WORDS.split())
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=5), inner, max_size=6),
    max_leaves=30,
)
JIDS = st.sampled_from([CUSTOMER, "22@lid", "1@g.us", "status@broadcast", "@", ":@:", ""])


@given(event=st.sampled_from(sorted(_READERS)), data=JSON)
def test_no_payload_whatever_raises(event, data):
    raw = _dump({"event": event, "instance": CHANNEL, "data": data})
    events = parse_webhook(raw)
    assert events
    assert all(isinstance(found, Event) for found in events)


@given(message=JSON, jid=JIDS, context=JSON, stamp=JSON)
def test_no_message_whatever_raises(message, jid, context, stamp):
    data = {
        "key": {"remoteJid": jid, "id": "A"},
        "message": message,
        "contextInfo": context,
        "messageTimestamp": stamp,
    }
    for name in ("messages.upsert", "send.message", "messages.update"):
        assert parse_webhook(_dump({"event": name, "data": {"keyId": "A", **data}}))


@given(st.binary(max_size=200))
def test_no_bytes_whatever_raise(raw):
    assert parse_webhook(raw)


def _dump(body) -> bytes:
    return json.dumps(body, ensure_ascii=True).encode()
