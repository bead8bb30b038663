"""The door itself: password, then the code where there is one."""

import uuid
from typing import Any

from flask import current_app, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user, login_user, logout_user
from werkzeug.wrappers import Response

from app.accounts import queries
from app.accounts.forms import CodeForm, SignInForm
from app.accounts.queries import Person
from app.accounts.service import second_factor, sessions
from app.accounts.service.sessions import Client, TooManyTries
from app.core import clock
from app.core.crypto import new_token
from app.core.errors import Invalid, Unauthorized
from app.ui import i18n, theme

DEVICE_COOKIE = "recado_device"
HALF, HALF_SECONDS = "half", 600  # a right password waits this long for its code
_YEAR = 365 * 24 * 3600


def client() -> Client:
    device = request.cookies.get(DEVICE_COOKIE, "")
    return Client(request.remote_addr, request.user_agent.string, device if 20 <= len(device) <= 100 else None)


def login() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect(i18n.safe_next(request.args.get("next")))
    return _page(SignInForm(formdata=None, next=request.args.get("next", "")))


def sign_in() -> ResponseReturnValue:
    form = SignInForm()
    if not form.validate():
        return _page(form), 422
    rate = current_app.extensions["recado"].login_rate_limit
    try:
        person = sessions.check_credentials(form.email.data, form.password.data, client(), rate)
    except TooManyTries as error:
        return _page(form, str(error.message)), 429, {"Retry-After": str(error.retry_after)}
    except Unauthorized as error:
        return _page(form, str(error.message)), 401
    return let_in(person, form.next.data)


def let_in(person: Person, target: str | None) -> ResponseReturnValue:
    """Who proved the first factor: on to the second one, or in."""
    session.clear()  # nothing of the stranger's cookie survives
    if not person.has_totp:
        return open_door(person, target, confirmed=False)
    at = int(clock.now().timestamp())
    session[HALF] = {"tenant": str(person.tenant_id), "user": str(person.id), "at": at}
    return redirect(url_for("accounts.code", next=i18n.safe_next(target)), 303)


def code() -> ResponseReturnValue:
    if _find_half() is None:
        return redirect(url_for("accounts.login"))
    return _code_page(CodeForm(formdata=None, next=request.args.get("next", "")))


def check_code() -> ResponseReturnValue:
    person, form = _find_half(), CodeForm()
    if person is None:
        flash(_("Passou muito tempo. Entre de novo."), "warning")
        return redirect(url_for("accounts.login"), 303)
    if not form.validate():
        return _code_page(form), 422
    try:
        second_factor.check(person, form.code.data, client())
    except TooManyTries as error:
        form.refuse(error)
        return _code_page(form), 429, {"Retry-After": str(error.retry_after)}
    except Invalid as error:
        form.refuse(error)
        return _code_page(form), 401
    session.clear()
    return open_door(person, form.next.data, confirmed=True)


def open_door(person: Person, target: str | None, *, confirmed: bool) -> ResponseReturnValue:
    who = client()
    device = who.device or new_token()
    session.permanent = True
    who = Client(who.ip, who.user_agent, device)
    login_user(sessions.open_session(person, who, confirmed=confirmed))
    response = redirect(i18n.safe_next(target), 303)
    _set_cookie(response, DEVICE_COOKIE, device, max_age=_YEAR)
    if person.theme != "auto":
        _set_cookie(response, theme.COOKIE, person.theme)
    return response


def _set_cookie(response: Response, name: str, value: str, **more: Any) -> None:
    secure = current_app.config["SESSION_COOKIE_SECURE"] or request.is_secure
    response.set_cookie(name, value, httponly=True, samesite="Lax", secure=secure, **more)


def _find_half() -> Person | None:
    half = session.get(HALF)
    if not half or clock.now().timestamp() - half["at"] > HALF_SECONDS:
        return None
    return queries.find_person(uuid.UUID(half["tenant"]), uuid.UUID(half["user"]))


def logout() -> ResponseReturnValue:
    sessions.sign_out()
    logout_user()
    session.clear()
    return redirect("/login", 303)


def _page(form: SignInForm, problem: str | None = None) -> str:
    is_open = current_app.extensions["recado"].registration == "open"
    page = {"form": form, "problem": problem, "providers": providers(), "is_open": is_open}
    return render_template("accounts/login.html", **page)


def providers() -> list[tuple[str, str]]:
    """The accounts elsewhere that the operator configured."""
    config = current_app.extensions["recado"]
    known = (("google", "Google"), ("facebook", "Facebook"))
    return [(name, label) for name, label in known if getattr(config, name).client_id]


def _code_page(form: CodeForm) -> str:
    return render_template("accounts/code.html", form=form)
