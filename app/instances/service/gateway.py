"""The calls to the gateway. Made by jobs; no database connection is held while the gateway answers."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event
from typing import Any

import structlog
from flask_babel import gettext as _
from sqlalchemy import text

from app.config import Config
from app.core import clock
from app.core.context import acting, system
from app.core.crypto import unseal
from app.core.db import read_session, release
from app.gateways import gateway_for
from app.gateways.errors import GatewayError, SendError
from app.gateways.port import Credentials, Gateway, Link, Outgoing, Profile, Recipient, Webhook
from app.instances import queries
from app.instances.models import Instance
from app.instances.rules import credentials_of
from app.instances.service import facts
from app.instances.service.rows import change, health

log = structlog.get_logger(__name__)

PATIENCE = 10.0
QR_TRIES, QR_WAIT = 3, 1.0
QR_PATIENCE = timedelta(seconds=60)
_pause = Event()


def _gateway(instance: Instance) -> Gateway:
    return gateway_for(instance.provider, PATIENCE)


@contextmanager
def _reported(instance_id: uuid.UUID, doing: str) -> Iterator[None]:
    """A refusal goes to the row, where the page explains it; it is no crash of the job."""
    try:
        yield
    except GatewayError as error:
        log.warning("gateway_refused", doing=doing, instance_id=str(instance_id), code=error.code, detail=error.detail)
        facts.record_trouble(instance_id, error)


def _ready(instance: Instance, config: Config) -> tuple[Gateway, Credentials]:
    """The number's credentials, moved along when the operator moved the gateway. Then the connection goes back."""
    stored = unseal(instance.credentials) or {}
    wanted = {**stored, "base_url": config.evolution_api_url, "api_key": config.evolution_api_key}
    if wanted != stored:
        facts.record_credentials(instance.id, wanted)
        instance = queries.get_instance(instance.id)
    gateway, creds = _gateway(instance), credentials_of(instance.external_name, instance.credentials)
    release()
    return gateway, creds


def _webhook(instance_id: uuid.UUID, config: Config) -> Webhook:
    secret = unseal(queries.get_instance(instance_id).webhook_secret)
    release()
    return Webhook(f"{config.public_url}/webhooks/evolution/{instance_id}", secret)


def open_link(instance_id: uuid.UUID, config: Config, phone: str | None = None) -> None:
    """Create at the gateway when needed, point its webhook at us, ask for the QR or pairing code."""
    instance = queries.find_instance(instance_id)
    if instance is None or instance.status != "connecting":
        return
    with _reported(instance_id, "connect"):
        is_known = instance.is_provisioned
        gateway, creds = _ready(instance, config)
        if is_known:
            creds = _keep(gateway, creds, instance_id, config)
        else:
            creds = _provision(gateway, creds, instance_id, config)
        _record_link(instance_id, _ask_link(gateway, creds, phone), gateway, creds)


def _provision(gateway: Gateway, creds: Credentials, instance_id: uuid.UUID, config: Config) -> Credentials:
    webhook = _webhook(instance_id, config)
    try:
        created = gateway.create_instance(creds, webhook)
        token = created.token or creds.token
    except GatewayError as error:
        if error.code != "name_taken":
            raise
        # An earlier try got as far as the gateway: the name is ours, adopt what is there.
        token = _adopt(gateway, creds, webhook)
    known = {"base_url": creds.base_url, "api_key": creds.api_key, "token": token}
    facts.record_provisioned(instance_id, known)
    return Credentials(**known, instance_name=creds.instance_name)


def _adopt(gateway: Gateway, creds: Credentials, webhook: Webhook) -> str:
    profile = gateway.profile(creds)
    if profile is None:
        raise GatewayError("name_taken", creds.instance_name)
    token = profile.token or creds.api_key
    gateway.set_webhook(Credentials(creds.base_url, creds.api_key, creds.instance_name, token), webhook)
    return token


def _keep(gateway: Gateway, creds: Credentials, instance_id: uuid.UUID, config: Config) -> Credentials:
    """Our address may have changed since the last connect, and the gateway may have forgotten the number."""
    webhook = _webhook(instance_id, config)
    try:
        gateway.set_webhook(creds, webhook)
    except GatewayError as error:
        if error.code != "instance_missing":
            raise
        return _provision(gateway, creds, instance_id, config)
    return creds


def _ask_link(gateway: Gateway, creds: Credentials, phone: str | None) -> Link:
    if phone and gateway.state(creds) == "connecting":
        # A number given while connecting is ignored: start over to get a pairing code.
        gateway.disconnect(creds)
    link = gateway.connect(creds, phone)
    for _turn in range(QR_TRIES):
        if link.state != "connecting" or (link.qr and (link.pairing_code or not phone)):
            break
        _pause.wait(QR_WAIT)
        link = gateway.connect(creds)
    return link


def _record_link(instance_id: uuid.UUID, link: Link, gateway: Gateway, creds: Credentials) -> None:
    if link.state == "open":
        _record_profile(instance_id, gateway.profile(creds))
    elif link.qr:
        facts.record_qr(instance_id, link.qr.image, link.pairing_code)


def _record_profile(instance_id: uuid.UUID, profile: Profile | None) -> None:
    jid = f"{profile.phone[1:]}@s.whatsapp.net" if profile and profile.phone else None
    facts.record_open(instance_id, jid=jid, profile_name=profile.profile_name if profile else None)


def refresh_link(instance_id: uuid.UUID, config: Config) -> None:
    """While somebody looks at the QR page: the code that holds now, or that the phone has scanned it."""
    instance = queries.find_instance(instance_id)
    if instance is None or instance.status != "connecting" or not instance.is_provisioned:
        return
    has_code = bool(instance.qr_expires_at and instance.qr_expires_at > clock.now())
    had_code, is_overdue = instance.qr_expires_at is not None, facts.connecting_for(instance) > QR_PATIENCE
    with _reported(instance_id, "refresh"):
        gateway, creds = _ready(instance, config)
        state = gateway.state(creds)
        if state == "open":
            _record_profile(instance_id, gateway.profile(creds))
        elif state == "connecting" and not has_code:
            link = gateway.connect(creds)
            _record_link(instance_id, link, gateway, creds)
            if is_overdue and link.state == "connecting" and not link.qr:
                facts.record_qr_missing(instance_id)
        elif state == "close" and not has_code and (had_code or is_overdue):
            facts.record_qr_exhausted(instance_id) if had_code else facts.record_qr_missing(instance_id)


def check(instance_id: uuid.UUID, config: Config) -> None:
    """One number's state as the gateway sees it now."""
    instance = queries.find_instance(instance_id)
    if instance is None or not instance.is_provisioned:
        return
    with _reported(instance_id, "check"):
        gateway, creds = _ready(instance, config)
        _compare(instance_id, gateway.profile(creds))


def _compare(instance_id: uuid.UUID, profile: Profile | None) -> None:
    instance = queries.find_instance(instance_id)
    if instance is None:
        return
    if profile is None:
        facts.record_gone(instance_id)
    elif profile.state == "open":
        _record_profile(instance_id, profile)
    elif profile.state == "connecting":
        facts.record_connecting(instance_id)
    elif profile.state == "close" and _was_linked(instance):
        facts.record_closed(instance_id, profile.reason)


def _was_linked(instance: Instance) -> bool:
    return instance.status == "connected" or instance.status_reason == "reconnecting"


def close_link(instance_id: uuid.UUID, config: Config) -> None:
    instance = queries.find_instance(instance_id)
    if instance is None or not instance.is_provisioned or instance.status in ("connected", "connecting"):
        return  # asked to connect again meanwhile
    with _reported(instance_id, "disconnect"):
        gateway, creds = _ready(instance, config)
        try:
            gateway.disconnect(creds)
        except GatewayError as error:
            if error.code != "instance_missing":
                raise
            facts.record_gone(instance_id)


def restart(instance_id: uuid.UUID, config: Config) -> None:
    instance = queries.find_instance(instance_id)
    if instance is None or not instance.is_provisioned:
        return
    with _reported(instance_id, "restart"):
        gateway, creds = _ready(instance, config)
        gateway.restart(creds)
        facts.record_silence(instance_id, None)


def remove(instance_id: uuid.UUID, config: Config) -> None:
    """After the row was deleted; raises, so that the job is seen to fail when the gateway refuses."""
    instance = read_session().get(Instance, instance_id)
    if instance is None or instance.deleted_at is None or not instance.is_provisioned:
        return
    gateway, creds = _gateway(instance), credentials_of(instance.external_name, instance.credentials)
    release()
    gateway.delete_instance(creds)


def send_test(instance_id: uuid.UUID, test_id: str, config: Config) -> None:
    """At most once: the row is taken before the call, and an unknown outcome is shown as such, never repeated."""
    instance = queries.find_instance(instance_id)
    test = dict((instance.health if instance else {}).get("test") or {})
    if instance is None or test.get("id") != test_id:
        return
    is_waiting = (Instance.health["test"]["id"].astext == test_id) & (
        Instance.health["test"]["status"].astext == "queued"
    )
    if not change(instance_id, is_waiting, health=health(test={**test, "status": "sending"})):
        return
    gateway, creds = _ready(instance, config)
    try:
        sent = gateway.send(creds, Outgoing(Recipient(phone=test["to"]), text=_("Mensagem de teste do Recado ✅")))
        outcome = {"status": "sent", "external_id": sent.external_id}
    except SendError as error:
        status = "failed" if error.proof == "unsent" else "unconfirmed"
        outcome = {"status": status, "error": error.code, "detail": error.detail[:300]}
    change(instance_id, health=health(test={**test, **outcome, "at": clock.now().isoformat()}))


def check_all(config: Config) -> None:
    """Every number of every company against one listing of the gateway."""
    tenants = list(read_session().scalars(text("SELECT active_tenants()")))
    release()
    gateway = gateway_for("evolution", PATIENCE)
    server = Credentials(config.evolution_api_url, config.evolution_api_key)
    try:
        found = {profile.name: profile for profile in gateway.profiles(server)}
        version = gateway.server(server)
    except GatewayError as error:
        trouble = error
        _for_each(tenants, lambda instance: facts.record_trouble(instance.id, trouble))
        return
    facts_of_server = {"version": version.version, "is_supported": version.is_supported}
    _for_each(tenants, lambda instance: _reconcile(instance, found, facts_of_server, config))


def _for_each(tenants: list[uuid.UUID], act: Callable[[Instance], None]) -> None:
    for tenant_id in tenants:
        with acting(system(tenant_id)):
            rows = queries.list_instances()
            # Ids: each number's turn ends with its connection given back, and with it the other rows.
            for instance_id in [row.id for row in rows if row.is_provisioned and row.provider == "evolution"]:
                instance = queries.find_instance(instance_id)
                if instance is not None:
                    act(instance)
            release()


def _reconcile(instance: Instance, found: dict[str, Profile], server: dict[str, Any], config: Config) -> None:
    instance_id, name, status = instance.id, instance.external_name, instance.status
    known = {key: instance.health.get(key) for key in server}
    _ready(instance, config)
    _compare(instance_id, found.get(name))
    if known != server:
        change(instance_id, health=health(**server))
    _notice_silence(instance_id, status, config)


def _notice_silence(instance_id: uuid.UUID, status: str, config: Config) -> None:
    sending = queries.sending_of(instance_id)
    since = sending.unacked_since
    limit = timedelta(seconds=config.send.silent_after)
    is_silent = status == "connected" and sending.unacked > 0 and since is not None and clock.now() - since > limit
    facts.record_silence(instance_id, since.isoformat() if is_silent and since else None)
