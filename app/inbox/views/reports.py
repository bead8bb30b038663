"""/metrics: how the company attends, from roll-ups."""

from datetime import date, timedelta

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from app.inbox import queries
from app.inbox.forms import find_uuid
from app.inbox.queries.attendance import attendance

blueprint = Blueprint("attendance", __name__, template_folder="../templates")
PERIODS = (7, 30, 90)


@blueprint.get("/metrics")
def index() -> ResponseReturnValue:
    """`?days=`: the last so many, today included."""
    days = request.args.get("days", 7, type=int)
    days = days if days in PERIODS else 7
    queue_id, user_id = find_uuid(request.args.get("queue")), find_uuid(request.args.get("user"))
    figures = attendance(None, None, queue_id, user_id)
    if days != PERIODS[0]:
        figures = attendance(_before(figures.until, days), figures.until, queue_id, user_id)
    return render_template(
        "inbox/metrics.html",
        figures=figures,
        days=days,
        periods=PERIODS,
        queues=queries.list_queues(),
        people=queries.list_attendants(),
    )


def _before(last: date, days: int) -> date:
    return last - timedelta(days=days - 1)
