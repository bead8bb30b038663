"""What people decide about a number."""

import uuid
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import update as sql_update

from app.accounts.queries import get_tenant
from app.config import Config
from app.core import clock, phone
from app.core.audit import audit
from app.core.background import enqueue
from app.core.crypto import new_token, seal, token_hash
from app.core.db import transaction
from app.core.errors import Conflict, Invalid
from app.core.facts import emit
from app.core.ids import new_id
from app.core.permissions import require
from app.instances import queries
from app.instances.models import Instance
from app.instances.rules import external_name, seal_credentials
from app.instances.rules.pace import clean_pace
from app.instances.service.rows import no_link, start_pace_row

EDITABLE = ("name", "description", "is_active", "max_agents", "default_queue_id")


def create(
    config: Config,
    *,
    name: str,
    provider: str = "evolution",
    description: str = "",
    phone_number: str | None = None,
    pace: dict[str, Any] | None = None,
    max_agents: int = 10,
) -> Instance:
    """The row; the gateway hears of it at the first connect."""
    actor = require("instances.manage")
    if provider != "evolution":
        raise Invalid.field(
            "provider", _("A API oficial da Meta ainda não está disponível. Use a conexão por QR code.")
        )
    _check_room(actor.tenant_id)
    instance_id, secret = new_id(), new_token()
    with transaction() as session:
        instance = Instance(
            id=instance_id,
            name=_clean_name(name),
            description=description.strip(),
            provider=provider,
            phone_number=_clean_phone(phone_number),
            external_name=external_name(name, instance_id.hex[-12:]),
            credentials=seal_credentials(config.evolution_api_url, config.evolution_api_key, new_token()),
            webhook_secret=seal(secret),
            webhook_secret_hash=token_hash(secret),
            pace=clean_pace(pace or {}),
            max_agents=_clean_agents(max_agents),
            is_default=not queries.list_instances(),
            created_by=actor.user_id,
        )
        session.add(instance)
        session.flush()
        start_pace_row(instance.id)
        audit("instance.create", "instance", instance.id, {"name": instance.name, "provider": provider})
        emit("instance.created", instance_id=instance.id)
    return instance


def _check_room(tenant_id: uuid.UUID) -> None:
    """The operator may have set how many numbers a company has."""
    limit = get_tenant(tenant_id).limit("instances")
    if limit is not None and len(queries.list_instances()) >= limit:
        raise Conflict(_("A empresa já tem os %(limit)s números do seu plano.", limit=limit))


def update(instance_id: uuid.UUID, changes: dict[str, Any]) -> Instance:
    """Only the given fields; `pace` is merged, and None in it puts a default back."""
    require("instances.manage")
    with transaction():
        instance = queries.get_instance(instance_id)
        cleaned = _clean(instance, changes)
        before = {name: getattr(instance, name) for name in cleaned}
        for name, value in cleaned.items():
            setattr(instance, name, value)
        changed = {name: [before[name], value] for name, value in cleaned.items() if before[name] != value}
        if changed:
            audit("instance.update", "instance", instance.id, changed)
            emit("instance.changed", instance_id=instance.id)
    return instance


def _clean(instance: Instance, changes: dict[str, Any]) -> dict[str, Any]:
    cleaned = {name: changes[name] for name in EDITABLE if name in changes}
    if "name" in cleaned:
        cleaned["name"] = _clean_name(cleaned["name"])
    if "max_agents" in cleaned:
        cleaned["max_agents"] = _clean_agents(cleaned["max_agents"])
    if "pace" in changes:
        cleaned["pace"] = clean_pace(changes["pace"] or {}, _without_resets(instance.pace, changes["pace"] or {}))
    if "phone_number" in changes and instance.jid is None:
        cleaned["phone_number"] = _clean_phone(changes["phone_number"], instance.id)
    return cleaned


def _without_resets(before: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in before.items() if given.get(name, value) is not None}


def make_default(instance_id: uuid.UUID) -> Instance:
    require("instances.manage")
    with transaction() as session:
        instance = queries.get_instance(instance_id)
        # Two steps, because at any moment at most one default may exist.
        others = (Instance.tenant_id == instance.tenant_id, Instance.is_default, Instance.id != instance.id)
        session.execute(sql_update(Instance).where(*others).values(is_default=False, updated_at=Instance.updated_at))
        instance.is_default = True
        audit("instance.make_default", "instance", instance.id)
        emit("instance.changed", instance_id=instance.id)
    return instance


def delete(instance_id: uuid.UUID) -> None:
    """The history stays; the number stops sending at once, and a job removes it from the gateway."""
    actor = require("instances.manage")
    with transaction():
        instance = queries.get_instance(instance_id)
        instance.deleted_at = clock.now()
        instance.is_active = instance.is_default = False
        instance.status, instance.status_reason = "disconnected", "by_user"
        for name, value in no_link().items():
            setattr(instance, name, value)
        audit("instance.delete", "instance", instance.id, {"name": instance.name})
        emit("instance.deleted", instance_id=instance.id)
        enqueue("instances.remove", tenant_id=actor.tenant_id, instance_id=instance.id)


def _clean_name(name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= 80:
        raise Invalid.field("name", _("Dê um nome de até 80 letras."))
    return name


def _clean_agents(value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 100:
        raise Invalid.field("max_agents", _("Use um número de 1 a 100."))
    return value


def _clean_phone(raw: str | None, own_id: uuid.UUID | None = None) -> str | None:
    if not raw or not raw.strip():
        return None
    try:
        number = phone.parse(raw).e164
    except phone.PhoneError:
        raise Invalid.field("phone_number", _("Confira o telefone: use DDD e número, como (11) 98765-4321.")) from None
    other = queries.find_by_phone(number)
    if other is not None and other.id != own_id:
        raise Invalid.field("phone_number", _("Este telefone já está no número “%(name)s”.", name=other.name))
    return number
