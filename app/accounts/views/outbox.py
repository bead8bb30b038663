"""Letters of a trial installation, which has no mail server: shown to this machine only, never beyond it."""

from urllib.parse import urlsplit

from flask import Response, abort, current_app, render_template, request
from flask.typing import ResponseReturnValue

from app.core import mailing

# The letter is shown as it is, and can do nothing.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"
_PROXY_HEADERS = ("X-Forwarded-For", "Forwarded", "X-Real-Ip", "X-Forwarded-Host", "Via")


def index() -> ResponseReturnValue:
    return render_template("accounts/outbox.html", letters=_letters())


def show(mail_id: str) -> ResponseReturnValue:
    return render_template("accounts/outbox_letter.html", letter=_find(mail_id))


def body(mail_id: str) -> ResponseReturnValue:
    headers = {"Content-Security-Policy": POLICY, "X-Frame-Options": "SAMEORIGIN", "Cache-Control": "no-store"}
    return Response(_find(mail_id)["html"], headers=headers)


def _find(mail_id: str) -> dict[str, str]:
    return next((row for row in _letters() if row["id"] == mail_id), None) or abort(404)


def _letters() -> list[dict[str, str]]:
    """Links in letters open accounts: whoever isn't sitting at this machine finds no such page."""
    here = mailing.folder()
    public = urlsplit(current_app.extensions["recado"].public_url).hostname or ""
    asked = urlsplit(f"//{request.host}").hostname or ""
    local = all(map(mailing.is_loopback, (public, asked, request.remote_addr or "")))
    if here is None or not local or any(name in request.headers for name in _PROXY_HEADERS):
        abort(404)
    return mailing.kept(here)
