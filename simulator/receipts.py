"""Ticks: what happens to a message after it left, as people and networks would have it (section 8.5)."""

import asyncio
from functools import partial
from typing import Any

from simulator import ids, numbers
from simulator.config import Behaviour
from simulator.state import EVOLUTION, OPEN, RANK, Instance, Message
from simulator.world import World


def plan(world: World, instance: Instance, message: Message) -> None:
    """Decide the fate of a message at the moment it leaves; `start` lets it happen."""
    habits = world.habits(instance)
    refused = world.faults.take("error_ack", instance.name)
    dead = None if refused else world.faults.take("no_ack", instance.name)
    message.received = bool(dead.params["arrives"]) if dead else not refused
    silent = dead or numbers.is_group(message.chat) or not habits.receipts or instance.integration == EVOLUTION
    if silent:
        return
    if refused:
        message.plan = [("ERROR", ids.now() + world.between(habits.server_ack))]
        return
    message.plan = _disturbed(world, instance, _human(world, habits, message))


def plan_typed(world: World, instance: Instance, message: Message) -> None:
    """Typed on the business phone: already at WhatsApp, and no fault concerns it."""
    habits = world.habits(instance)
    if habits.receipts and not numbers.is_group(message.chat):
        message.plan = _human(world, habits, message)[1:]


def _human(world: World, habits: Behaviour, message: Message) -> list[tuple[str, float]]:
    moment = ids.now() + world.between(habits.server_ack)
    steps = [("SERVER_ACK", moment)]
    moment += world.between(habits.delivered)
    steps.append(("DELIVERY_ACK", moment))
    if world.rng.random() < habits.read_probability:
        moment += world.between(habits.read)
        steps.append(("READ", moment))
        if message.message_type == "audioMessage" and world.rng.random() < habits.played_probability:
            moment += world.between(habits.played)
            steps.append(("PLAYED", moment))
    return steps


def _disturbed(world: World, instance: Instance, steps: list[tuple[str, float]]) -> list[tuple[str, float]]:
    if world.faults.take("early_ack", instance.name):
        steps = [(status, 0.0 if status in ("SERVER_ACK", "DELIVERY_ACK") else due) for status, due in steps]
    if world.faults.take("reverse_ack", instance.name):
        statuses = [status for status, _ in reversed(steps)]
        steps = [(status, due) for status, (_, due) in zip(statuses, steps, strict=True)]
    if again := world.faults.take("repeat_ack", instance.name):
        steps = [step for step in steps for _ in range(int(again.params["copies"]))]
    return steps


def early(world: World, instance: Instance, message: Message) -> "list[asyncio.Task[None]]":
    """Let the receipts happen that come before the HTTP answer."""
    due_now = [status for status, due in message.plan if due == 0]
    message.plan = [step for step in message.plan if step[1] != 0]
    tasks = [apply(world, instance, message, status) for status in due_now]
    return [task for task in tasks if task]


def start(world: World, instance: Instance, message: Message) -> None:
    loop = asyncio.get_running_loop()
    for status, due in message.plan:
        loop.call_later(max(0.0, due - ids.now()), _happen, world, instance, message, status)


def resume(world: World) -> None:
    """After a restart of the simulator, what was planned still happens."""
    for instance in world.instances.values():
        for message in instance.messages():
            start(world, instance, message)


def _happen(world: World, instance: Instance, message: Message, status: str) -> None:
    position = next((i for i, step in enumerate(message.plan) if step[0] == status), None)
    if position is None or instance.live.by_id.get(message.key_id) is not message:
        return
    del message.plan[position]
    if instance.state == OPEN:
        apply(world, instance, message, status)
    else:
        instance.live.held.append(partial(apply, world, instance, message, status))


def apply(world: World, instance: Instance, message: Message, status: str) -> "asyncio.Task[None] | None":
    """Tell one receipt. The page shows the highest; the webhook tells whatever came."""
    message.updates.append(status)
    if status == "ERROR":
        message.status = status if RANK.get(message.status, 0) < RANK["DELIVERY_ACK"] else message.status
    elif RANK.get(status, -1) > RANK.get(message.status, -1):
        message.status = status
    world.save_message(instance, message, soon=True)
    world.hub.tell(instance.name, message.chat)
    return world.webhooks.emit(instance, "messages.update", update_body(instance, message, status))


def update_body(instance: Instance, message: Message, status: str) -> dict[str, Any]:
    return {
        "keyId": message.key_id,
        "remoteJid": instance.wire_jid(message.chat),
        "fromMe": message.from_me,
        "status": status,
        "instanceId": instance.id,
        "messageId": message.db_id,
    }


def read_by_customer(world: World, instance: Instance, message: Message, *, played: bool = False) -> None:
    """The person at the phone opened the chat (or heard the voice note): at once, and only once."""
    if message.status == "ERROR" or not message.received:
        return
    message.plan = []
    goal = "PLAYED" if played else "READ"
    for status in ("SERVER_ACK", "DELIVERY_ACK", "READ", "PLAYED"):
        if RANK[message.status] < RANK[status] <= RANK[goal]:
            apply(world, instance, message, status)
