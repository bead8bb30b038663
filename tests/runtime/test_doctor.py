"""What the doctor sees on real servers, and that every finding says what to do."""

import json
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psycopg2
import pytest
import redis
from click.testing import CliRunner
from cryptography.fernet import Fernet

from app.core import clock
from app.runtime import settings
from app.runtime.doctor import database as databases
from app.runtime.doctor import machine, services
from app.runtime.doctor.cli import doctor, examine
from app.runtime.doctor.findings import BAD, OK, WARN, Finding, Patient
from tests import servers


@pytest.fixture
def patient(database: servers.Urls, redis_url: str, tmp_path: Path) -> Patient:
    given = {
        "RECADO_DATA": str(tmp_path),
        "DATABASE_URL": database.app_url,
        "MIGRATION_DATABASE_URL": database.owner_url,
        "REDIS_URL": redis_url,
    }
    return Patient(settings.load(given), database.app_url, database.owner_url, redis_url, clock.now())


def with_settings(patient: Patient, **env: str) -> Patient:
    return replace(patient, settings=replace(patient.settings, env={**patient.settings.env, **env}))


def the(findings: list[Finding], part: str) -> Finding:
    (found,) = [finding for finding in findings if part in finding.what]
    return found


def test_a_database_that_is_well_but_for_the_clock_nobody_runs(patient: Patient) -> None:
    found = list(databases.examine(patient))
    assert the(found, "migrations").level == OK
    assert the(found, "isolamento").level == OK
    assert the(found, "relógios de acordo").level == OK
    assert the(found, "no cron").level == BAD


def test_a_clock_that_is_off_is_seen(patient: Patient) -> None:
    late = replace(patient, now=patient.now + timedelta(minutes=3))
    assert the(list(databases.examine(late)), "relógio do banco está a").level == BAD


def test_an_application_role_that_owns_the_tables_is_seen(patient: Patient) -> None:
    (found,) = databases.examine(replace(patient, database_url=patient.owner_url))
    assert (found.level, "owner" in found.what) == (BAD, True)


def test_pools_that_the_database_could_not_hold_are_seen_before_they_fill(patient: Patient) -> None:
    assert the(list(databases.examine(patient)), "no máximo").level == OK
    wide = with_settings(patient, SQL_POOL_SIZE="64")
    assert the(list(databases.examine(wide)), "podem abrir").level == WARN


@pytest.mark.parametrize(("memory", "level"), [("4MB", OK), ("64GB", WARN)])
def test_sorts_of_all_connections_have_to_fit_into_the_memory(patient: Patient, memory: str, level: str) -> None:
    with closing(psycopg2.connect(patient.owner_url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT set_config('work_mem', %s, false)", (memory,))
        (found,) = databases.sorting(patient, connection)
    assert (found.level, bool(found.fix)) == (level, level == WARN)


def test_the_memory_of_another_machine_is_nobodys_guess(patient: Patient) -> None:
    away = replace(patient, database_url="postgresql://recado_app@banco.exemplo.com.br/recado")
    with closing(psycopg2.connect(patient.owner_url)) as connection:
        assert list(databases.sorting(away, connection)) == []


def test_queues_without_workers_and_a_redis_that_throws_away(patient: Patient) -> None:
    client = redis.Redis.from_url(patient.redis_url)
    client.sadd("rq:workers", "rq:worker:one")
    client.hset("rq:worker:one", "queues", "events,bulk")
    found = list(services.queues(patient))
    assert the(found, "não joga nada fora").level == OK
    assert the(found, "fila events").level == OK
    assert the(found, "fila send").fix == "systemctl start recado-worker@send"
    client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        assert the(list(services.queues(patient)), "joga fora").level == BAD
    finally:
        client.config_set("maxmemory-policy", "noeviction")


def test_a_gateway_that_is_away(patient: Patient) -> None:
    assert next(services.gateway(patient)).level == WARN
    away = with_settings(patient, EVOLUTION_API_URL="http://127.0.0.1:9")
    assert next(services.gateway(away)).level == BAD


@pytest.mark.parametrize(
    ("env", "part", "level"),
    [
        ({"SECRET_KEY": "short"}, "SECRET_KEY é curta", BAD),
        ({"PUBLIC_URL": "http://recado.loja.com.br"}, "sem https", BAD),
        ({"PUBLIC_URL": "https://recado.loja.com.br"}, "TRUSTED_PROXIES", WARN),
        ({"ENCRYPTION_KEYS": "not a key"}, "Fernet", BAD),
        ({"ENCRYPTION_KEYS": Fernet.generate_key().decode()}, "entendida", OK),
    ],
)
def test_settings_that_would_hurt_later(patient: Patient, env: dict[str, str], part: str, level: str) -> None:
    assert the(list(machine.configuration(with_settings(patient, **env))), part).level == level


def test_backups_that_are_missing_old_or_do_not_restore(patient: Patient) -> None:
    found = list(machine.backups(patient))
    assert the(found, "nenhuma cópia").level == the(found, "nenhuma restauração").level == BAD
    at = (patient.now - timedelta(minutes=20)).isoformat()
    file = patient.settings.data / "backups.json"
    file.write_text(json.dumps({"backup": {"at": at}, "drill": {"at": at, "ok": True}}))
    assert [one.level for one in machine.backups(patient)][:2] == [OK, OK]
    later = replace(patient, now=patient.now + timedelta(hours=3))
    assert the(list(machine.backups(later)), "a última cópia").level == BAD
    file.write_text(json.dumps({"backup": {"at": at}, "drill": {"at": at, "ok": False, "error": "cut"}}))
    assert the(list(machine.backups(patient)), "NÃO restaura").level == BAD


def test_every_finding_says_what_to_do_and_the_exit_code_says_how_it_went(patient: Patient) -> None:
    found = list(examine(patient.settings))
    assert [one for one in found if one.level != OK and not one.fix] == []
    told = CliRunner().invoke(doctor, [], obj=patient.settings)
    assert told.exit_code == 1
    quiet = CliRunner().invoke(doctor, ["--quiet"], obj=patient.settings).output
    assert "ok   " not in quiet
    assert "→" in quiet


def test_it_works_when_nothing_does(tmp_path: Path) -> None:
    given = settings.load({"RECADO_DATA": str(tmp_path), "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x"})
    assert CliRunner().invoke(doctor, [], obj=given).exit_code == 1
