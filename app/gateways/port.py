"""The port: what the features may ask of a WhatsApp provider, whichever it is."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from app.gateways.events import Event

Kind = Literal[
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
    "template",
]
LinkState = Literal["open", "connecting", "close", "unknown"]


@dataclass(frozen=True, slots=True)
class Credentials:
    """`api_key` is the server's key, `token` the instance's own (on Meta the access token)."""

    base_url: str
    api_key: str = field(default="", repr=False)
    instance_name: str = ""
    token: str = field(default="", repr=False)
    phone_number_id: str = ""
    business_account_id: str = ""


@dataclass(frozen=True, slots=True)
class Recipient:
    """The first one known wins: jid (as WhatsApp answered it), phone, lid, bsuid."""

    phone: str | None = None
    jid: str | None = None
    lid: str | None = None
    bsuid: str | None = None


@dataclass(frozen=True, slots=True)
class Media:
    """One source: bytes, a public URL, or the id of a file already uploaded to the provider."""

    data: bytes | None = field(default=None, repr=False)
    url: str | None = None
    provider_id: str | None = None
    mime_type: str = ""
    file_name: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    latitude: float
    longitude: float
    name: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """A contact to share; `phone` in E.164."""

    name: str
    phone: str
    organization: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """An existing message: the one quoted, or the one reacted to."""

    external_id: str
    jid: str
    from_me: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """A template approved by Meta, with its components already filled."""

    name: str
    language: str
    components: tuple[dict, ...] = ()


@dataclass(frozen=True, slots=True)
class Outgoing:
    """`text` is the body, the caption, or the emoji of a reaction (empty removes it).

    `delay_ms` shows "typing" before the send and blocks the call that long. `tag` comes back
    on the statuses of providers that can carry one.
    """

    to: Recipient
    kind: Kind = "text"
    text: str = ""
    media: Media | None = None
    place: Place | None = None
    cards: tuple[Card, ...] = ()
    target: Target | None = None
    quoted: Target | None = None
    template: Template | None = None
    delay_ms: int = 0
    link_preview: bool = True
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """Accepted by the provider, which proves nothing about delivery."""

    external_id: str
    jid: str | None
    raw_status: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Webhook:
    """`secret` comes back as `Authorization: Bearer` on every delivery."""

    url: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Created:
    name: str
    provider_id: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Qr:
    code: str
    image: str
    """A complete data URI."""


@dataclass(frozen=True, slots=True)
class Link:
    """The state of the number's connection, with what is needed to complete it."""

    state: LinkState
    qr: Qr | None = None
    pairing_code: str | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """One number as the provider describes it; `reason` is the last disconnection's code."""

    name: str
    state: LinkState
    provider_id: str = ""
    phone: str | None = None
    profile_name: str | None = None
    token: str = field(default="", repr=False)
    reason: int | None = None


@dataclass(frozen=True, slots=True)
class Echo:
    """One message as the provider remembers it, to compare with our own rows."""

    external_id: str
    jid: str
    from_me: bool
    type: str
    text: str
    file_name: str | None
    caption: str | None
    at: datetime | None
    source: str
    status: str | None


@dataclass(frozen=True, slots=True)
class NumberCheck:
    phone: str
    exists: bool
    jid: str | None
    lid: str | None
    name: str | None


@dataclass(frozen=True, slots=True)
class File:
    data: bytes = field(repr=False)
    mime_type: str = ""
    file_name: str | None = None


@dataclass(frozen=True, slots=True)
class Server:
    version: str
    is_supported: bool
    needs_license: bool


class Gateway(Protocol):
    """Every call may raise `GatewayError`; `send` raises its child `SendError` only."""

    provider: str

    def send(self, creds: Credentials, outgoing: Outgoing) -> Sent: ...

    def longest_send(self, outgoing: Outgoing) -> float:
        """Seconds after which `send` has certainly returned: a lease must be longer."""
        ...

    def create_instance(self, creds: Credentials, webhook: Webhook) -> Created: ...

    def delete_instance(self, creds: Credentials) -> None: ...

    def connect(self, creds: Credentials, phone: str | None = None) -> Link: ...

    def disconnect(self, creds: Credentials) -> None: ...

    def restart(self, creds: Credentials) -> None: ...

    def state(self, creds: Credentials) -> LinkState: ...

    def profile(self, creds: Credentials) -> Profile | None: ...

    def profiles(self, creds: Credentials) -> list[Profile]:
        """Every number of the server, ours or not; needs the server's key."""
        ...

    def set_webhook(self, creds: Credentials, webhook: Webhook) -> None: ...

    def find_messages(self, creds: Credentials, since: datetime, until: datetime, jid: str | None = None) -> list[Echo]:
        """Our own and others' messages of the window, newest first. Absence proves nothing."""
        ...

    def check_numbers(self, creds: Credentials, phones: list[str]) -> list[NumberCheck]: ...

    def mark_read(self, creds: Credentials, messages: list[Target]) -> None: ...

    def watch_typing(self, creds: Credentials, recipient: Recipient) -> None:
        """Events tell from now on when this person writes, until the number reconnects."""
        ...

    def fetch_media(self, creds: Credentials, external_id: str) -> File: ...

    def profile_picture(self, creds: Credentials, recipient: Recipient) -> str | None: ...

    def server(self, creds: Credentials) -> Server: ...

    def parse_webhook(self, raw: bytes) -> list[Event]:
        """Never raises; what cannot be read comes back as `Unparsed`."""
        ...
