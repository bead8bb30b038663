"""The one object everything shares: the numbers, their memory, the faults and the settings."""

import random
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

from simulator import ids, numbers
from simulator.config import Behaviour, Config
from simulator.faults import Faults
from simulator.hub import Hub
from simulator.state import Contact, Instance, Message
from simulator.store import Store
from simulator.webhooks import Webhooks


class World:
    def __init__(self, *, url: str, api_key: str, folder: Path | None, speed: float = 1.0) -> None:
        self.url = url
        self.api_key = api_key
        self.started_with = speed
        self.store = Store(folder)
        self.hub = Hub()
        self.instances: dict[str, Instance] = {}
        self._fresh()
        self.webhooks = Webhooks(self)
        self._load()

    def _fresh(self) -> None:
        self.config = Config(speed=self.started_with)
        self.behaviour = Behaviour()
        self.faults = Faults(self.config.seed)
        self.rng = random.Random(self.config.seed)
        self._seq = 0

    def reseed(self) -> None:
        self.faults = Faults(self.config.seed)
        self.rng = random.Random(self.config.seed)

    # --- time -----------------------------------------------------------------
    def scaled(self, seconds: float) -> float:
        return seconds / self.config.speed

    def between(self, span: list[float]) -> float:
        return self.scaled(self.rng.uniform(span[0], span[1]))

    # --- people ---------------------------------------------------------------
    def habits(self, instance: Instance) -> Behaviour:
        return instance.behaviour or self.behaviour

    def on_whatsapp(self, jid: str) -> bool:
        user = numbers.user_part(jid)
        return 10 <= len(user) <= 15 and not re.search(self.config.not_on_whatsapp, user)

    def contact(self, instance: Instance, jid: str) -> tuple[Contact, bool]:
        """The contact of a chat, and whether it is new."""
        if jid in instance.contacts:
            return instance.contacts[jid], False
        moment = ids.now()
        contact = Contact(db_id=ids.database_id(), jid=jid, created_at=moment, updated_at=moment)
        instance.know(contact)
        return contact, True

    # --- memory ---------------------------------------------------------------
    def next_seq(self) -> int:
        self._seq += 1
        return self._seq

    def save_instance(self, instance: Instance) -> None:
        instance.updated_at = ids.now()
        self.store.put("instance", instance.id, instance.document())

    def save_contact(self, instance: Instance, contact: Contact) -> None:
        contact.updated_at = ids.now()
        self.store.put_soon("contact", f"{instance.id}/{contact.jid}", {"instance": instance.id, **vars(contact)})

    def save_message(self, instance: Instance, message: Message, *, soon: bool = False) -> None:
        put = self.store.put_soon if soon else self.store.put
        put("message", f"{instance.id}/{message.seq}", {"instance": instance.id, **vars(message)})

    def save_settings(self) -> None:
        self.store.put("settings", "all", {"config": asdict(self.config), "behaviour": asdict(self.behaviour)})

    def forget(self, instance: Instance) -> None:
        self.instances.pop(instance.name, None)
        for kind in ("contact", "message", "instance"):
            self.store.drop(kind, instance.id)

    def forget_messages(self) -> None:
        for instance in self.instances.values():
            live = instance.live
            instance.contacts.clear()
            for memory in (live.by_id, live.chats, live.known, live.lids, live.held, live.presence):
                memory.clear()
        for kind in ("contact", "message"):
            self.store.drop(kind)
        self.store.drop_media()

    def start_over(self) -> None:
        """Nothing left but the address and the key."""
        self.forget_messages()
        self.instances.clear()
        for kind in ("instance", "settings"):
            self.store.drop(kind)
        self._fresh()

    def _load(self) -> None:
        for document in self.store.all("settings"):
            # The speed comes from the command line of this run, not of the last.
            self.config = Config(**{**document["config"], "speed": self.started_with})
            self.behaviour = Behaviour(**document["behaviour"])
            self.reseed()
        by_id = {instance.id: instance for instance in map(_instance, self.store.all("instance"))}
        self.instances = {instance.name: instance for instance in by_id.values()}
        for document in self.store.all("contact"):
            if owner := by_id.get(document.pop("instance")):
                owner.know(Contact(**document))
        for document in sorted(self.store.all("message"), key=lambda row: row["seq"]):
            if owner := by_id.get(document.pop("instance")):
                self._recall(owner, _message(document))

    def _recall(self, instance: Instance, message: Message) -> None:
        self._seq = message.seq
        instance.remember(message)
        # Contacts are written a moment late: after a kill one may be missing.
        self.contact(instance, message.chat)


def _instance(document: dict[str, Any]) -> Instance:
    habits = document.pop("behaviour")
    return Instance(**document, behaviour=Behaviour(**habits) if habits else None)


def _message(document: dict[str, Any]) -> Message:
    document["plan"] = [(status, due) for status, due in document["plan"]]
    return Message(**document)
