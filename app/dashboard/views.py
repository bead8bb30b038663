"""`/` and the part of it that keeps itself up to date."""

from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, render_template

from app.alerts.queries import count_open
from app.campaigns.queries.campaigns import timezone
from app.campaigns.rules.reasons import stop_words
from app.core import clock
from app.core.context import current_actor
from app.core.permissions import can
from app.dashboard import queries, rules
from app.instances.rules import trouble_of
from app.voice.queries.usage import budget as voice_money

DAYS = 14

blueprint = Blueprint("dashboard", __name__, template_folder="templates")


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)


@blueprint.get("/")
def index() -> str:
    zone = timezone()
    hour = clock.now().astimezone(ZoneInfo(zone)).hour
    greeting = rules.greeting(hour)
    return render_template("dashboard/index.html", greeting=greeting, today=queries.today(zone), **_board(zone))


@blueprint.get("/dashboard/now")
def now() -> str:
    return render_template("dashboard/_now.html", **_board(timezone()))


def _board(zone: str) -> dict[str, Any]:
    """Only what the person may see; the rest stays out of the page."""
    actor = current_actor()
    steps = rules.steps(queries.steps_done())
    numbers = queries.numbers() if can(actor, "instances.see") else None
    days = queries.last_days(zone, DAYS) if can(actor, "reports.see") else None
    return {
        "steps": steps,
        "next_step": rules.next_step(steps),
        "days": days,
        "numbers": numbers,
        "queue": queries.queue([one.instance.id for one in numbers]) if numbers is not None and days else None,
        "running": queries.running() if can(actor, "campaigns.read") else None,
        "imports": queries.recent_imports() if can(actor, "contacts.manage") else None,
        "voice": voice_money(queries.today(zone)) if can(actor, "voice.manage") else None,
        "trouble_of": trouble_of,
        "stop_words": stop_words,
        "alerts": count_open() if can(actor, "settings.manage") else 0,
    }
