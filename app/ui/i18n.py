"""Which language and which clock a page speaks: the person's, else the browser's, else the house's."""

from blinker import Signal
from flask import current_app, g, has_request_context, redirect, request
from werkzeug.datastructures import LanguageAccept
from werkzeug.wrappers import Response as WerkzeugResponse

from app.core.context import find_actor

LOCALES = {"pt_BR": "Português", "en": "English"}
DEFAULT = "pt_BR"
COOKIE = "recado_lang"
_YEAR = 365 * 24 * 3600

language_chosen = Signal("sent by the application with locale=; whoever keeps people's settings listens")


def choose_locale() -> str:
    actor = find_actor()
    if actor is not None and actor.user_id is not None:
        return actor.locale if actor.locale in LOCALES else DEFAULT
    if not has_request_context():
        return actor.locale if actor is not None and actor.locale in LOCALES else DEFAULT
    cookie = request.cookies.get(COOKIE)
    return cookie if cookie in LOCALES else _preferred(request.accept_languages)


def _preferred(accepted: LanguageAccept) -> str:
    for language in accepted.values():
        base = language.replace("-", "_").split("_")[0].lower()
        if base in ("pt", "en"):
            return "pt_BR" if base == "pt" else "en"
    return DEFAULT


def choose_timezone() -> str | None:
    """`g.timezone` is set from the tenant's settings by whoever opens the request; None = the house's."""
    return g.get("timezone") if has_request_context() else None


def set_language() -> WerkzeugResponse:
    """A cookie for who is not signed in; the signal for who is."""
    locale = request.form.get("locale", "")
    response = redirect(safe_next(request.form.get("next")), 303)
    if locale in LOCALES:
        language_chosen.send(current_app._get_current_object(), locale=locale)
        response.set_cookie(COOKIE, locale, max_age=_YEAR, httponly=True, samesite="Lax", secure=request.is_secure)
    return response


def safe_next(target: str | None) -> str:
    """Only a path of ours: an absolute or scheme-relative address would be an open redirect."""
    plain = (target or "/").translate({ord(char): None for char in "\t\r\n"})
    return plain if plain.startswith("/") and not plain.startswith(("//", "/\\")) else "/"
