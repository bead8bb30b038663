"""What a customer sees of the business while it writes."""

import asyncio

from simulator.state import Instance
from simulator.world import World


async def show(world: World, instance: Instance, chat: str, presence: str, milliseconds: int) -> None:
    """ "composing" or "recording" on the customer's phone for a while; the caller waits. Showing it subscribes to
    theirs."""
    instance.live.watched.add(chat)
    instance.live.presence[chat] = presence
    world.hub.tell(instance.name, chat)
    await asyncio.sleep(world.scaled(milliseconds / 1000))
    instance.live.presence.pop(chat, None)
    world.hub.tell(instance.name, chat)
