"""PostgreSQL: reachable, isolated, migrated, with room, and at the same time of day."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import psutil
import psycopg2
from alembic.script import ScriptDirectory
from psycopg2.extensions import connection as Connection

from app.config import Config
from app.core import migrate
from app.runtime import checks, connections, cron
from app.runtime.backups import tools
from app.runtime.doctor.findings import Finding, Patient, ill, well, worry
from app.runtime.failure import Failure

OLDEST = 150_000
CLOCK_SECONDS = 5.0
PARTITIONED = ("messages", "message_events", "audit_logs")
# Sorts of all connections at once may take this share of the memory; the rest is shared_buffers and everybody else.
SORTING = 0.5
_HERE = ("", "localhost", "127.0.0.1", "::1")


def examine(patient: Patient) -> Iterator[Finding]:
    try:
        checks.database_answers(patient.database_url)
        checks.application_role(patient.database_url)
    except Failure as failure:
        yield ill(
            str(failure), "README.md, “Em produção”: papéis e banco; confira DATABASE_URL e se o PostgreSQL está no ar"
        )
        return
    yield well("banco responde, e o papel não escapa do isolamento (database)")
    if not patient.owner_url:
        yield worry(
            "MIGRATION_DATABASE_URL não está definida", "defina-a: partições de mês e cópias são feitas pelo dono"
        )
        return
    try:
        with closing(psycopg2.connect(checks.plain(patient.owner_url), connect_timeout=5)) as connection:
            connection.autocommit = True
            yield from _as_owner(patient, connection)
    except psycopg2.Error as error:
        yield ill(f"o dono do banco: {str(error).strip().splitlines()[0]}", "confira MIGRATION_DATABASE_URL")


def _as_owner(patient: Patient, connection: Connection) -> Iterator[Finding]:
    if connection.server_version < OLDEST:
        yield ill(f"PostgreSQL {connection.server_version // 10000} é antigo", "use o 15 ou mais novo")
    yield _schema(connection)
    yield _clock(patient, connection)
    yield _connections(connection)
    yield _limit(patient, connection)
    yield from sorting(patient, connection)
    yield _partitions(connection)
    yield _dump(patient)
    leads = _ask(connection, f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = {cron.LOCK}")
    if leads:
        yield well("o relógio está no ar (cron)")
    else:
        yield ill("nenhum relógio está no ar (no cron)", "systemctl start recado-cron")


def _ask(connection: Connection, question: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(question)
        return cursor.fetchone()[0]


def _schema(connection: Connection) -> Finding:
    head = ScriptDirectory(str(migrate.FOLDER)).get_current_head()
    try:
        found = _ask(connection, "SELECT version_num FROM alembic_version")
    except psycopg2.Error:
        found = None
    if found == head:
        return well(f"tabelas na versão {head} (migrations)")
    return ill(f"tabelas em {found}, o programa espera {head}", "python -m app.runtime.installation, e reinicie")


def _clock(patient: Patient, connection: Connection) -> Finding:
    there = _ask(connection, "SELECT extract(epoch FROM clock_timestamp())::float8")
    apart = abs(there - patient.now.timestamp())
    if apart > CLOCK_SECONDS:
        return ill(f"o relógio do banco está a {apart:.0f} s do nosso", "acerte os dois: timedatectl set-ntp true")
    return well("relógios de acordo (clock)")


def _connections(connection: Connection) -> Finding:
    most = int(_ask(connection, "SHOW max_connections"))
    used = int(_ask(connection, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"))
    if used > most * 0.85:
        return ill(f"{used} de {most} conexões do banco em uso", "aumente max_connections ou diminua SQL_POOL_SIZE")
    return well(f"{used} de {most} conexões do banco em uso")


def _limit(patient: Patient, connection: Connection) -> Finding:
    """All pools full at once, before it happens."""
    there = int(_ask(connection, "SHOW max_connections"))
    pool = int(patient.get("SQL_POOL_SIZE") or Config.sql_pool_size)
    webs, workers = connections.installed() if patient.settings.database_url else connections.embedded()
    wanted = connections.most(webs, workers, pool)
    if wanted > there:
        return worry(
            f"os processos podem abrir {wanted} conexões, e o banco aceita {there}",
            "SQL_POOL_SIZE menor ou max_connections maior (docs/sizing.md, “Conexões com o banco”)",
        )
    return well(f"os processos abrem no máximo {wanted} conexões; o banco aceita {there}")


def sorting(patient: Patient, connection: Connection) -> Iterator[Finding]:
    """`work_mem` is for each sort of each connection: popular settings forget the second factor."""
    if (urlsplit(checks.plain(patient.database_url)).hostname or "") not in _HERE:
        return  # that machine's memory is not ours to know
    each = int(_ask(connection, "SELECT setting::bigint * 1024 FROM pg_settings WHERE name = 'work_mem'"))
    most = int(_ask(connection, "SHOW max_connections"))
    memory = psutil.virtual_memory().total
    said = f"work_mem de {each >> 20} MB × {most} conexões são {each * most / 2**30:.0f} GB"
    if each * most > memory * SORTING:
        yield worry(
            f"{said}, e a máquina tem {memory / 2**30:.0f} GB",
            f"work_mem = {max(4, int(memory * SORTING / most) >> 20)}MB; quem precisa de mais o pede na sua transação",
        )
    else:
        yield well(f"{said}: cabem na memória")


def _partitions(connection: Connection) -> Finding:
    strays = [table for table in PARTITIONED if _has_rows(connection, f"{table}_default")]
    if strays:
        return ill(f"linhas fora dos meses previstos: {', '.join(strays)}", "docs/deploy.md, “Partições”")
    return well("partições de mês prontas (partitions)")


def _has_rows(connection: Connection, table: str) -> bool:
    try:
        return bool(_ask(connection, f"SELECT EXISTS (SELECT FROM {table})"))
    except psycopg2.Error:
        return False


def _dump(patient: Patient) -> Finding:
    try:
        tools.fitting(tools.server_major(patient.owner_url))
    except Failure as failure:
        return ill(str(failure), "instale-o: sem ele não há cópias")
    return well("pg_dump serve a este servidor")
