"""Small pieces of HTML and URLs that macros lean on."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import current_app, request
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from app.ui.icons import UnknownIcon, icon_markup
from app.ui.statics import asset


def icon(name: str, extra: str = "") -> Markup:
    """A name that is not in the sprite fails in development; a customer gets a plain circle."""
    sprite = asset("vendor/icons.svg")
    try:
        return icon_markup(sprite, name, extra)
    except UnknownIcon:
        if current_app.debug or current_app.testing:
            raise
        current_app.logger.warning("unknown icon %s", name)
        return icon_markup(sprite, "circle", extra)


def html_attrs(attrs: Mapping[str, object] | None) -> Markup:
    """True gives a bare attribute; None and False leave it out."""
    pieces = Markup()
    for name, value in (attrs or {}).items():
        if value is None or value is False:
            continue
        pieces += Markup(" {}").format(name) if value is True else Markup(' {}="{}"').format(name, value)
    return pieces


def hidden_inputs(fields: Mapping[str, object] | None = None) -> Markup:
    """The CSRF token and whatever else a form carries unseen."""
    row = Markup('<input type="hidden" name="{}" value="{}">')
    pairs = [("csrf_token", generate_csrf()), *(fields or {}).items()]
    return Markup().join(row.format(name, value) for name, value in pairs if value is not None)


def url_with(**changes: object) -> str:
    """The current address with some query arguments replaced; None removes one."""
    pairs = [(key, value) for key, value in request.args.items(multi=True) if key not in changes]
    for key, value in changes.items():
        values = value if isinstance(value, list | tuple) else [value]
        pairs += [(key, str(one)) for one in values if one is not None]
    query = urlencode(pairs)
    return f"{request.path}?{query}" if query else request.path


def photo_of(person: Any) -> str | None:
    """The address of a colleague's photo, which changes with the picture; None without one."""
    key = getattr(person, "avatar", None)
    return f"/people/{person.id}/photo?v={key.rsplit('/', 1)[-1][-12:]}" if key else None
