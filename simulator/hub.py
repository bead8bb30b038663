"""Who is watching which phone, so that pages follow what happens."""

import asyncio
from collections.abc import AsyncIterator


class Hub:
    def __init__(self) -> None:
        self._watchers: dict[str, set[asyncio.Queue[str]]] = {}

    def tell(self, instance: str, topic: str) -> None:
        """topic: a chat's address, or `state`. Who watches `*` hears that something changed."""
        for queue in self._watchers.get(instance, ()):
            _put(queue, topic)
        for queue in self._watchers.get("*", ()):
            _put(queue, "numbers")

    async def watch(self, instance: str) -> AsyncIterator[set[str]]:
        """Topics that changed, gathered for a quarter of a second; an empty set is a heartbeat."""
        queue: asyncio.Queue[str] = asyncio.Queue()
        self._watchers.setdefault(instance, set()).add(queue)
        try:
            while True:
                yield await _gather(queue)
        finally:
            self._watchers[instance].discard(queue)


def _put(queue: "asyncio.Queue[str]", topic: str) -> None:
    if queue.qsize() < 200:
        queue.put_nowait(topic)


async def _gather(queue: "asyncio.Queue[str]") -> set[str]:
    try:
        topics = {await asyncio.wait_for(queue.get(), 15)}
    except TimeoutError:
        return set()
    await asyncio.sleep(0.25)
    while not queue.empty():
        topics.add(queue.get_nowait())
    return topics
