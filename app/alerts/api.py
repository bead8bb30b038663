"""`/alerts` and `/metrics/system`."""

from typing import Any

from flask_smorest import Blueprint

from app.alerts import figures, queries, service
from app.alerts.schemas import AlertsSchema, SystemSchema
from app.core import clock
from app.core.permissions import require

blp = Blueprint("alerts", __name__, description="What is wrong, and the figures of the server")


@blp.get("/alerts")
@blp.response(200, AlertsSchema)
def alerts() -> dict[str, Any]:
    """Open alerts, urgent ones first"""
    return {"data": queries.list_open()}


@blp.get("/metrics/system")
@blp.response(200, SystemSchema)
def system() -> dict[str, Any]:
    """How the server is"""
    require("settings.manage")
    machine, found = figures.machine(), queries.list_open()
    return {
        "status": "warning" if found else "ok",
        "metrics": {
            "cpu": machine.cpu,
            "memory": machine.memory,
            "disk_free": machine.disk_free,
            **figures.read().values,
        },
        "recommendations": [service.advice(alert) for alert in found],
        "timestamp": clock.now(),
    }
