from datetime import UTC, datetime

import pytest

from app.gateways.events import (
    Attachment,
    Ignored,
    Location,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    Reaction,
    Unparsed,
)
from app.gateways.evolution.webhook import parse_webhook
from tests.gateways.payloads import CHANNEL, CUSTOMER, OWN, envelope, message_object, upsert

GROUP = "120363021234567890@g.us"


def received(raw: bytes) -> MessageReceived:
    (event,) = parse_webhook(raw)
    assert isinstance(event, MessageReceived), event
    return event


def test_plain_text_from_a_person():
    event = received(upsert())
    assert event.channel == CHANNEL
    assert (event.external_id, event.jid, event.phone) == ("3A4F0C19E2B7D5A81C60", CUSTOMER, "+5511912345678")
    assert (event.push_name, event.from_me, event.source, event.is_group) == (
        "Maria Souza",
        False,
        "ios",
        False,
    )
    assert (event.content.type, event.content.text) == ("text", "Oi, qual o preço?")
    assert event.at == datetime(2026, 3, 2, 14, 3, 24, tzinfo=UTC)
    assert (event.lid, event.quoted_id, event.is_history) == (None, None, False)


def test_typed_on_our_phone_never_names_the_contact():
    event = received(upsert(key={"fromMe": True}, pushName="Você", source="android"))
    assert (event.from_me, event.push_name, event.source) == (True, None, "android")
    assert event.phone == "+5511912345678"


@pytest.mark.parametrize(
    ("wrapped", "text"),
    [
        ({"extendedTextMessage": {"text": "rico"}}, "rico"),
        ({"ephemeralMessage": {"message": {"extendedTextMessage": {"text": "some"}}}}, "some"),
        ({"viewOnceMessage": {"message": {"conversation": "uma vez"}}}, "uma vez"),
        (
            {
                "messageContextInfo": {},
                "ephemeralMessage": {"message": {"viewOnceMessageV2": {"message": {"conversation": "dois"}}}},
            },
            "dois",
        ),
        ({"senderKeyDistributionMessage": {}, "conversation": "com chave"}, "com chave"),
    ],
)
def test_wrappers_come_off(wrapped, text):
    event = received(upsert(wrapped))
    assert (event.content.type, event.content.text) == ("text", text)


def test_image_keeps_caption_size_and_bytes_apart_from_raw():
    image = {
        "url": "https://mmg.whatsapp.net/v/exemplo.enc",
        "mimetype": "image/jpeg",
        "caption": "olha",
        "fileLength": {"low": 84211, "high": 0, "unsigned": True},
        "mediaKey": {"0": 1, "1": 2},
    }
    event = received(upsert({"imageMessage": image, "base64": "/9j/4AAQ"}))
    assert event.content.type == "image"
    assert event.content.text == "olha"
    assert event.content.media == Attachment("image/jpeg", size=84211, base64="/9j/4AAQ")
    assert event.raw["message"] == {"imageMessage": image}


def test_media_of_a_view_once_wrapper_keeps_the_bytes_beside_it():
    inner = {"viewOnceMessageV2": {"message": {"imageMessage": {"mimetype": "image/png"}}}, "base64": "QUJD"}
    event = received(upsert(inner))
    assert event.content.media == Attachment("image/png", base64="QUJD")
    assert "base64" not in event.raw["message"]


def test_encrypted_address_is_not_a_url_and_the_gateways_storage_is():
    audio = {"url": "https://mmg.whatsapp.net/x.enc", "mimetype": "audio/ogg; codecs=opus"}
    event = received(upsert({"audioMessage": audio, "mediaUrl": "https://s3.exemplo.com/a.oga"}))
    assert event.content.media.url == "https://s3.exemplo.com/a.oga"
    assert received(upsert({"audioMessage": audio})).content.media.url is None


@pytest.mark.parametrize(
    ("message", "kind", "media"),
    [
        (
            {"audioMessage": {"mimetype": "audio/ogg; codecs=opus", "seconds": 7, "ptt": True}},
            "voice",
            Attachment("audio/ogg; codecs=opus", seconds=7),
        ),
        ({"audioMessage": {"mimetype": "audio/mpeg"}}, "audio", Attachment("audio/mpeg")),
        (
            {"videoMessage": {"mimetype": "video/mp4", "seconds": "9", "gifPlayback": True}},
            "video",
            Attachment("video/mp4", seconds=9, is_animated=True),
        ),
        ({"ptvMessage": {}}, "video", Attachment("video/mp4")),
        (
            {"documentMessage": {"mimetype": "application/pdf", "fileName": "../a.pdf", "fileLength": "10"}},
            "document",
            Attachment("application/pdf", file_name="../a.pdf", size=10),
        ),
        (
            {"documentWithCaptionMessage": {"message": {"documentMessage": {"title": "b.pdf"}}}},
            "document",
            Attachment("application/octet-stream", file_name="b.pdf"),
        ),
        (
            {"stickerMessage": {"mimetype": "image/webp", "isAnimated": True}},
            "sticker",
            Attachment("image/webp", is_animated=True),
        ),
    ],
)
def test_media_types(message, kind, media):
    content = received(upsert(message)).content
    assert (content.type, content.media) == (kind, media)


def test_location_and_live_location():
    place = {"degreesLatitude": -23.55, "degreesLongitude": -46.63, "name": "Sé", "address": "São Paulo"}
    content = received(upsert({"locationMessage": place})).content
    assert content.location == Location(-23.55, -46.63, "Sé", "São Paulo")
    assert content.text == "Sé"
    live = received(upsert({"liveLocationMessage": {"degreesLatitude": 1, "degreesLongitude": 2}})).content
    assert live.location == Location(1.0, 2.0, is_live=True)


VCARD = (
    "BEGIN:VCARD\nVERSION:3.0\nFN:João Lima\n"
    "TEL;type=CELL;waid=5511955554444:+55 11 95555-4444\nitem1.TEL:+55 11 3333-2222\nEND:VCARD"
)


def test_shared_contacts_one_and_several():
    one = received(upsert({"contactMessage": {"displayName": "João Lima", "vcard": VCARD}})).content
    assert one.type == "contact"
    assert one.contacts[0].phones == ("+5511955554444", "+55 11 3333-2222")
    both = [{"displayName": "João", "vcard": VCARD}, {"displayName": "Ana"}]
    several = received(upsert({"contactsArrayMessage": {"contacts": both}})).content
    assert several.text == "João, Ana"
    assert several.contacts[1].phones == ()


@pytest.mark.parametrize(("text", "emoji"), [({"text": "❤️"}, "❤️"), ({"text": ""}, ""), ({}, "")])
def test_reactions_and_their_removal(text, emoji):
    body = {"key": {"remoteJid": CUSTOMER, "fromMe": True, "id": "3EB0AA"}, **text}
    content = received(upsert({"reactionMessage": body}, messageType="reactionMessage")).content
    assert content.type == "reaction"
    assert content.reaction == Reaction("3EB0AA", emoji, target_from_me=True)


@pytest.mark.parametrize(
    ("message", "text", "choice"),
    [
        ({"buttonsResponseMessage": {"selectedButtonId": "b1", "selectedDisplayText": "Sim"}}, "Sim", "b1"),
        ({"templateButtonReplyMessage": {"selectedId": "t1", "selectedDisplayText": "Não"}}, "Não", "t1"),
        (
            {"listResponseMessage": {"title": "Plano B", "singleSelectReply": {"selectedRowId": "p-b"}}},
            "Plano B",
            "p-b",
        ),
        (
            {
                "interactiveResponseMessage": {
                    "body": {"text": "Pagar"},
                    "nativeFlowResponseMessage": {"paramsJson": '{"id":"pay"}'},
                }
            },
            "Pagar",
            "pay",
        ),
        (
            {
                "interactiveResponseMessage": {
                    "body": {"text": "x"},
                    "nativeFlowResponseMessage": {"paramsJson": "{"},
                }
            },
            "x",
            None,
        ),
    ],
)
def test_taps_on_buttons_and_lists(message, text, choice):
    content = received(upsert(message)).content
    assert (content.type, content.text, content.choice_id) == ("button", text, choice)


def test_poll_votes_show_the_options():
    content = received(upsert({"pollUpdateMessage": {"vote": {"selectedOptions": ["Azul", "Verde"]}}})).content
    assert (content.type, content.text) == ("poll", "Azul, Verde")


def test_quote_at_the_top_or_inside_the_message():
    top = upsert({"conversation": "Sim"}, contextInfo={"stanzaId": "3EB05F"})
    inside = upsert({"extendedTextMessage": {"text": "Sim", "contextInfo": {"stanzaId": "3EB05F"}}})
    assert received(top).quoted_id == received(inside).quoted_id == "3EB05F"
    assert received(upsert(contextInfo=None)).quoted_id is None


def test_ad_click_is_kept():
    reply = {"title": "Oferta", "sourceUrl": "https://fb.me/x", "sourceId": "120", "ctwaClid": "ARx"}
    ad = received(upsert(contextInfo={"externalAdReply": reply})).ad
    assert (ad.source_id, ad.title, ad.click_id) == ("120", "Oferta", "ARx")


def test_unknown_type_keeps_its_raw_form():
    event = received(upsert({"hologramMessage": {"depth": 3}}, messageType="hologramMessage"))
    assert event.content.type == "unsupported"
    assert event.raw["message"] == {"hologramMessage": {"depth": 3}}


def test_unknown_type_says_the_words_it_holds():
    order = {"orderMessage": {"orderId": "7", "itemCount": 2, "message": "Quero dois bolos"}}
    assert received(upsert(order, messageType="orderMessage")).content.text == "Quero dois bolos"


def test_an_albums_heading_is_no_message_and_its_pictures_are():
    heading = {"albumMessage": {"expectedImageCount": 2}, "messageContextInfo": {}}
    assert parse_webhook(upsert(heading, messageType="albumMessage")) == [Ignored(CHANNEL, "protocol")]
    child = {"associatedChildMessage": {"message": {"imageMessage": {"mimetype": "image/jpeg", "caption": "HD"}}}}
    assert received(upsert(child, messageType="associatedChildMessage")).content.text == "HD"


LID = "222333444555@lid"


@pytest.mark.parametrize(
    ("key", "jid", "phone", "lid"),
    [
        ({"addressingMode": "lid"}, CUSTOMER, "+5511912345678", None),
        ({"remoteJid": LID, "remoteJidAlt": CUSTOMER}, LID, "+5511912345678", LID),
        ({"previousRemoteJid": LID}, CUSTOMER, "+5511912345678", LID),
        ({"remoteJid": LID, "senderPn": CUSTOMER}, LID, "+5511912345678", LID),
        ({"remoteJid": LID}, LID, None, LID),
        ({"remoteJid": LID, "senderPn": OWN}, LID, None, LID),
        ({"remoteJid": LID, "senderPn": CUSTOMER, "fromMe": True}, LID, None, LID),
        ({"remoteJid": "5511912345678:23@s.whatsapp.net"}, CUSTOMER, "+5511912345678", None),
    ],
    ids=["2.3.7", "2.3.5", "2.3.1", "2.2", "no phone", "our own", "from me", "device suffix"],
)
def test_phone_is_never_guessed_from_a_lid(key, jid, phone, lid):
    event = received(upsert(key=key))
    assert (event.jid, event.phone, event.lid) == (jid, phone, lid)


def test_group_message_names_its_author():
    key = {"remoteJid": GROUP, "participant": LID, "participantAlt": CUSTOMER}
    event = received(upsert(key=key))
    assert (event.is_group, event.jid, event.phone, event.lid) == (True, GROUP, "+5511912345678", LID)


@pytest.mark.parametrize("jid", ["status@broadcast", "123@newsletter", "5511@broadcast"])
def test_broadcasts_are_ignored(jid):
    assert parse_webhook(upsert(key={"remoteJid": jid})) == [Ignored(CHANNEL, "broadcast")]


@pytest.mark.parametrize("jid", ["5511912345678@hosted", "maria@s.whatsapp.net", "@s.whatsapp.net"])
def test_a_word_from_an_address_nobody_can_read_is_kept_for_a_person(jid):
    """Without an address there is no contact; the dead letters keep it, a later version replays it."""
    assert parse_webhook(upsert(key={"remoteJid": jid})) == [Unparsed(CHANNEL, "message from an address of a new kind")]


@pytest.mark.parametrize("stamp", [1772460204, "1772460204", {"low": 1772460204, "high": 0}, 1772460204000])
def test_every_spelling_of_a_time(stamp):
    assert received(upsert(messageTimestamp=stamp)).at == datetime(2026, 3, 2, 14, 3, 24, tzinfo=UTC)


@pytest.mark.parametrize("stamp", ["null", "0", "-5", '"ontem"', "{}", "1" + 40 * "0", "true", "1.5e300"])
def test_a_time_that_cannot_be_trusted_is_none(stamp):
    assert received(upsert().replace(b"1772460204", stamp.encode())).at is None


def test_64_bit_numbers_use_both_halves():
    size = {"low": -1, "high": 1, "unsigned": True}
    event = received(upsert({"videoMessage": {"fileLength": size}}))
    assert event.content.media.size == 0x1_FFFF_FFFF


def test_edit_and_deletion_dressed_as_messages():
    edit = {"type": "MESSAGE_EDIT", "key": {"id": "OLD"}, "editedMessage": {"conversation": "novo"}}
    (event,) = parse_webhook(upsert({"editedMessage": {"message": {"protocolMessage": edit}}}))
    assert event == MessageEdited(CHANNEL, "OLD", CUSTOMER, False, "novo")
    revoke = {"protocolMessage": {"type": "REVOKE", "key": {"id": "OLD"}}}
    assert parse_webhook(upsert(revoke)) == [MessageDeleted(CHANNEL, "OLD", CUSTOMER, False)]


def test_plumbing_is_ignored():
    plumbing = {"protocolMessage": {"type": "EPHEMERAL_SETTING"}, "messageContextInfo": {}}
    assert parse_webhook(upsert(plumbing)) == [Ignored(CHANNEL, "protocol")]


@pytest.mark.parametrize("key", [{"id": ""}, {"id": None}, {"remoteJid": None}, {"remoteJid": 5}, {"remoteJid": "55"}])
def test_message_without_its_key_is_left_for_a_person(key):
    assert isinstance(parse_webhook(upsert(key=key))[0], Unparsed)


def test_history_and_lists_give_one_event_each():
    rows = [message_object(key={"id": "A"}), {"key": {}}, message_object(key={"id": "B"})]
    events = parse_webhook(envelope("messages.set", rows, isLatest=True, progress=50))
    assert [type(event) for event in events] == [MessageReceived, Unparsed, MessageReceived]
    assert events[0].is_history
    assert events[2].external_id == "B"


def test_cut_emoji_and_nul_do_not_lose_a_message():
    cut = upsert().replace(b"Oi, qual", b"Oi \\ud83d")
    assert received(cut).content.text == "Oi ? o preço?"
    nul = upsert().replace(b"Oi, qual", b"O\\u0000i C:\\\\u0000")
    assert received(nul).content.text == "Oi C:\\u0000 o preço?"
