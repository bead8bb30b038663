"""Evolution API v2, channel WHATSAPP-BAILEYS, behind the port. Holds no state but pooled connections."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from app.gateways.errors import GatewayError
from app.gateways.events import Event
from app.gateways.evolution import records, webhook
from app.gateways.evolution.bodies import address_of, request_for
from app.gateways.evolution.errors import broken_call, broken_send, call_error, send_error
from app.gateways.evolution.transport import Answer, Interrupted, NotReached, Transport
from app.gateways.port import (
    Created,
    Credentials,
    Echo,
    File,
    Link,
    LinkState,
    NumberCheck,
    Outgoing,
    Profile,
    Recipient,
    Sent,
    Server,
    Target,
    Webhook,
)

# Without MESSAGES_EDITED, REMOVE_INSTANCE and LOGOUT_INSTANCE: while one of those waits to be
# delivered, the gateway holds back the instance's other events.
EVENTS = (
    "QRCODE_UPDATED",
    "CONNECTION_UPDATE",
    "STATUS_INSTANCE",
    "MESSAGES_UPSERT",
    "MESSAGES_UPDATE",
    "MESSAGES_DELETE",
    "SEND_MESSAGE",
    "CONTACTS_UPSERT",
    "CONTACTS_UPDATE",
    "PRESENCE_UPDATE",  # only of those whom `watch_typing` named
)
PAGE = 100
MAX_PAGES = 40
CHECK_BATCH = 50


class EvolutionGateway:
    provider = "evolution"

    def __init__(self, *, connect_seconds: float = 5.0, read_seconds: float = 30.0) -> None:
        self._transport = Transport(connect_seconds)
        self._read_seconds = read_seconds

    # Sending

    def send(self, creds: Credentials, outgoing: Outgoing) -> Sent:
        route, body = request_for(outgoing)
        url = _url(creds, f"/message/{route}")
        try:
            answer = self._transport.call(
                "POST", url, key=_key(creds), body=body, read_seconds=self._patience(outgoing)
            )
        except (NotReached, Interrupted) as error:
            raise broken_send(error) from error
        sent = records.sent_of(answer.body) if 200 <= answer.status < 300 else None
        if sent is None:
            raise send_error(answer)
        return sent

    def longest_send(self, outgoing: Outgoing) -> float:
        """Two addresses tried, the upload, the answer and its last packet, each within its own limit."""
        upload = self._transport.write_seconds if outgoing.media else 0
        return 2 * self._transport.connect_seconds + upload + 2 * self._patience(outgoing)

    def _patience(self, outgoing: Outgoing) -> float:
        # A file is fetched and converted by the gateway before it answers.
        slack = self._read_seconds if outgoing.media else 0
        return self._read_seconds + slack + outgoing.delay_ms / 1000

    # The number's connection

    def create_instance(self, creds: Credentials, webhook: Webhook) -> Created:
        body = {
            "instanceName": creds.instance_name,
            "integration": "WHATSAPP-BAILEYS",
            "qrcode": False,
            "groupsIgnore": True,
            "webhook": _webhook(webhook),
        }
        if creds.token:
            body["token"] = creds.token
        url = f"{creds.base_url.rstrip('/')}/instance/create"
        answer = self._call("POST", url, creds.api_key, body)
        return records.created_of(answer.body, creds.instance_name)

    def delete_instance(self, creds: Credentials) -> None:
        """Already gone is as good as deleted."""
        try:
            self._call("DELETE", _url(creds, "/instance/delete"), _key(creds))
        except GatewayError as error:
            if error.code != "instance_missing":
                raise

    def connect(self, creds: Credentials, phone: str | None = None) -> Link:
        url = _url(creds, "/instance/connect")
        if phone:
            url += "?" + urlencode({"number": "".join(filter(str.isdecimal, phone))})
        return records.link_of(self._checked("GET", url, creds).body)

    def disconnect(self, creds: Credentials) -> None:
        """Already disconnected is fine: 2.3 answers 400 then, 2.4 200."""
        try:
            self._call("DELETE", _url(creds, "/instance/logout"), _key(creds))
        except GatewayError as error:
            if error.code not in ("after_error", "disconnected", "stalled"):
                raise
            if self.state(creds) == "open":
                raise

    def restart(self, creds: Credentials) -> None:
        self._checked("POST", _url(creds, "/instance/restart"), creds)

    def state(self, creds: Credentials) -> LinkState:
        answer = self._call("GET", _url(creds, "/instance/connectionState"), _key(creds))
        return records.state_of(answer.body)

    def profile(self, creds: Credentials) -> Profile | None:
        url = f"{creds.base_url.rstrip('/')}/instance/fetchInstances?"
        url += urlencode({"instanceName": creds.instance_name})
        try:
            answer = self._call("GET", url, creds.api_key or creds.token)
        except GatewayError as error:
            if error.code == "instance_missing":
                return None
            raise
        rows = answer.body if isinstance(answer.body, list) else []
        profiles = (records.profile_of(row) for row in rows)
        return next((found for found in profiles if found and found.name == creds.instance_name), None)

    def profiles(self, creds: Credentials) -> list[Profile]:
        answer = self._call("GET", f"{creds.base_url.rstrip('/')}/instance/fetchInstances", creds.api_key)
        if not isinstance(answer.body, list):
            raise GatewayError("unexpected_answer", answer.text)
        return [found for row in answer.body if (found := records.profile_of(row))]

    def set_webhook(self, creds: Credentials, webhook: Webhook) -> None:
        body = {"webhook": {"enabled": True, **_webhook(webhook)}}
        self._call("POST", _url(creds, "/webhook/set"), _key(creds), body)

    # Messages and people

    def find_messages(self, creds: Credentials, since: datetime, until: datetime, jid: str | None = None) -> list[Echo]:
        where: dict[str, Any] = {"key": {"remoteJid": jid}} if jid else {}
        found: list[Echo] = []
        for page in range(1, MAX_PAGES + 1):
            echoes, is_last = self._page_of_messages(creds, where, page)
            found += [echo for echo in echoes if echo.at and since <= echo.at <= until]
            if is_last or any(echo.at and echo.at < since for echo in echoes):
                break
        return found

    def _page_of_messages(self, creds: Credentials, where: dict, page: int) -> tuple[list[Echo], bool]:
        body = {"where": where, "page": page, "offset": PAGE}
        answer = self._call("POST", _url(creds, "/chat/findMessages"), _key(creds), body)
        listing = answer.body.get("messages") if isinstance(answer.body, dict) else None
        rows = listing.get("records") if isinstance(listing, dict) else None
        if not isinstance(rows, list):
            raise GatewayError("unexpected_answer", answer.text)
        return [echo for row in rows if (echo := records.echo_of(row))], len(rows) < PAGE

    def check_numbers(self, creds: Credentials, phones: list[str]) -> list[NumberCheck]:
        """`phone` of each answer is spelled as it was asked. Ask little: bulk checks get numbers banned."""
        asked = {"".join(filter(str.isdecimal, phone)): phone for phone in phones}
        numbers, checks = list(asked), []
        for start in range(0, len(numbers), CHECK_BATCH):
            body = {"numbers": numbers[start : start + CHECK_BATCH]}
            answer = self._call("POST", _url(creds, "/chat/whatsappNumbers"), _key(creds), body)
            rows = answer.body if isinstance(answer.body, list) else []
            checks += [check for row in rows if (check := records.check_of(row, asked))]
        return checks

    def mark_read(self, creds: Credentials, messages: list[Target]) -> None:
        body = {
            "readMessages": [
                {"remoteJid": message.jid, "fromMe": False, "id": message.external_id} for message in messages
            ]
        }
        self._call("POST", _url(creds, "/chat/markMessageAsRead"), _key(creds), body)

    def watch_typing(self, creds: Credentials, recipient: Recipient) -> None:
        """The gateway subscribes on its way to telling them that we do nothing; they see no difference."""
        body = {"number": address_of(recipient), "presence": "paused", "delay": 0}
        self._call("POST", _url(creds, "/chat/sendPresence"), _key(creds), body)

    def fetch_media(self, creds: Credentials, external_id: str) -> File:
        body = {"message": {"key": {"id": external_id}}, "convertToMp4": False}
        url = _url(creds, "/chat/getBase64FromMediaMessage")
        answer = self._call("POST", url, _key(creds), body, slack=60)
        found = records.file_of(answer.body)
        if found is None:
            raise GatewayError("media_missing", answer.text[:200], scope="message")
        return found

    def profile_picture(self, creds: Credentials, recipient: Recipient) -> str | None:
        """The address expires: download it at once."""
        body = {"number": address_of(recipient)}
        answer = self._call("POST", _url(creds, "/chat/fetchProfilePictureUrl"), _key(creds), body)
        url = answer.body.get("profilePictureUrl") if isinstance(answer.body, dict) else None
        return url if isinstance(url, str) and url else None

    def server(self, creds: Credentials) -> Server:
        """Slow at times: the gateway looks something up on the internet for this answer."""
        return records.server_of(self._call("GET", f"{creds.base_url.rstrip('/')}/", "").body)

    parse_webhook: Callable[[bytes], list[Event]] = staticmethod(webhook.parse_webhook)

    # HTTP

    def _checked(self, method: str, url: str, creds: Credentials) -> Answer:
        """Connect and restart answer their failures with 200."""
        answer = self._call(method, url, _key(creds), slack=10)
        if isinstance(answer.body, dict) and answer.body.get("error") is True:
            raise GatewayError("link_failed", answer.text[:200])
        return answer

    def _call(self, method: str, url: str, key: str, body: Any = None, *, slack: float = 0) -> Answer:
        read_seconds = self._read_seconds + slack
        try:
            answer = self._transport.call(method, url, key=key, body=body, read_seconds=read_seconds)
        except (NotReached, Interrupted) as error:
            raise broken_call(error) from error
        if not 200 <= answer.status < 300:
            raise call_error(answer)
        return answer


def _url(creds: Credentials, route: str) -> str:
    return f"{creds.base_url.rstrip('/')}{route}/{quote(creds.instance_name, safe='')}"


def _key(creds: Credentials) -> str:
    return creds.token or creds.api_key


def _webhook(webhook: Webhook) -> dict[str, Any]:
    """`events` is mandatory: leaving it out crashes the gateway's handler."""
    return {
        "url": webhook.url,
        "byEvents": False,
        "base64": True,
        "headers": {"Authorization": f"Bearer {webhook.secret}"},
        "events": list(EVENTS),
    }
