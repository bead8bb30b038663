"""What a provider tells us, in our words.

`channel` names the number at the provider (instance name, or Meta's phone_number_id).
Phones are E.164 as WhatsApp spells them: a Brazilian one may lack its ninth digit.
Times are aware UTC, None where the provider gave none we can trust.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

MessageType = Literal[
    "text",
    "image",
    "video",
    "audio",
    "voice",
    "document",
    "sticker",
    "location",
    "contact",
    "reaction",
    "button",
    "poll",
    "unsupported",
]
ReceiptStatus = Literal["sent", "delivered", "read", "played", "failed", "deleted"]


@dataclass(frozen=True, slots=True)
class Attachment:
    mime_type: str
    file_name: str | None = None
    size: int | None = None
    seconds: int | None = None
    base64: str | None = field(default=None, repr=False)
    url: str | None = None
    """Readable as it is (the gateway's own storage); never WhatsApp's encrypted address."""
    provider_id: str | None = None
    is_animated: bool = False


@dataclass(frozen=True, slots=True)
class Location:
    latitude: float
    longitude: float
    name: str | None = None
    address: str | None = None
    is_live: bool = False


@dataclass(frozen=True, slots=True)
class SharedContact:
    name: str
    phones: tuple[str, ...] = ()
    vcard: str | None = None


@dataclass(frozen=True, slots=True)
class Reaction:
    """An empty emoji removes the reaction."""

    target_id: str
    emoji: str
    target_from_me: bool = False


@dataclass(frozen=True, slots=True)
class Ad:
    """The advertisement that the person clicked before writing."""

    source_id: str | None = None
    source_url: str | None = None
    title: str | None = None
    click_id: str | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """`text` is what a person reads: body, caption, label of the button tapped; `options` are a poll's."""

    type: MessageType
    text: str = ""
    media: Attachment | None = None
    location: Location | None = None
    contacts: tuple[SharedContact, ...] = ()
    reaction: Reaction | None = None
    choice_id: str | None = None
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    channel: str


@dataclass(frozen=True, slots=True)
class MessageReceived(Event):
    """From a person, or (`from_me`) typed on our own phone.

    `jid` is the chat's address, to answer to; `phone`, `lid`, `bsuid` and `push_name` belong to
    the other person (in a group: to the author). `push_name` is None on `from_me`.
    """

    external_id: str
    jid: str
    phone: str | None
    lid: str | None
    push_name: str | None
    from_me: bool
    source: str
    is_group: bool
    content: Content
    quoted_id: str | None
    at: datetime | None
    is_history: bool = False
    is_forwarded: bool = False
    ad: Ad | None = None
    bsuid: str | None = None
    raw: dict = field(default_factory=dict, repr=False)
    """The provider's message object, without the media's bytes."""


@dataclass(frozen=True, slots=True)
class ReceiptChanged(Event):
    """`from_me` False: an inbound message was read on the phone."""

    external_id: str
    status: ReceiptStatus
    from_me: bool
    jid: str | None = None
    at: datetime | None = None
    error_code: str | None = None
    error_detail: str | None = None
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class OwnMessageSent(Event):
    """The provider's own echo of a message sent through its API."""

    external_id: str
    jid: str
    content: Content
    at: datetime | None
    source: str
    raw_status: str


@dataclass(frozen=True, slots=True)
class MessageDeleted(Event):
    external_id: str
    jid: str | None
    from_me: bool


@dataclass(frozen=True, slots=True)
class MessageEdited(Event):
    external_id: str
    jid: str | None
    from_me: bool
    text: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ConnectionChanged(Event):
    """`reason` 401: logged out on the phone; 403: banned or forbidden; 402, 406: other final refusals."""

    state: Literal["open", "connecting", "close", "refused"]
    reason: int | None = None
    phone: str | None = None
    jid: str | None = None
    profile_name: str | None = None
    picture_url: str | None = None


@dataclass(frozen=True, slots=True)
class QrChanged(Event):
    """`exhausted`: the provider stopped making codes; someone must ask to connect again."""

    code: str = ""
    image: str = ""
    pairing_code: str | None = None
    exhausted: bool = False


@dataclass(frozen=True, slots=True)
class ContactSeen(Event):
    jid: str
    phone: str | None
    lid: str | None
    push_name: str | None
    picture_url: str | None


@dataclass(frozen=True, slots=True)
class TypingSeen(Event):
    """A person whom `watch_typing` was asked about began or stopped to write; `doing` "" is stopped."""

    jid: str
    doing: Literal["typing", "recording", ""]


@dataclass(frozen=True, slots=True)
class InstanceGone(Event):
    """Deleted at the provider."""


@dataclass(frozen=True, slots=True)
class Ignored(Event):
    """Understood and of no interest; `reason` is for counters."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unparsed(Event):
    """Not understood: the stored bytes deserve a person's eyes."""

    reason: str
