"""An example of every body of the document, made of its schema: what a field says of itself, else its name, else its
type. Made once, when the document is."""

from typing import Any

_ID = "01936f6e-5c1a-7b5e-9f3a-2d8c4b6a1e70"
_BY_FORMAT = {
    "uuid": _ID,
    "date-time": "2026-11-23T12:00:00Z",
    "date": "2026-11-23",
    "uri": "https://loja.exemplo.com.br/recado",
    "email": "ana@padaria.com.br",
    "password": "uma-senha-bem-longa",
    "binary": "",
}
_BY_NAME = {
    "name": "Padaria do Zé",
    "email": "ana@padaria.com.br",
    "phone": "+5511987654321",
    "phone_number": "+5511987654321",
    "recipient": "+5511987654321",
    "content": "Seu pedido saiu para entrega.",
    "text": "Seu pedido saiu para entrega.",
    "message": "Oi, {primeiro_nome|tudo bem}! Temos novidades.",
    "description": "Clientes da loja do centro",
    "access_token": "eyJhbGciOiJIUzI1NiIs…",
    "refresh_token": "rcr_…",
    "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "locale": "pt_BR",
    "timezone": "America/Sao_Paulo",
    "role": "agent",
    "shortcut": "ola",
    "color": "green",
    "next_cursor": None,
    "file_name": "tabela.pdf",
    "mime_type": "application/pdf",
}
_BY_TYPE: dict[str, Any] = {"string": "texto", "integer": 1, "number": 1.5, "boolean": True, "null": None}
_DEEPEST = 5
# What people copy first is written by hand: the fields that go together.
_CHOSEN: dict[tuple[str, str], dict[str, Any]] = {
    ("post", "/api/v1/messages"): {
        "instance_id": _ID,
        "recipient": "+5511987654321",
        "message": {"content": "Seu pedido saiu para entrega.", "options": {"typing": True}},
        "priority": "high",
    },
    ("post", "/api/v1/campaigns"): {
        "name": "Novidades de novembro",
        "message": "Oi, {primeiro_nome|tudo bem}! Temos novidades.",
        "group_ids": [_ID],
        "instance_id": _ID,
        "settings": {"delay_min_ms": 900, "delay_max_ms": 1400, "batch_size": 100, "batch_pause_s": 30},
    },
    ("post", "/api/v1/contacts"): {
        "name": "Maria Souza",
        "phone": "+5511987654321",
        "tags": ["vip"],
        "custom_fields": {"cidade": "Campinas"},
        "opted_in_source": "Formulário da loja",
    },
    ("post", "/api/v1/instances"): {"name": "Loja Centro", "provider": "evolution"},
    ("post", "/api/v1/templates"): {"name": "Aviso de entrega", "content": "Oi {nome}, o pedido {pedido} chega hoje."},
    ("post", "/api/v1/webhooks"): {
        "url": "https://loja.exemplo.com.br/recado",
        "events": ["message.received", "ticket.*"],
        "description": "Loja virtual",
    },
}
_METHODS = ("get", "post", "put", "patch", "delete")


def add_to(document: dict[str, Any]) -> None:
    """To each request body and each good answer in JSON that has none of its own."""
    schemas = document.get("components", {}).get("schemas", {})
    for path, operations in document["paths"].items():
        for method, operation in ((name, operations[name]) for name in _METHODS if name in operations):
            bodies = [operation.get("requestBody", {})]
            if (method, path) in _CHOSEN:
                bodies[0]["content"]["application/json"]["example"] = _CHOSEN[method, path]
            bodies += [answer for code, answer in operation["responses"].items() if code.startswith("2")]
            for content in (body.get("content", {}).get("application/json") for body in bodies):
                if content and "example" not in content and "examples" not in content:
                    content["example"] = example_of(content.get("schema", {}), schemas)


def example_of(schema: dict[str, Any], schemas: dict[str, Any], name: str = "", depth: int = 0) -> Any:
    while "$ref" in schema:
        schema = schemas[schema["$ref"].rsplit("/", 1)[-1]]
    if "example" in schema:
        return schema["example"]
    for several in ("oneOf", "anyOf", "allOf"):
        if schema.get(several):
            return example_of(schema[several][0], schemas, name, depth)
    kind = _kind(schema)
    if kind == "object":
        return _object(schema, schemas, depth)
    if kind == "array":
        many = depth < _DEEPEST or schema.get("minItems")
        return [example_of(schema.get("items", {}), schemas, name, depth + 1)] if many else []
    return _plain(schema, kind, name)


def _kind(schema: dict[str, Any]) -> str:
    kind = schema.get("type", "object" if "properties" in schema else "string")
    return next((one for one in kind if one != "null"), "null") if isinstance(kind, list) else str(kind)


def _object(schema: dict[str, Any], schemas: dict[str, Any], depth: int) -> dict[str, Any]:
    """In deep ones only what is needed."""
    needed = schema.get("required", [])
    shown = {
        key: inner
        for key, inner in schema.get("properties", {}).items()
        if key in needed or (depth < _DEEPEST and not inner.get("writeOnly"))
    }
    return {key: example_of(inner, schemas, key, depth + 1) for key, inner in shown.items()}


def _plain(schema: dict[str, Any], kind: str, name: str) -> Any:
    if schema.get("enum"):
        return schema["enum"][0]
    if kind == "string":
        if schema.get("format") in _BY_FORMAT:
            return _BY_FORMAT[schema["format"]]
        words = _BY_NAME.get(name, "texto")
        return words[: schema["maxLength"]] if words and "maxLength" in schema else words
    value = schema.get("default", _BY_TYPE.get(kind))
    if kind in ("integer", "number") and value is not None:
        return min(
            max(value, schema.get("minimum", value)), schema.get("maximum", max(value, schema.get("minimum", value)))
        )
    return value
