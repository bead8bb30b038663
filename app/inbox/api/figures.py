"""`/metrics/overview` and `/metrics/attendance`."""

from dataclasses import asdict
from datetime import date
from typing import Any

from flask_smorest import Blueprint
from marshmallow import fields, validate

from app.core.context import current_actor
from app.core.permissions import can
from app.core.schema import Schema
from app.inbox import queries
from app.inbox.queries import Attendance, Line

metrics = Blueprint("metrics", __name__, url_prefix="/metrics", description="Figures from roll-ups")


_YEARS = validate.Range(min=date(2000, 1, 1), max=date(2100, 1, 1))


class PeriodQuery(Schema):
    """Days of the company's zone, both included; the last seven by default, a year at most."""

    since = fields.Date(load_default=None, data_key="from", validate=_YEARS)
    until = fields.Date(load_default=None, data_key="to", validate=_YEARS)
    queue_id = fields.UUID(load_default=None)
    user_id = fields.UUID(load_default=None)


class FiguresSchema(Schema):
    """Times in seconds, the rate from 0 to 1; null where nothing was counted."""

    opened = fields.Integer(required=True)
    closed = fields.Integer(required=True)
    sent = fields.Integer(required=True)
    received = fields.Integer(required=True)
    first_responses = fields.Integer(required=True)
    first_response_avg_s = fields.Integer(allow_none=True, required=True)
    resolution_avg_s = fields.Integer(allow_none=True, required=True)
    resolution_rate = fields.Float(allow_none=True, required=True)
    ratings = fields.Integer(required=True)
    rating_avg = fields.Float(allow_none=True, required=True)


class DayFiguresSchema(FiguresSchema):
    day = fields.Date(required=True)


class HourFiguresSchema(FiguresSchema):
    hour = fields.Integer(required=True)


class QueueFiguresSchema(FiguresSchema):
    queue_id = fields.UUID(allow_none=True, required=True)
    name = fields.String(required=True)


class UserFiguresSchema(FiguresSchema):
    user_id = fields.UUID(required=True)
    name = fields.String(required=True)


class PeriodSchema(Schema):
    since = fields.Date(data_key="from", required=True)
    until = fields.Date(data_key="to", required=True)


class AttendanceSchema(Schema):
    period = fields.Nested(PeriodSchema, required=True)
    total = fields.Nested(FiguresSchema, required=True)
    waiting_now = fields.Integer(required=True)
    open_now = fields.Integer(required=True)
    longest_wait_s = fields.Integer(allow_none=True)
    by_day = fields.List(fields.Nested(DayFiguresSchema), required=True)
    by_hour = fields.List(fields.Nested(HourFiguresSchema), required=True)
    by_queue = fields.List(fields.Nested(QueueFiguresSchema), required=True)
    by_user = fields.List(fields.Nested(UserFiguresSchema), required=True)


class MessageTotalsSchema(Schema):
    sent = fields.Integer(required=True)
    delivered = fields.Integer(required=True)
    read = fields.Integer(required=True)
    replied = fields.Integer(required=True)
    failed = fields.Integer(required=True)
    received = fields.Integer(required=True)


class OverviewSchema(Schema):
    """`messages` covers all numbers and is null for who sees only their own figures."""

    period = fields.Nested(PeriodSchema, required=True)
    messages = fields.Nested(MessageTotalsSchema, allow_none=True, required=True)
    attendance = fields.Nested(FiguresSchema, required=True)
    waiting_now = fields.Integer(required=True)
    open_now = fields.Integer(required=True)


def _period(found: Attendance) -> dict[str, date]:
    return {"since": found.since, "until": found.until}


def _line(line: Line, key: str) -> dict[str, Any]:
    return {key: line.key, "name": line.name, **asdict(line.figures)}


@metrics.get("/overview")
@metrics.arguments(PeriodQuery, location="query")
@metrics.response(200, OverviewSchema)
def overview(query: dict[str, Any]) -> dict[str, Any]:
    """Read the main figures of a period"""
    found = queries.attendance(**query)
    sees_all = can(current_actor(), "reports.see")
    return {
        "period": _period(found),
        "messages": queries.message_totals(query["since"], query["until"]) if sees_all else None,
        "attendance": found.total,
        "waiting_now": found.waiting_now,
        "open_now": found.open_now,
    }


@metrics.get("/attendance")
@metrics.arguments(PeriodQuery, location="query")
@metrics.response(200, AttendanceSchema)
def attendance(query: dict[str, Any]) -> dict[str, Any]:
    """Read attendance by day, hour, queue and person"""
    found = queries.attendance(**query)
    return {
        **vars(found),
        "period": _period(found),
        "by_day": [_line(line, "day") for line in found.by_day],
        "by_hour": [_line(line, "hour") for line in found.by_hour],
        "by_queue": [_line(line, "queue_id") for line in found.by_queue],
        "by_user": [_line(line, "user_id") for line in found.by_user],
    }
