"""The list of campaigns, kept true while any of them sends."""

from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from app.campaigns.queries import campaigns, forecast, progress
from app.core import clock

blueprint = Blueprint("campaigns", __name__, template_folder="../templates", url_prefix="/campaigns")
PER_PAGE = 25


@blueprint.get("")
def index() -> ResponseReturnValue:
    return render_template("campaigns/index.html", **_context(), counts=campaigns.count_by_status())


@blueprint.get("/table")
def table() -> ResponseReturnValue:
    return render_template("campaigns/_table.html", **_context())


def _context() -> dict[str, Any]:
    search, status = request.args.get("q", ""), request.args.get("status", "")
    page = campaigns.list_campaigns(request.args.get("page", 1, type=int), PER_PAGE, search=search, status=status)
    ids = [one.id for one in page.items]
    running = [one for one in page.items if one.status == "sending"]
    return {
        "page": page,
        "q": search,
        "status": status,
        "figures": progress.figures_of_many(ids) if ids else {},
        "numbers": campaigns.instances_by_campaign(ids) if ids else {},
        "ends": {one.id: forecast.last_end(forecast.shares_of(one)) for one in running},
        "now": clock.now(),
    }
