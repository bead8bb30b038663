"""The OpenAPI document: what flask-smorest gathers, with our problems, security and names."""

from collections.abc import Callable
from typing import Any

import flask_smorest
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.common import resolve_schema_cls
from flask import Flask
from marshmallow import fields

from app.api import examples
from app.api.problems import TYPE
from app.core.schema import Schema

PREFIX = "/api/v1"
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 255, "pattern": "^[!-~]+$"},
    "description": "The same key and body again gets the first answer and does nothing.",
}


class FieldProblemSchema(Schema):
    field = fields.String(required=True, metadata={"description": "Dotted path; empty for the body as a whole."})
    message = fields.String(required=True)


class ProblemSchema(Schema):
    """RFC 9457."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    code = fields.String(required=True, metadata={"description": "Stable name of the problem, for programs."})
    request_id = fields.String(required=True)
    errors = fields.List(fields.Nested(FieldProblemSchema))


class Api(flask_smorest.Api):
    ERROR_SCHEMA = ProblemSchema

    def _register_error_handlers(self) -> None:
        """The frame has its own, on its blueprint."""

    def _register_doc_blueprint(self) -> None:
        """The frame serves the document itself."""

    def _register_responses(self) -> None:
        super()._register_responses()
        for response in self.spec.components.responses_lazy.values():
            content = response.get("content", {})
            if "application/json" in content:
                content[TYPE] = content.pop("application/json")


def _names() -> Callable[[Any], str]:
    """A schema is called after its class; the second feature with such a class puts its own name before."""
    owners: dict[str, Any] = {}

    def name_of(schema: Any) -> str:
        kind = resolve_schema_cls(schema)
        name = kind.__name__.removesuffix("Schema")
        feature = kind.__module__.removeprefix("app.").split(".")[0].capitalize()
        return name if owners.setdefault(name, kind) is kind else f"{feature}{name}"

    return name_of


def make_api(app: Flask) -> Api:
    api = Api(spec_kwargs={"marshmallow_plugin": MarshmallowPlugin(schema_name_resolver=_names())})
    app.config.update(API_TITLE="Recado", API_VERSION="v1", OPENAPI_VERSION="3.1.0")
    api.init_app(app)
    api.spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer"})
    api.spec.options["security"] = [{"bearer": []}]
    api.spec.options["info"] = {"description": "Send and follow WhatsApp messages. Times are UTC, ids are UUIDs."}
    return api


def finished(api: Api) -> dict[str, Any]:
    """The document as served; names each operation after its endpoint."""
    document = api.spec.to_dict()
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method in ("get", "post", "put", "patch", "delete"):
                _finish(path, method, operation)
    examples.add_to(document)
    return document


def _finish(path: str, method: str, operation: dict[str, Any]) -> None:
    name = path.removeprefix(PREFIX).strip("/").replace("/", "_").replace("{", "").replace("}", "")
    operation["operationId"] = f"{method}_{name.replace('-', '_').replace('.', '_')}"
    if operation.pop("x-public", False):
        operation["security"] = []
    elif method == "post":
        operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
