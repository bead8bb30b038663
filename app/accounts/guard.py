"""In front of every page: who is asking, and nobody unknown gets further than the open doors."""

from datetime import timedelta

from flask import Flask, g, request
from flask_login import current_user
from werkzeug.exceptions import BadRequest

from app.accounts.queries import Person
from app.accounts.rules import SESSION_DAYS
from app.accounts.service import sessions
from app.core.context import find_actor, set_actor
from app.core.errors import SecondFactorNeeded, Unauthorized
from app.core.text import is_storable
from app.extensions import login_manager

# Addresses that check their caller themselves, or have nothing to hide. A test knows every route behind them.
OPEN = (
    "/login",
    "/forgot",
    "/reset/",
    "/invite/",
    "/register",
    "/voice/listen/",  # signed, and ends by itself
    "/dev/mails",
    "/api/docs",
    "/favicon.ico",
    "/ui/",
    "/_ui",
)
# Where somebody may go whom the company asks for a second factor that isn't there yet.
_SETTING_UP = ("/settings/security/second-factor", "/logout", "/assets/", "/favicon.ico", "/ui/", "/login")
_WITHOUT_SESSIONS = (
    "/api/v1/",
    "/webhooks/",
    "/assets/",
    "/healthz",
    "/metrics/prometheus",
)  # the cookie isn't looked at


def init_app(app: Flask) -> None:
    # Set once, at sign-in: repeated on every answer it would end up on cacheable files too.
    app.config.update(SESSION_REFRESH_EACH_REQUEST=False, PERMANENT_SESSION_LIFETIME=timedelta(days=SESSION_DAYS))
    login_manager.session_protection = None  # the session row is the protection; addresses change on phones
    login_manager.user_loader(_load)
    app.before_request(_forget_the_last)
    app.before_request(_keep_strangers_out)
    app.teardown_request(_forget)


def _forget_the_last() -> None:
    g.actor_before = find_actor()
    set_actor(None)


def _forget(_error: BaseException | None) -> None:
    set_actor(g.pop("actor_before", None))


def _keep_strangers_out() -> None:
    rule = request.url_rule
    if rule is None or rule.rule.startswith(_WITHOUT_SESSIONS):
        return
    if not current_user.is_authenticated and not rule.rule.startswith(OPEN):
        raise Unauthorized
    if current_user.is_authenticated and current_user.lacks_second_factor and not rule.rule.startswith(_SETTING_UP):
        raise SecondFactorNeeded
    if not all(is_storable(value) for values in (request.args, request.form) for value in values.values()):
        raise BadRequest


def _load(token: str) -> Person | None:
    live = sessions.find_live_session(token, is_activity="X-Live" not in request.headers)
    if live is None:
        return None
    person = live.person
    ip, agent, unconfirmed = request.remote_addr, request.user_agent.string, person.unconfirmed(live.confirmed_at)
    set_actor(person.actor("web", ip=ip, user_agent=agent, session_id=live.id, unconfirmed=unconfirmed))
    g.timezone = person.timezone
    return person
