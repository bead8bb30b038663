"""`/settings/health`: how the server is, what is wrong, and what to do about it."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from flask import Blueprint, Flask, current_app, render_template
from flask_babel import gettext as _
from redis.exceptions import RedisError

from app.accounts.queries import get_tenant
from app.alerts import figures, queries, service
from app.alerts.rules import KINDS
from app.core import background, backup_state
from app.core.context import current_actor
from app.core.permissions import require

SHOWN = 3 * 60  # samples, one a minute
KEY = "alerts:samples"

blueprint = Blueprint("alerts", __name__, template_folder="templates")


def init_app(app: Flask) -> None:
    app.register_blueprint(blueprint)


@blueprint.get("/settings/health")
def health() -> str:
    require("settings.manage")
    return render_template("alerts/health.html", **_board())


@blueprint.get("/settings/health/now")
def now() -> str:
    require("settings.manage")
    return render_template("alerts/_now.html", **_board())


def _board() -> dict[str, Any]:
    known = backup_state.read(current_app.extensions["recado"].data_dir)
    return {
        "open_alerts": [_shown(alert) for alert in queries.list_open()],
        "resolved": [_shown(alert) for alert in queries.list_resolved()],
        "machine": figures.machine(),
        "figures": figures.read(),
        "backup": backup_state.moment_of(known.get("backup")),
        "drill": backup_state.moment_of(known.get("drill")),
        "drill_ok": bool((known.get("drill") or {}).get("ok")),
        "charts": _charts(),
    }


def _shown(alert: Any) -> dict[str, Any]:
    kind = KINDS.get(alert.kind)
    return {
        "title": service.title(alert),
        "text": service.words(alert),
        "advice": service.advice(alert),
        "path": kind.path if kind else "",
        "is_urgent": alert.is_urgent,
        "opened_at": alert.opened_at,
        "resolved_at": alert.resolved_at,
    }


def _charts() -> list[dict[str, Any]]:
    """The last hours; empty where Redis forgot."""
    try:
        rows = [orjson.loads(row) for row in background.redis().lrange(KEY, 0, SHOWN - 1)][::-1]
    except RedisError:
        rows = []
    if len(rows) < 2:
        return []
    zone = ZoneInfo(get_tenant(current_actor().tenant_id).timezone)
    labels = [datetime.fromisoformat(row["at"]).astimezone(zone).strftime("%H:%M") for row in rows]
    shares = [(_("Processador"), "cpu", "brand"), (_("Memória"), "memory", "info")]
    return [
        {
            "title": _("Processador e memória, por cento"),
            "data": {"labels": labels, "series": [_series(rows, *one, scale=100) for one in shares]},
        },
        {
            "title": _("Mensagens na fila de envio"),
            "data": {"labels": labels, "series": [_series(rows, _("Na fila"), "queued", "brand")]},
        },
    ]


def _series(rows: list[dict[str, Any]], label: str, name: str, tone: str, scale: int = 1) -> dict[str, Any]:
    return {"label": label, "data": [round(row[name] * scale) for row in rows], "tone": tone}
