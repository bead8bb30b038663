"""Companies, numbers, people and events for benchmarks, by the application's own means or by COPY."""

import io
import json
import uuid
from collections.abc import Iterable, Sequence

from app.core import ids
from app.core.context import acting
from app.core.crypto import token_hash
from app.core.phone import canonical_key
from benchmarks.common import Stack
from tests.factories import Company, make_company, make_instance

SECRET = "bench"
UNPACED = {"delay_min_ms": 0, "delay_max_ms": 0, "batch_size": 100_000, "batch_pause_s": 0}


def make_number(company: Company, base_url: str = "http://127.0.0.1:9", pace: dict | None = None) -> uuid.UUID:
    """A connected number whose webhook secret is SECRET. Inside an app context."""
    with acting(company.actor("admin")):
        settings = {"pace": UNPACED if pace is None else pace, "webhook_secret_hash": token_hash(SECRET)}
        return make_instance(base_url=base_url, token="token", **settings).id


def company_with_number(base_url: str = "http://127.0.0.1:9", pace: dict | None = None) -> tuple[Company, uuid.UUID]:
    company = make_company()
    return company, make_number(company, base_url, pace)


def bare_table(stack: Stack) -> None:
    """Where the limit of the webhook's door inserts; the application's role may write there."""
    with stack.cursor(stack.owner_url) as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS bare_events (id uuid PRIMARY KEY, body bytea NOT NULL)")
        cursor.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON bare_events TO recado_app")


def envelope(event: str, data: object) -> bytes:
    body = {
        "event": event,
        "instance": "loja-centro",
        "data": data,
        "destination": "https://crm.exemplo.com.br/webhooks/evolution/9f2c",
        "date_time": "2026-03-02T14:03:11.120Z",
        "sender": "5511987654321@s.whatsapp.net",
        "server_url": "https://evo.exemplo.com.br",
        "apikey": "7C1E6A90-5B1F-4C1C-8E2D-0D9B6F3A2E11",
    }
    return json.dumps(body).encode()


def inbound(external_id: str, phone: str, at: int, text: str = "Oi, qual o preço?") -> bytes:
    """A text of a customer; `at` in seconds since 1970."""
    return envelope(
        "messages.upsert",
        {
            "key": {"remoteJid": f"{phone}@s.whatsapp.net", "fromMe": False, "id": external_id},
            "pushName": "Maria Souza",
            "status": "DELIVERY_ACK",
            "message": {"conversation": text},
            "messageType": "conversation",
            "messageTimestamp": at,
            "instanceId": "0f6b9c0e",
            "source": "ios",
        },
    )


def receipt(external_id: str, phone: str, status: str = "DELIVERY_ACK") -> bytes:
    return envelope(
        "messages.update",
        {
            "keyId": external_id,
            "remoteJid": f"{phone}@s.whatsapp.net",
            "fromMe": True,
            "status": status,
            "instanceId": "0f6b9c0e",
            "messageId": "cmb3k2x9a0007qx01f3a9d2lc",
        },
    )


def copy(stack: Stack, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """As the owner: seeding is not what is measured."""
    lines = "".join("\t".join("\\N" if cell is None else str(cell) for cell in row) + "\n" for row in rows)
    with stack.cursor(stack.owner_url) as cursor:
        cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", io.StringIO(lines))


def phone_of(number: int) -> str:
    """A Brazilian mobile per number, digits only, with the ninth digit."""
    return f"55119{80_000_000 + number}"


def make_people(stack: Stack, company: Company, count: int, *, start: int = 0) -> list[uuid.UUID]:
    """Contacts with one phone each, by COPY."""
    people = [ids.new_id() for _ in range(count)]
    tenant = company.tenant_id
    contacts = (
        (person, tenant, f"Maria {start + n}", f"+{phone_of(start + n)}", f"maria {start + n} {phone_of(start + n)}")
        for n, person in enumerate(people)
    )
    copy(stack, "contacts", ("id", "tenant_id", "name", "phone", "search"), contacts)
    phones = ((tenant, "phone", key_of(start + n), phone_of(start + n), person) for n, person in enumerate(people))
    copy(stack, "contact_identities", ("tenant_id", "kind", "value", "display", "contact_id"), phones)
    return people


def key_of(number: int) -> str:
    """The canonical key of `phone_of`: it leaves the ninth digit out."""
    return canonical_key(phone_of(number))


def analyze(stack: Stack, *tables: str) -> None:
    with stack.cursor(stack.owner_url) as cursor:
        for table in tables:
            cursor.execute(f"VACUUM ANALYZE {table}")
