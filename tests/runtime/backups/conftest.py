"""A small installation of its own: a database with a queue, a few files, and a folder for backups."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from click.testing import CliRunner, Result
from cryptography.fernet import Fernet

from app.runtime import console, settings
from app.runtime.settings import Settings
from tests import servers

PHOTO = b"\x89PNG" + bytes(range(256)) * 900
TENANT, NUMBER = "00000000-0000-7000-8000-000000000001", "00000000-0000-7000-8000-000000000002"
# One waits, one was on the wire when the backup was made, one has left.
_QUEUE = """
    INSERT INTO tenants (id, name, slug) VALUES (%(tenant)s, 'Padaria', %(slug)s);
    INSERT INTO instances (id, tenant_id, name, provider, external_name, credentials)
        VALUES (%(number)s, %(tenant)s, 'Loja', 'evolution', %(slug)s, %(credentials)s);
    INSERT INTO messages (id, tenant_id, instance_id, direction, sender_type, status, body) SELECT
        ('00000000-0000-7000-8000-00000000010' || n)::uuid, %(tenant)s, %(number)s, 'outbound', 'campaign',
        (ARRAY['queued', 'sending', 'sent'])[n], 'Olá ' || n FROM generate_series(1, 3) n;
    INSERT INTO outbox (message_id, tenant_id, instance_id, recipient_key, lane, state, started_at) SELECT
        ('00000000-0000-7000-8000-00000000010' || n)::uuid, %(tenant)s, %(number)s, '551190000000' || n, 2,
        (ARRAY['queued', 'sending'])[n], CASE n WHEN 2 THEN now() END FROM generate_series(1, 2) n;
"""


@dataclass(frozen=True)
class Machine:
    """Where the operator types; `owner_url` is the machine's database."""

    settings: Settings
    owner_url: str

    @property
    def data(self) -> Path:
        return self.settings.data

    def recado(self, *words: str) -> Result:
        command = console.COMMANDS[words[0]]
        return CliRunner().invoke(command, words[1:], obj=self.settings)

    def ask(self, question: str) -> Any:
        """The first column, as the owner."""
        with closing(psycopg2.connect(self.owner_url)) as connection, connection.cursor() as cursor:
            cursor.execute(question)
            return [row[0] for row in cursor.fetchall()]

    def tell(self, statement: str, values: dict[str, Any] | None = None) -> None:
        with closing(psycopg2.connect(self.owner_url)) as connection, connection, connection.cursor() as cursor:
            cursor.execute(statement, values)


@pytest.fixture
def machine(database: servers.Urls, tmp_path: Path, unique: Callable[..., str]) -> Iterator[Callable[..., Machine]]:
    """`machine(name, **environment)`: one with a database of that name, empty unless `migrated`."""
    cluster = servers.shared_cluster()
    made = []

    def make(name: str, *, migrated: bool = False, **environment: str) -> Machine:
        called = unique(f"backup_{name}").replace("-", "_")
        urls = servers.new_database(cluster, called, template=servers.TEMPLATE if migrated else "template1")
        made.append(called)
        given = {
            "RECADO_DATA": str(tmp_path / name),
            "DATABASE_URL": urls.app_url,
            "MIGRATION_DATABASE_URL": urls.owner_url,
            "REDIS_URL": "redis://127.0.0.1:1/0",
            "BACKUP_URL": f"file:{tmp_path}/backups",
            **environment,
        }
        return Machine(settings.load(given), urls.owner_url)

    yield make
    for name in made:
        servers.drop_database(cluster, name)


@pytest.fixture
def shop(machine: Callable[..., Machine]) -> Machine:
    """With a queue, a credential under its keys, a photo and a sheet."""
    shop = machine("shop", migrated=True)
    sealed = Fernet(shop.settings.env["ENCRYPTION_KEYS"]).encrypt(b'{"token": "segredo"}')
    shop.tell(_QUEUE, {"tenant": TENANT, "number": NUMBER, "slug": shop.data.name, "credentials": sealed})
    for path, content in {"media/t1/2026/11/photo": PHOTO, "files/imports/1/sheet": b"nome,telefone\n"}.items():
        (shop.data / path).parent.mkdir(parents=True)
        (shop.data / path).write_bytes(content)
    return shop
