"""`/api/v1/auth`."""

from typing import Any

from flask import current_app, request
from flask_babel import gettext as _
from flask_smorest import Blueprint

from app.accounts import queries
from app.accounts.schemas import LogoutSchema, MeSchema, PairSchema, RefreshSchema, SignInSchema
from app.accounts.service import pairs, sessions
from app.accounts.service.pairs import Keys, Pair
from app.accounts.service.sessions import Client
from app.core.context import current_actor
from app.core.errors import Invalid, Unauthorized
from app.core.permissions import ALL, can

blp = Blueprint("auth", __name__, url_prefix="/auth", description="Sign-in and tokens")


def _keys() -> Keys:
    return Keys.of(current_app.extensions["recado"])


@blp.post("/login")
@blp.arguments(SignInSchema)
@blp.response(200, PairSchema)
def login(data: dict[str, str]) -> Pair:
    """Sign in with e-mail and password

    Five tries per account and per address in 15 minutes.
    """
    client = Client(request.remote_addr, request.user_agent.string)
    rate = current_app.extensions["recado"].login_rate_limit
    person = sessions.check_credentials(data["email"], data["password"], client, rate)
    return pairs.issue(person, client, _keys())


@blp.post("/refresh")
@blp.arguments(RefreshSchema)
@blp.response(200, PairSchema)
def refresh(data: dict[str, str]) -> Pair:
    """Exchange a refresh token for a new pair

    Each refresh token works once; a second use revokes every token of that sign-in.
    """
    return pairs.rotate(data["refresh_token"], _keys())


@blp.post("/logout")
@blp.arguments(LogoutSchema, required=False)
@blp.response(204)
def logout(data: dict[str, str]) -> None:
    """Revoke the tokens of this sign-in, of both kinds"""
    actor = current_actor()
    if data.get("refresh_token"):
        pairs.revoke_by_token(data["refresh_token"])
    elif actor.session_id is not None and actor.user_id is not None:
        pairs.revoke(actor.user_id, actor.session_id)
    else:
        raise Invalid(_("Um token de API não tem sessão a encerrar; revogue-o na página de tokens."))


@blp.get("/me")
@blp.response(200, MeSchema)
def me() -> dict[str, Any]:
    """Who these credentials belong to, and what they allow"""
    actor = current_actor()
    person = queries.find_person(actor.tenant_id, actor.user_id) if actor.user_id else None
    if person is None:
        raise Unauthorized
    allowed = [name for name in sorted(ALL) if can(actor, name)]
    return {**vars(person), "permissions": allowed}
