"""What a worker does for a number. Every job may run twice: it reads the row again and asks what is still wanted."""

import uuid

from flask import current_app

from app.config import Config
from app.core.background import job
from app.core.context import acting, system
from app.instances import service


def _config() -> Config:
    return current_app.extensions["recado"]


@job("instances.connect", queue="default", timeout=120)
def connect(tenant_id: str, instance_id: str, phone: str | None = None) -> None:
    with acting(system(uuid.UUID(tenant_id))):
        service.open_link(uuid.UUID(instance_id), _config(), phone)


@job("instances.refresh_link", queue="default", timeout=60)
def refresh_link(tenant_id: str, instance_id: str) -> None:
    with acting(system(uuid.UUID(tenant_id))):
        service.refresh_link(uuid.UUID(instance_id), _config())


@job("instances.disconnect", queue="default", timeout=60)
def disconnect(tenant_id: str, instance_id: str) -> None:
    with acting(system(uuid.UUID(tenant_id))):
        service.close_link(uuid.UUID(instance_id), _config())


@job("instances.restart", queue="default", timeout=60)
def restart(tenant_id: str, instance_id: str) -> None:
    with acting(system(uuid.UUID(tenant_id))):
        service.restart(uuid.UUID(instance_id), _config())


@job("instances.test", queue="default", timeout=60)
def test(tenant_id: str, instance_id: str, test_id: str) -> None:
    with acting(system(uuid.UUID(tenant_id))):
        service.send_test(uuid.UUID(instance_id), test_id, _config())


@job("instances.remove", queue="default", timeout=60)
def remove(tenant_id: str, instance_id: str) -> None:
    with acting(system(uuid.UUID(tenant_id))):
        service.remove(uuid.UUID(instance_id), _config())


@job("instances.check", queue="default", timeout=60)
def check(tenant_id: str, instance_id: str) -> None:
    with acting(system(uuid.UUID(tenant_id))):
        service.check(uuid.UUID(instance_id), _config())


@job("instances.check_all", queue="default", timeout=300, every=60)
def check_all() -> None:
    service.check_all(_config())
