"""What would stop the run later, said before anything starts."""

import contextlib
import errno
import shutil
import socket
from pathlib import Path

import psycopg2
import redis

from app.runtime.failure import Failure

LEAST_FREE_BYTES = 300 * 1024 * 1024

_ROLE = """
    SELECT r.rolsuper, r.rolbypassrls, EXISTS (
        SELECT FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
        AND pg_has_role(c.relowner, 'USAGE')
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
    )
    FROM pg_roles r WHERE r.rolname = current_user
"""


def free_space(folder: Path, least: int = LEAST_FREE_BYTES) -> None:
    """`least` in bytes."""
    if shutil.disk_usage(folder).free < least:
        raise Failure(f"Sem espaço em disco em {folder} (no disk space): são precisos {least // 2**20} MB livres")


def free_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise Failure(f"Porta {port} ocupada (port in use): feche o outro programa ou defina PORT") from error
            raise Failure(f"Porta {port} indisponível em {host} ({error.strerror}): defina PORT ou HOST") from error


def database_answers(url: str, name: str = "DATABASE_URL") -> None:
    try:
        psycopg2.connect(plain(url), connect_timeout=5).close()
    except (psycopg2.Error, UnicodeError) as error:
        reason = str(error).strip().splitlines()[-1] if str(error).strip() else "sem resposta"
        raise Failure(f"{name} não funciona (wrong or unreachable): {reason}") from error


def redis_answers(url: str) -> None:
    try:
        with contextlib.closing(redis.Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5)) as client:
            client.ping()
    except (redis.RedisError, ValueError, OSError) as error:
        raise Failure(f"REDIS_URL não funciona (wrong or unreachable): {error}") from error


def isolated_database(url: str) -> None:
    """It answers, and to a role that row-level security binds."""
    database_answers(url)
    application_role(url)


def application_role(url: str) -> None:
    """Refuse a role that row-level security would not bind."""
    connection = psycopg2.connect(plain(url), connect_timeout=5)
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute(_ROLE)
        superuser, bypass, owner = cursor.fetchone()
    reason = "superuser" if superuser else "BYPASSRLS" if bypass else "owner" if owner else None
    if reason:
        raise Failure(f"DATABASE_URL usa um papel que ignora o isolamento (role is {reason}): use um papel comum")


def plain(url: str) -> str:
    """Without SQLAlchemy's driver name, which libpq doesn't know."""
    return url.replace("postgresql+psycopg2://", "postgresql://", 1)
