"""`/api/v1/auth`."""

from typing import Any

from flask import current_app, request
from flask_babel import gettext as _
from flask_smorest import Blueprint

from app.accounts import queries
from app.accounts.queries import Person
from app.accounts.schemas import (
    ForgotSchema,
    LogoutSchema,
    MeSchema,
    PairSchema,
    RefreshSchema,
    RegisterSchema,
    ResetSchema,
    SentSchema,
    SignInSchema,
)
from app.accounts.service import pairs, recovery, registration, second_factor, sessions
from app.accounts.service.pairs import Keys, Pair
from app.accounts.service.second_factor import CodeNeeded
from app.accounts.service.sessions import Client
from app.core.context import current_actor
from app.core.errors import Invalid, NotFound, SecondFactorNeeded, Unauthorized
from app.core.permissions import ALL, can

blp = Blueprint("auth", __name__, url_prefix="/auth", description="Sign-in and tokens")


def _keys() -> Keys:
    return Keys.of(current_app.extensions["recado"])


@blp.post("/login")
@blp.arguments(SignInSchema)
@blp.response(200, PairSchema)
def login(data: dict[str, str]) -> Pair:
    """Sign in with e-mail and password

    Five tries per account and per address in 15 minutes. Where the person has two-step verification, the first answer
    is 401 with the code `second_factor_required`; send the same body again with `otp`: the six digits of the
    application, or a recovery code. Where the company asks the person's role for it and it isn't set up yet, the answer
    is 403 with `second_factor_setup_required`: that is done in the pages. A sign-in with `otp` also counts as the fresh
    confirmation that a company may ask for before exports, new tokens and changes of role, for ten minutes.
    """
    rate = current_app.extensions["recado"].login_rate_limit
    person = sessions.check_credentials(data["email"], data["password"], _client(), rate)
    if person.has_totp:
        if not data.get("otp"):
            raise CodeNeeded
        _check_code(person, data["otp"])
    elif person.lacks_second_factor:
        raise SecondFactorNeeded
    return pairs.issue(person, _client(), _keys(), confirmed=person.has_totp)


def _check_code(person: Person, code: str) -> None:
    try:
        second_factor.check(person, code, _client(), source="api")
    except Invalid as error:
        raise Unauthorized(error.errors[0].message, code="second_factor_wrong") from error


def _client() -> Client:
    return Client(request.remote_addr, request.user_agent.string)


@blp.post("/forgot-password")
@blp.arguments(ForgotSchema)
@blp.response(202, SentSchema)
def forgot_password(data: dict[str, str]) -> dict[str, str]:
    """Ask for a link to set a new password

    The answer is the same for every address; the link (one use, one hour) goes to the address itself.
    """
    recovery.ask(data["email"], _client())
    return {"message": _("Se houver uma conta com este e-mail, o link chega em instantes.")}


@blp.post("/reset-password")
@blp.arguments(ResetSchema)
@blp.response(204)
def reset_password(data: dict[str, str]) -> None:
    """Set a new password with the token of the link

    Every session and every JWT of the person ends.
    """
    recovery.reset(data["token"], data["password"], _client())


@blp.post("/register")
@blp.arguments(RegisterSchema)
@blp.response(202, SentSchema)
def register(data: dict[str, str]) -> dict[str, str]:
    """Register a company

    Where the server allows it (REGISTRATION=open), else 404. Nothing exists before the link in the letter is opened.
    """
    if current_app.extensions["recado"].registration != "open":
        raise NotFound
    fields = (data["company"], data["name"], data["email"], data["password"], data.get("locale", "pt_BR"))
    registration.ask(*fields, _client())
    return {"message": _("Enviamos um link para este e-mail. A empresa nasce quando ele for aberto.")}


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
