"""`/api/docs`: the document as a page, rendered here; no script of anybody else's. `/settings/logs`: what was done."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Flask, render_template, request

from app.accounts.queries import list_users
from app.api.logs import as_file
from app.core.audit_log import Wanted, list_entries

LOGS = 100
SOURCES = ("api", "web", "system")
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    summary: str
    description: str
    is_public: bool
    parameters: list[dict[str, Any]]
    body: tuple[str, list["Field"]] | None
    example: str
    responses: list[tuple[str, str]]


@dataclass(frozen=True)
class Field:
    name: str
    kind: str
    is_required: bool
    description: str


def init_app(app: Flask, document: Callable[[], dict[str, Any]]) -> None:
    blueprint = Blueprint("api_docs", __name__, template_folder="templates")

    @blueprint.get("/api/docs")
    def show() -> str:
        found = document()
        return render_template("api/docs.html", document=found, tags=by_tag(found), kind_of=kind_of)

    blueprint.add_url_rule("/settings/logs", "logs", show_logs)
    blueprint.add_url_rule("/settings/logs/export", "export_logs", lambda: as_file(Wanted(source=_source())))

    app.register_blueprint(blueprint)


def show_logs() -> str:
    rows, following = list_entries(Wanted(source=_source()), request.args.get("after"), LOGS)
    names = {user.id: user.name for user in list_users()}
    return render_template("api/logs.html", rows=rows, following=following, names=names, source=_source())


def _source() -> str:
    given = request.args.get("source", "")
    return given if given in SOURCES else SOURCES[0]


def by_tag(document: dict[str, Any]) -> dict[str, list[Operation]]:
    tags: dict[str, list[Operation]] = {}
    for path, operations in document["paths"].items():
        shared = operations.get("parameters", [])
        for method in METHODS:
            if method in operations:
                operation = operations[method]
                tags.setdefault(operation["tags"][0], []).append(_operation(document, path, method, operation, shared))
    return tags


def _operation(document: dict[str, Any], path: str, method: str, spec: dict[str, Any], shared: list[Any]) -> Operation:
    parameters = [_resolved(document, item) for item in (*shared, *spec.get("parameters", []))]
    return Operation(
        method=method.upper(),
        path=path,
        summary=spec.get("summary", ""),
        description=spec.get("description", ""),
        is_public=spec.get("security") == [],
        parameters=parameters,
        body=_body(document, spec.get("requestBody", {})),
        example=_example(spec.get("requestBody", {})),
        responses=[(code, _resolved(document, it).get("description", "")) for code, it in spec["responses"].items()],
    )


def _body(document: dict[str, Any], body: dict[str, Any]) -> tuple[str, list[Field]] | None:
    for kind, content in body.get("content", {}).items():
        return kind, list(_fields(document, content.get("schema", {})))
    return None


def _example(body: dict[str, Any]) -> str:
    found = body.get("content", {}).get("application/json", {}).get("example")
    return json.dumps(found, ensure_ascii=False, indent=2) if found else ""


def _fields(document: dict[str, Any], schema: dict[str, Any]) -> Iterator[Field]:
    schema = _resolved(document, schema)
    needed = schema.get("required", [])
    for name, inner in schema.get("properties", {}).items():
        yield Field(name, kind_of(inner), name in needed, inner.get("description", ""))


def kind_of(schema: dict[str, Any]) -> str:
    """A type in words: `string (uuid)`, `array of Contact`."""
    if "$ref" in schema:
        return str(schema["$ref"].rsplit("/", 1)[1])
    kind = schema.get("type", "any")
    kind = " | ".join(kind) if isinstance(kind, list) else kind
    if kind == "array":
        return f"array of {kind_of(schema.get('items', {}))}"
    return f"{kind} ({schema['format']})" if "format" in schema else kind


def _resolved(document: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in item:
        found: Any = document
        for step in item["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        item = found
    return item
