"""Light, dark or as the system: kept in a cookie, so that the first byte of a page is already right."""

from blinker import Signal
from flask import current_app, redirect, request
from werkzeug.wrappers import Response

from app.ui.i18n import safe_next

COOKIE = "recado_theme"
CHOICES = ("system", "light", "dark")
_YEAR = 365 * 24 * 3600

theme_chosen = Signal("sent by the application with theme=; whoever keeps people's settings listens")


def theme_choice() -> str:
    choice = request.cookies.get(COOKIE, "system")
    return choice if choice in CHOICES else "system"


def set_theme() -> Response:
    response = redirect(safe_next(request.form.get("next")), 303)
    choice = request.form.get("theme", "")
    if choice in CHOICES:
        theme_chosen.send(current_app._get_current_object(), theme=choice)
        response.set_cookie(COOKIE, choice, max_age=_YEAR, httponly=True, samesite="Lax", secure=request.is_secure)
    return response
