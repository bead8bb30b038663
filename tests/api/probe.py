"""A feature of the frame that exists in tests only: what a real one could do, and what could go wrong in it."""

from flask_smorest import Blueprint
from marshmallow import fields, validate
from sqlalchemy import text

from app.core.db import transaction
from app.core.errors import Conflict, Invalid
from app.core.ids import new_id
from app.core.paging import Page, clamp
from app.core.schema import PageQuery, Schema, UtcDateTime, page_of

blp = Blueprint("probe", __name__, url_prefix="/probe")


class PartSchema(Schema):
    quantity = fields.Integer(required=True, validate=validate.Range(min=1))


class NewProbeSchema(Schema):
    name = fields.String(required=True)
    parts = fields.List(fields.Nested(PartSchema), load_default=list)
    at = UtcDateTime()


class ProbeSchema(Schema):
    name = fields.String()
    at = UtcDateTime()


@blp.get("")
@blp.arguments(PageQuery, location="query")
@blp.response(200, page_of(ProbeSchema))
def index(query):
    """List probes"""
    page, limit = clamp(query["page"], query["limit"])
    rows = [{"name": str(n)} for n in range((page - 1) * limit, page * limit)]
    return Page(rows, total=1000, page=page, limit=limit, next_cursor=query["cursor"])


@blp.post("")
@blp.arguments(NewProbeSchema)
@blp.response(201, ProbeSchema)
def create(data):
    """Write one tag"""
    with transaction() as session:
        session.execute(
            text(
                "INSERT INTO tags (id, tenant_id, name) "
                "VALUES (:id, nullif(current_setting('app.tenant_id'), '')::uuid, :name)"
            ),
            {"id": new_id(), "name": data["name"]},
        )
    return {"name": data["name"], "at": data.get("at")}, 201, {"Location": "/api/v1/probe/1"}


@blp.post("/upload")
@blp.response(200)
def upload():
    """Size of a file"""
    from flask import request

    return {"size": len(request.files["file"].read())}


@blp.post("/slow")
@blp.response(200)
def slow():
    """Waits until the test lets it go"""
    gate.entered.set()
    assert gate.leave.wait(10)
    return {"done": True}


class gate:
    entered = leave = None


@blp.get("/fail/<kind>")
@blp.response(200)
def fail(kind):
    """Fail on purpose"""
    if kind == "conflict":
        raise Conflict("Isto mudou.")
    if kind == "invalid":
        raise Invalid.field("phone", "Telefone errado.")
    if kind == "crash":
        raise RuntimeError("the secret detail")
    statements = {"data": "SELECT 9999999999::text::integer", "integrity": "UPDATE users SET role = 'king'"}
    if kind in statements:
        with transaction() as session:
            session.execute(text(statements[kind]))
    if kind == "database":
        with transaction() as session:
            session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
    return {}


@blp.post("/crash")
@blp.response(200)
def crash():
    """Fail after who knows what"""
    raise RuntimeError("the secret detail")
