"""Posting events the way the gateway does: each on its own, retried for some twenty minutes (section 5)."""

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

import aiohttp
import jwt
import orjson

from simulator import ids
from simulator.state import Instance

if TYPE_CHECKING:
    from simulator.world import World

log = logging.getLogger("simulator.webhooks")
GIVE_UP = frozenset({400, 401, 403, 404, 422})
EVENTS = (
    "APPLICATION_STARTUP",
    "QRCODE_UPDATED",
    "MESSAGES_SET",
    "MESSAGES_UPSERT",
    "MESSAGES_EDITED",
    "MESSAGES_UPDATE",
    "MESSAGES_DELETE",
    "SEND_MESSAGE",
    "SEND_MESSAGE_UPDATE",
    "CONTACTS_SET",
    "CONTACTS_UPSERT",
    "CONTACTS_UPDATE",
    "PRESENCE_UPDATE",
    "CHATS_SET",
    "CHATS_UPSERT",
    "CHATS_UPDATE",
    "CHATS_DELETE",
    "GROUPS_UPSERT",
    "GROUP_UPDATE",
    "GROUP_PARTICIPANTS_UPDATE",
    "CONNECTION_UPDATE",
    "LABELS_EDIT",
    "LABELS_ASSOCIATION",
    "CALL",
    "TYPEBOT_START",
    "TYPEBOT_CHANGE_STATUS",
    "REMOVE_INSTANCE",
    "LOGOUT_INSTANCE",
    "INSTANCE_CREATE",
    "INSTANCE_DELETE",
    "STATUS_INSTANCE",
)


class Webhooks:
    def __init__(self, world: "World") -> None:
        self._world = world
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.delivered = self.given_up = 0

    @property
    def pending(self) -> int:
        return len(self._tasks)

    async def open(self) -> None:
        # Idle connections are dropped quickly: the other side may close them at any moment.
        connector = aiohttp.TCPConnector(limit=2000, keepalive_timeout=1)
        self._session = aiohttp.ClientSession(connector=connector, headers={"User-Agent": "axios/1.12.2"})

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session:
            await self._session.close()

    def cancel_all(self) -> None:
        for task in list(self._tasks):
            task.cancel()

    def emit(self, instance: Instance, event: str, data: Any, **extra: Any) -> "asyncio.Task[None] | None":
        """Post an event if the instance subscribes to it. The task ends when it is delivered or given up."""
        hook = instance.webhook
        if not hook or not hook["enabled"] or not _wanted(hook, event):
            return None
        if self._world.faults.take("webhook_off", instance.name, event=event):
            return None
        body = orjson.dumps({**self._envelope(instance, event, data, hook["url"]), **extra})
        url = f"{hook['url'].rstrip('/')}/{_kebab(event)}" if hook["webhookByEvents"] else hook["url"]
        twice = self._world.faults.take("webhook_duplicate", instance.name, event=event)
        copies = int(twice.params["copies"]) if twice else 1
        tasks = [self._start(instance, event, url, _headers(hook), body) for _ in range(copies)]
        if event == "messages.edited":
            instance.live.frozen = tasks[0]
        return tasks[0]

    def _start(
        self, instance: Instance, event: str, url: str, headers: dict[str, str], body: bytes
    ) -> "asyncio.Task[None]":
        before = instance.live.frozen
        wait = self._lateness(instance, event)
        task = asyncio.create_task(self._deliver(url, headers, body, wait=wait, before=before))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _lateness(self, instance: Instance, event: str) -> float:
        wait = 0.0
        if late := self._world.faults.take("webhook_delay", instance.name, event=event):
            wait += self._world.scaled(late.params["ms"] / 1000)
        if mixed := self._world.faults.take("webhook_reorder", instance.name, event=event):
            wait += self._world.scaled(self._world.rng.uniform(0, mixed.params["ms"] / 1000))
        return wait

    async def _deliver(
        self,
        url: str,
        headers: dict[str, str],
        body: bytes,
        *,
        wait: float,
        before: "asyncio.Task[Any] | None",
    ) -> None:
        if before and not before.done():
            # Delivery of messages.edited holds everything that follows on the instance (section 12.4).
            await asyncio.wait([before])
        if wait:
            await asyncio.sleep(wait)
        config = self._world.config
        for attempt in range(1, config.webhook_attempts + 1):
            status = await self._post(url, headers, body)
            if status is not None and (status < 300 or status in GIVE_UP):
                self.delivered += status < 300
                self.given_up += status >= 300
                return
            if attempt < config.webhook_attempts:
                await asyncio.sleep(self._pause(attempt))
        self.given_up += 1

    def _pause(self, attempt: int) -> float:
        first, longest = self._world.config.webhook_first_wait, self._world.config.webhook_longest_wait
        wait = min(first * 2 ** (attempt - 1), longest) * self._world.rng.uniform(0.8, 1.2)
        return self._world.scaled(max(first, wait))

    async def _post(self, url: str, headers: dict[str, str], body: bytes) -> int | None:
        """The status, or None when nobody answered."""
        assert self._session is not None
        timeout = aiohttp.ClientTimeout(total=self._world.config.webhook_timeout)
        try:
            async with self._session.post(url, data=body, headers=headers, timeout=timeout) as answer:
                await answer.read()
                return answer.status
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            log.info("webhook to %s failed: %r", url, error)
            return None

    def _envelope(self, instance: Instance, event: str, data: Any, url: str) -> dict[str, Any]:
        envelope = {
            "event": event,
            "instance": instance.name,
            "data": data,
            "destination": url,
            "date_time": ids.local_clock(ids.now()),
            "sender": instance.owner_jid,
            "server_url": self._world.url,
            "apikey": instance.token,
        }
        if instance.owner_jid is None:
            del envelope["sender"]
        return envelope


def _wanted(hook: dict[str, Any], event: str) -> bool:
    name = event.replace(".", "_").replace("-", "_").upper()
    return name in (hook["events"] or EVENTS)


def _kebab(event: str) -> str:
    return event.replace(".", "-").replace("_", "-")


def _headers(hook: dict[str, Any]) -> dict[str, str]:
    """jwt_key turns into a short-lived token, made once and not renewed for the retries."""
    headers = {str(name): str(value) for name, value in (hook["headers"] or {}).items()}
    key = headers.pop("jwt_key", None)
    if key:
        start = int(time.time())
        claims = {"iat": start, "exp": start + 600, "app": "evolution", "action": "webhook"}
        headers["Authorization"] = f"Bearer {jwt.encode(claims, key, algorithm='HS256')}"
    return {"Content-Type": "application/json", **headers}
