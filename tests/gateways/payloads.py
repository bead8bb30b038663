"""Evolution's webhooks as the contract writes them; every value is invented."""

from typing import Any

import orjson

CUSTOMER = "5511912345678@s.whatsapp.net"
OWN = "5511987654321@s.whatsapp.net"
CHANNEL = "loja-centro"


def envelope(event: str, data: Any, **extra: Any) -> bytes:
    body = {
        "event": event,
        "instance": CHANNEL,
        "data": data,
        "destination": "https://crm.exemplo.com.br/webhooks/evolution/9f2c",
        "date_time": "2026-03-02T14:03:11.120Z",
        "sender": OWN,
        "server_url": "https://evo.exemplo.com.br",
        "apikey": "7C1E6A90-5B1F-4C1C-8E2D-0D9B6F3A2E11",
    }
    return orjson.dumps({**body, **extra})


def upsert(message: Any = None, *, key: dict | None = None, **data: Any) -> bytes:
    return envelope("messages.upsert", message_object(message, key=key, **data))


def message_object(message: Any = None, *, key: dict | None = None, **data: Any) -> dict:
    return {
        "key": {"remoteJid": CUSTOMER, "fromMe": False, "id": "3A4F0C19E2B7D5A81C60", **(key or {})},
        "pushName": "Maria Souza",
        "status": "DELIVERY_ACK",
        "message": {"conversation": "Oi, qual o preço?"} if message is None else message,
        "messageType": "conversation",
        "messageTimestamp": 1772460204,
        "instanceId": "0f6b9c0e",
        "source": "ios",
        **data,
    }


def update(**data: Any) -> bytes:
    base = {
        "keyId": "3EB05F55DFAE9C237C890D",
        "remoteJid": CUSTOMER,
        "fromMe": True,
        "status": "DELIVERY_ACK",
        "instanceId": "0f6b9c0e",
        "messageId": "cmb3k2x9a0007qx01f3a9d2lc",
    }
    return envelope("messages.update", {**base, **data})
