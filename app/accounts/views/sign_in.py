"""The door itself."""

from flask import current_app, redirect, render_template, request, session
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_user, logout_user
from werkzeug.wrappers import Response

from app.accounts.forms import SignInForm
from app.accounts.service import sessions
from app.accounts.service.sessions import Client, TooManyTries
from app.core.errors import Unauthorized
from app.ui import i18n, theme


def login() -> ResponseReturnValue:
    if current_user.is_authenticated:
        return redirect(i18n.safe_next(request.args.get("next")))
    return _page(SignInForm(formdata=None, next=request.args.get("next", "")))


def sign_in() -> ResponseReturnValue:
    form = SignInForm()
    if not form.validate():
        return _page(form), 422
    client = Client(request.remote_addr, request.user_agent.string)
    rate = current_app.extensions["recado"].login_rate_limit
    try:
        person = sessions.check_credentials(form.email.data, form.password.data, client, rate)
    except TooManyTries as error:
        return _page(form, str(error.message)), 429, {"Retry-After": str(error.retry_after)}
    except Unauthorized as error:
        return _page(form, str(error.message)), 401
    session.clear()  # nothing of the stranger's cookie survives
    session.permanent = True
    login_user(sessions.open_session(person, client))
    return _in_their_theme(redirect(i18n.safe_next(form.next.data), 303), person.theme)


def _in_their_theme(response: Response, choice: str) -> Response:
    if choice != "auto":
        response.set_cookie(theme.COOKIE, choice, httponly=True, samesite="Lax", secure=request.is_secure)
    return response


def logout() -> ResponseReturnValue:
    sessions.sign_out()
    logout_user()
    session.clear()
    return redirect("/login", 303)


def _page(form: SignInForm, problem: str | None = None) -> str:
    return render_template("accounts/login.html", form=form, problem=problem)
