"""The contract suite: the adapter against a gateway that runs in another process."""

import base64
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest

from app.gateways.errors import GatewayError, SendError
from app.gateways.events import (
    ConnectionChanged,
    Event,
    MessageDeleted,
    MessageEdited,
    MessageReceived,
    OwnMessageSent,
    QrChanged,
    ReceiptChanged,
    TypingSeen,
)
from app.gateways.evolution import EvolutionGateway
from app.gateways.port import Card, Credentials, Media, Outgoing, Place, Recipient, Target, Webhook
from tests.simulated import KEY, Mailbox, Simulator, simulator

NAME = "loja-centro"
MARIA = Recipient(phone="+5511912345678")
E = TypeVar("E", bound=Event)


@pytest.fixture(scope="module")
def sim() -> Iterator[Simulator]:
    with simulator(speed=200, behaviour={"read_probability": 1.0}) as running:
        yield running


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    mailbox = Mailbox()
    yield mailbox
    mailbox.close()


@pytest.fixture
def gateway() -> EvolutionGateway:
    return EvolutionGateway(connect_seconds=2, read_seconds=2)


@pytest.fixture
def fresh(sim: Simulator, gateway: EvolutionGateway, mailbox: Mailbox) -> Credentials:
    """Created, never connected."""
    sim.play("POST", "reset")
    sim.play("POST", "config", speed=200, behaviour={"read_probability": 1.0})
    creds = Credentials(sim.url, KEY, NAME, "token-da-loja")
    created = gateway.create_instance(creds, Webhook(mailbox.url, "s3gr3do"))
    assert (created.name, created.token) == (NAME, "token-da-loja")
    return creds


@pytest.fixture
def creds(sim: Simulator, gateway: EvolutionGateway, mailbox: Mailbox, fresh: Credentials) -> Credentials:
    """Created and connected."""
    gateway.connect(fresh)
    until(gateway, mailbox, QrChanged)
    sim.play("POST", f"instances/{NAME}/scan")
    until(gateway, mailbox, ConnectionChanged, lambda event: event.state == "open")
    return fresh


def until(gateway: EvolutionGateway, mailbox: Mailbox, kind: type[E], fits: Callable[[E], bool] = lambda _: True) -> E:
    """The first event of this kind that fits; the deliveries before it are read and dropped."""
    for _ in range(200):
        headers, raw = mailbox.next()
        assert headers["authorization"] == "Bearer s3gr3do"
        for event in gateway.parse_webhook(raw):
            assert event.channel == NAME
            if isinstance(event, kind) and fits(event):
                return event
    raise AssertionError(f"no {kind.__name__} came")


def test_life_of_a_number(sim, gateway, mailbox, fresh):
    assert gateway.state(fresh) == "close"
    link = gateway.connect(fresh)
    assert link.state == "connecting"
    qr = until(gateway, mailbox, QrChanged)
    assert qr.image.startswith("data:image/png;base64,")
    assert gateway.state(fresh) == "connecting"
    again = gateway.connect(fresh)
    assert again.qr is not None
    sim.play("POST", f"instances/{NAME}/scan")
    opened = until(gateway, mailbox, ConnectionChanged, lambda event: event.state == "open")
    profile = gateway.profile(fresh)
    assert (profile.state, profile.phone) == ("open", opened.phone)
    assert gateway.connect(fresh).state == "open"
    gateway.disconnect(fresh)
    closed = until(gateway, mailbox, ConnectionChanged, lambda event: event.state == "close")
    assert closed.reason in (401, None)
    gateway.disconnect(fresh)
    gateway.delete_instance(fresh)
    gateway.delete_instance(Credentials(sim.url, KEY, "nunca-existiu"))


def test_pairing_code_for_a_phone(gateway, mailbox, fresh):
    gateway.connect(fresh, "+5511987654321")
    assert len(until(gateway, mailbox, QrChanged).pairing_code) == 8


def test_codes_run_out(sim, gateway, mailbox, fresh):
    sim.play("POST", "config", qr_limit=1, qr_seconds=1.0)
    gateway.connect(fresh)
    assert until(gateway, mailbox, QrChanged, lambda event: event.exhausted)
    sim.play("POST", "config", qr_limit=30, qr_seconds=45.0)


def test_sending_before_the_first_connection_proves_that_nothing_left(gateway, fresh):
    with pytest.raises(SendError) as caught:
        gateway.send(fresh, Outgoing(MARIA, text="Olá"))
    assert (caught.value.code, caught.value.proof) == ("disconnected", "unsent")


def test_a_message_and_its_receipts(gateway, mailbox, creds):
    """In whatever order they come: each delivery is a request of its own."""
    sent = gateway.send(creds, Outgoing(MARIA, text="Olá, Maria"))
    seen = set()
    while seen != {"echo", "sent", "delivered", "read"}:
        event = until(gateway, mailbox, OwnMessageSent | ReceiptChanged)
        if isinstance(event, OwnMessageSent):
            assert (event.external_id, event.content.text) == (sent.external_id, "Olá, Maria")
            seen.add("echo")
        else:
            assert (event.external_id, event.from_me) == (sent.external_id, True)
            seen.add(event.status)


PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
PNG = Media(data=base64.b64decode(PIXEL), mime_type="image/png")


@pytest.mark.parametrize(
    ("outgoing", "kind"),
    [
        (Outgoing(MARIA, "image", "olha", PNG), "image"),
        (Outgoing(MARIA, "document", media=Media(data=b"%PDF-1.4", file_name="a.pdf")), "document"),
        (Outgoing(MARIA, "voice", media=Media(data=b"OggS" + bytes(60))), "voice"),
        (Outgoing(MARIA, "location", place=Place(-23.5, -46.6, "Sé", "São Paulo")), "location"),
        (Outgoing(MARIA, "contact", cards=(Card("Ana Souza", "+5511955554444"),)), "contact"),
    ],
)
def test_every_kind_is_accepted_and_echoed(gateway, mailbox, creds, outgoing, kind):
    sent = gateway.send(creds, outgoing)
    echo = until(gateway, mailbox, OwnMessageSent)
    assert (echo.external_id, echo.content.type) == (sent.external_id, kind)


def test_reaction_to_a_message(sim, gateway, creds):
    sent = gateway.send(creds, Outgoing(MARIA, text="oi"))
    target = Target(sent.external_id, sent.jid, from_me=True)
    assert gateway.send(creds, Outgoing(MARIA, "reaction", "👍", target=target)).external_id


def test_missing_number_is_refused_as_a_person(gateway, creds):
    with pytest.raises(SendError) as caught:
        gateway.send(creds, Outgoing(Recipient(phone="+5511900010000"), text="Olá"))
    error = caught.value
    assert (error.code, error.scope, error.permanent) == ("not_on_whatsapp", "recipient", True)


def test_ninth_digit_comes_back_as_whatsapp_spells_it(gateway, creds):
    assert gateway.send(creds, Outgoing(Recipient(phone="+5531988887777"), text="Olá")).jid == (
        "553188887777@s.whatsapp.net"
    )


FAULTS = [
    ("status_429", "rate_limited", "unsent"),
    ("status_500", "server_error", "unknown"),
    ("status_502", "server_error", "unknown"),
    ("status_503", "unavailable", "unsent"),
    ("license", "license", "unsent"),
    ("reset_before", "reset", "unknown"),
    ("hang_before", "timeout", "unknown"),
    ("onwhatsapp", "disconnected", "unsent"),
    ("connection_closed", "disconnected", "unsent"),
    ("rate_overlimit", "rate_limited", "unsent"),
    ("timed_out", "stalled", "unknown"),
    ("accept_reset", "reset", "unknown"),
    ("accept_hang", "timeout", "unknown"),
    ("accept_empty", "empty_answer", "unknown"),
    ("accept_status", "server_error", "unknown"),
]


@pytest.mark.parametrize(("kind", "code", "proof"), FAULTS, ids=[row[0] for row in FAULTS])
def test_faults_are_judged_by_what_they_prove(sim, creds, kind, code, proof):
    impatient = EvolutionGateway(connect_seconds=2, read_seconds=0.3)
    before = len(sim.play("GET", "ledger"))
    sim.play("POST", "faults", kind=kind, count=1)
    with pytest.raises(SendError) as caught:
        impatient.send(creds, Outgoing(MARIA, text="Olá"))
    assert (caught.value.code, caught.value.proof) == (code, proof)
    left = len(sim.play("GET", "ledger")) - before
    assert left == (1 if kind.startswith("accept_") else 0)


def test_error_after_the_message_left_is_unknown(sim, gateway, creds):
    sim.play("POST", "faults", kind="accept_error", text="boom", count=1)
    with pytest.raises(SendError) as caught:
        gateway.send(creds, Outgoing(MARIA, text="Olá"))
    assert (caught.value.code, caught.value.proof) == ("after_error", "unknown")


def test_search_finds_what_an_empty_answer_hid(sim, gateway, creds):
    sim.play("POST", "faults", kind="accept_empty", count=1)
    with pytest.raises(SendError):
        gateway.send(creds, Outgoing(MARIA, text="Achou?"))
    now = datetime.now(UTC)
    minute = timedelta(minutes=1)
    found = gateway.find_messages(creds, now - minute, now + minute, "5511912345678@s.whatsapp.net")
    assert [(echo.text, echo.from_me, echo.type) for echo in found] == [("Achou?", True, "text")]
    assert gateway.find_messages(creds, now - 9 * minute, now - 5 * minute) == []


INBOUND = [
    ("pn", {"text": "oi"}, "+5511955554444"),
    ("lid", {"text": "oi"}, None),
    ("lid_alt", {"text": "oi"}, "+5511955554444"),
    ("lid_sender_pn", {"text": "oi"}, "+5511955554444"),
    ("lid_only", {"text": "oi"}, None),
]


@pytest.mark.parametrize(("address", "body", "phone"), INBOUND, ids=[row[0] for row in INBOUND])
def test_inbound_text_from_every_kind_of_address(sim, gateway, mailbox, creds, address, body, phone):
    sim.play("POST", f"instances/{NAME}/inbound", **{"from": "5511955554444", "as": address, **body})
    event = until(gateway, mailbox, MessageReceived)
    assert (event.content.text, event.from_me) == ("oi", False)
    if phone:
        assert event.phone == phone
    else:
        assert event.phone in (None, "+5511955554444")
        assert event.phone or event.jid.endswith("@lid")


@pytest.mark.parametrize("kind", ["image", "video", "audio", "document", "sticker"])
def test_inbound_files_carry_their_bytes(sim, gateway, mailbox, creds, kind):
    sim.play("POST", f"instances/{NAME}/inbound", **{"from": "5511955554444", "kind": kind})
    event = until(gateway, mailbox, MessageReceived)
    assert event.content.type in (kind, "voice")
    assert event.content.media.base64
    assert gateway.fetch_media(creds, event.external_id).data


def test_typed_on_the_phone_edited_and_deleted(sim, gateway, mailbox, creds):
    sim.play("POST", f"instances/{NAME}/phone-message", to="5511955554444", text="do celular")
    event = until(gateway, mailbox, MessageReceived)
    assert (event.from_me, event.phone) == (True, "+5511955554444")
    path = f"instances/{NAME}/messages/{event.external_id}"
    sim.play("POST", f"{path}/edit", text="corrigido")
    edited = until(gateway, mailbox, MessageEdited)
    assert (edited.external_id, edited.text) == (event.external_id, "corrigido")
    sim.play("POST", f"{path}/delete")
    assert until(gateway, mailbox, MessageDeleted).external_id == event.external_id


@pytest.mark.parametrize(("how", "reason"), [("ban", 403), ("logout", 401)])
def test_final_closes_tell_why(sim, gateway, mailbox, creds, how, reason):
    sim.play("POST", f"instances/{NAME}/{how}")
    event = until(gateway, mailbox, ConnectionChanged, lambda found: found.state == "close" and found.reason)
    assert event.reason == reason
    assert gateway.profile(creds).reason == reason


def test_numbers_read_picture_webhook_and_version(sim, gateway, mailbox, creds):
    there, missing = gateway.check_numbers(creds, ["+5531988887777", "+5511900010000"])
    assert (there.exists, there.jid) == (True, "553188887777@s.whatsapp.net")
    assert (missing.exists, missing.jid) == (False, None)
    sim.play("POST", f"instances/{NAME}/inbound", **{"from": "5511955554444", "text": "oi"})
    event = until(gateway, mailbox, MessageReceived)
    gateway.mark_read(creds, [Target(event.external_id, event.jid)])
    gateway.set_webhook(creds, Webhook(mailbox.url, "s3gr3do"))
    gateway.restart(creds)
    assert gateway.server(creds).is_supported
    assert gateway.profile_picture(creds, MARIA) is None or isinstance(gateway.profile_picture(creds, MARIA), str)


def test_a_person_who_is_watched_is_seen_typing(sim, gateway, mailbox, creds):
    gateway.watch_typing(creds, MARIA)
    for presence, doing in (("composing", "typing"), ("recording", "recording"), ("paused", "")):
        sim.play("POST", f"instances/{NAME}/typing", **{"from": MARIA.phone, "presence": presence})
        assert until(gateway, mailbox, TypingSeen).doing == doing


def test_wrong_key_and_unknown_instance(sim, gateway, creds):
    with pytest.raises(GatewayError) as wrong:
        gateway.state(Credentials(sim.url, "errada", NAME))
    with pytest.raises(GatewayError) as unknown:
        gateway.state(Credentials(sim.url, KEY, "outra"))
    with pytest.raises(GatewayError) as taken:
        gateway.create_instance(creds, Webhook("https://e.com/x", "s"))
    assert [error.value.code for error in (wrong, unknown, taken)] == [
        "auth",
        "instance_missing",
        "name_taken",
    ]
