"""Messages on their way: out of the gateway, typed on the business phone, and from the customers."""

import base64
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from simulator import ids, numbers, receipts
from simulator.state import OPEN, Instance, Message
from simulator.world import World


@dataclass
class Content:
    """What a message says. `text` and `file_name` are for the ledger and the pages."""

    message_type: str
    message: dict[str, Any]
    text: str = ""
    media: str | None = None
    file_name: str | None = None
    context_info: dict[str, Any] | None = field(default=None)


def wire(world: World, instance: Instance, message: Message) -> dict[str, Any]:
    """The message object of sections 6 and 8.4."""
    body = message.message
    if message.media and instance.live.webhook_base64:
        stored = world.store.media(message.media)
        body = {**body, "base64": base64.b64encode(stored).decode()} if stored else body
    return {
        "key": message.key,
        "pushName": message.push_name,
        "status": message.status,
        "message": body,
        "contextInfo": message.context_info,
        "messageType": message.message_type,
        "messageTimestamp": message.timestamp,
        "instanceId": instance.id,
        "source": message.source,
    }


def send(world: World, instance: Instance, *, number: str, jid: str, key_jid: str, content: Content) -> Message:
    """The message leaves for good: remembered, in the ledger, its receipts planned."""
    moment = ids.now()
    message = Message(
        seq=world.next_seq(),
        db_id=ids.database_id(),
        key={"remoteJid": key_jid, "fromMe": True, "id": ids.outgoing_id()},
        chat=jid,
        message_type=content.message_type,
        message=content.message,
        timestamp=int(moment),
        at=moment,
        origin="api",
        source="web",
        number=number,
        text=content.text,
        push_name="Você",
        context_info=content.context_info or {"mentionedJid": [], "groupMentions": []},
        media=content.media,
        file_name=content.file_name,
    )
    receipts.plan(world, instance, message)
    keep(world, instance, message)
    return message


def keep(world: World, instance: Instance, message: Message) -> None:
    instance.remember(message)
    contact, is_new = world.contact(instance, message.chat)
    if is_new:
        world.save_contact(instance, contact)
    world.save_message(instance, message)
    world.hub.tell(instance.name, message.chat)


def arrive(world: World, instance: Instance, message: Message, *, name: str | None, copies: int = 1) -> None:
    """A customer's message, or one typed on the business phone, reaches the gateway."""
    keep(world, instance, message)
    contact, _ = world.contact(instance, message.chat)
    if not message.from_me:
        contact.unread += 1
        if name and not numbers.is_group(message.chat):
            contact.push_name = name
        world.save_contact(instance, contact)
    happen = partial(_announce, world, instance, message, copies)
    if instance.state == OPEN:
        happen()
    else:
        # It waits at WhatsApp and comes with its old time after the reconnection (section 8.4).
        instance.live.held.append(happen)


def _announce(world: World, instance: Instance, message: Message, copies: int) -> None:
    if numbers.is_group(message.chat) and instance.settings["groupsIgnore"]:
        return
    contact, _ = world.contact(instance, message.chat)
    jid = message.key["remoteJid"]
    first = len(instance.live.chats[message.chat]) == 1
    row = {"remoteJid": jid, "instanceId": instance.id}
    if first:
        world.webhooks.emit(instance, "chats.upsert", [{**row, "unreadMessages": contact.unread}])
    else:
        world.webhooks.emit(instance, "chats.update", [row])
    person = {**row, "pushName": "" if message.from_me else message.push_name, "profilePicUrl": None}
    world.webhooks.emit(instance, "contacts.upsert" if first else "contacts.update", person)
    for _ in range(copies):
        world.webhooks.emit(instance, "messages.upsert", wire(world, instance, message))
    if instance.settings["readMessages"] and not message.from_me:
        receipts.apply(world, instance, message, "READ")


def revoke(world: World, instance: Instance, message: Message) -> None:
    """Deleted for everyone by whoever wrote it on a phone (section 8.6)."""
    message.deleted = True
    world.save_message(instance, message)
    world.hub.tell(instance.name, message.chat)
    gone = {
        "remoteJid": message.key["remoteJid"],
        "fromMe": message.from_me,
        "id": message.key_id,
        "status": "DELETED",
    }
    world.webhooks.emit(instance, "messages.edited", {"key": message.key, "type": "REVOKE"})
    world.webhooks.emit(instance, "messages.delete", gone)


def edit(world: World, instance: Instance, message: Message, text: str) -> None:
    """A correction shows twice: messages.edited, and messages.update with SERVER_ACK and the new text."""
    message.edited, message.text = True, text
    message.message = {"conversation": text}
    world.save_message(instance, message)
    world.hub.tell(instance.name, message.chat)
    moment = str(int(ids.now() * 1000))
    edited = {
        "key": message.key,
        "type": "MESSAGE_EDIT",
        "editedMessage": {"conversation": text},
        "timestampMs": moment,
    }
    world.webhooks.emit(instance, "messages.edited", edited)
    update = receipts.update_body(instance, message, "SERVER_ACK")
    update["message"] = {"editedMessage": {"message": {"conversation": text}}}
    world.webhooks.emit(instance, "messages.update", update)
