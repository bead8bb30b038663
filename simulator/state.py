"""What the gateway remembers. Everything here is a plain value; the verbs live beside it."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from simulator import numbers
from simulator.config import Behaviour

OPEN, CONNECTING, CLOSE = "open", "connecting", "close"
BAILEYS, BUSINESS, EVOLUTION = "WHATSAPP-BAILEYS", "WHATSAPP-BUSINESS", "EVOLUTION"
RANK = {"PENDING": 0, "SERVER_ACK": 1, "DELIVERY_ACK": 2, "READ": 3, "PLAYED": 4}
DEFAULT_SETTINGS: dict[str, Any] = {
    "rejectCall": False,
    "msgCall": "",
    "groupsIgnore": False,
    "alwaysOnline": False,
    "readMessages": False,
    "readStatus": False,
    "syncFullHistory": False,
    "wavoipToken": "",
}


@dataclass
class Message:
    """origin: api (sent through the gateway), phone (typed on the business phone) or customer."""

    seq: int
    db_id: str
    key: dict[str, Any]
    chat: str
    message_type: str
    message: dict[str, Any]
    timestamp: int
    at: float
    origin: str
    source: str
    number: str = ""
    text: str = ""
    push_name: str | None = None
    status: str = "PENDING"
    context_info: dict[str, Any] | None = None
    media: str | None = None
    file_name: str | None = None
    updates: list[str] = field(default_factory=list)
    plan: list[tuple[str, float]] = field(default_factory=list)
    received: bool = False
    times: int = 1
    outcome: str = ""
    deleted: bool = False
    edited: bool = False

    @property
    def key_id(self) -> str:
        return str(self.key["id"])

    @property
    def from_me(self) -> bool:
        return bool(self.key["fromMe"])


@dataclass
class Contact:
    """addressing: how WhatsApp names this person to the number (pn, lid or lid_only)."""

    db_id: str
    jid: str
    created_at: float
    updated_at: float
    push_name: str | None = None
    addressing: str = "pn"
    unread: int = 0
    profile_pic: str | None = None


@dataclass
class Live:
    """What a restart of the gateway forgets."""

    socket: bool = False
    webhook_base64: bool = False
    qr: dict[str, Any] = field(default_factory=lambda: {"count": 0})
    qr_code: str = ""
    task: asyncio.Task[None] | None = None
    frozen: asyncio.Task[Any] | None = None
    held: list[Any] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    by_id: dict[str, Message] = field(default_factory=dict)
    chats: dict[str, list[Message]] = field(default_factory=dict)
    lids: dict[str, str] = field(default_factory=dict)
    presence: dict[str, str] = field(default_factory=dict)
    watched: set[str] = field(default_factory=set)  # whose typing the number asked to be told of
    deleting: bool = False


@dataclass
class Instance:
    name: str
    id: str
    token: str
    integration: str
    created_at: float
    updated_at: float
    number: str | None = None
    business_id: str | None = None
    state: str = CLOSE
    paired: bool = False
    owner_jid: str | None = None
    profile_name: str | None = None
    settings: dict[str, Any] = field(default_factory=lambda: dict(DEFAULT_SETTINGS))
    webhook: dict[str, Any] | None = None
    behaviour: Behaviour | None = None
    contacts: dict[str, Contact] = field(default_factory=dict)
    disconnection_code: int | None = None
    disconnection_object: str | None = None
    disconnection_at: float | None = None
    live: Live = field(default_factory=Live)

    def document(self) -> dict[str, Any]:
        """What is kept on disk; contacts have their own rows."""
        return {name: value for name, value in vars(self).items() if name not in ("live", "contacts")}

    def messages(self) -> Iterator[Message]:
        return iter(self.live.by_id.values())

    def remember(self, message: Message) -> None:
        self.live.by_id[message.key_id] = message
        self.live.chats.setdefault(message.chat, []).append(message)
        self.live.known.add(message.chat)

    def know(self, contact: Contact) -> None:
        self.contacts[contact.jid] = contact
        if contact.jid.endswith(numbers.PERSON):
            self.live.lids[numbers.lid_of(contact.jid)] = contact.jid

    def chat_of(self, jid: str) -> str:
        """One conversation per person, whichever way the person is addressed."""
        if jid.endswith(numbers.LID):
            return self.live.lids.get(jid, jid)
        return numbers.address(jid)

    def wire_jid(self, chat: str) -> str:
        """How messages.update names the person: the raw @lid when so addressed (section 8.4)."""
        contact = self.contacts.get(chat)
        hidden = contact is not None and contact.addressing == "lid"
        return numbers.lid_of(chat) if hidden else chat
