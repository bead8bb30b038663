"""Who calls the API: a JWT or an API token in `Authorization: Bearer`. Cookies count for nothing here."""

from flask import current_app, g, request
from flask_babel import gettext as _

from app.accounts.rules import TOKEN_PREFIX
from app.accounts.service import pairs, tokens
from app.accounts.service.pairs import Keys
from app.api import cors
from app.core.context import Actor, set_actor
from app.core.errors import Unauthorized

# The whole list of calls that need no credentials.
PUBLIC = frozenset(
    {
        "api.auth.login",
        "api.auth.refresh",
        "api.auth.forgot_password",
        "api.auth.reset_password",
        "api.auth.register",
        "api.openapi",
        "api.health.healthz",
    }
)


def authenticate() -> None:
    """Raises Unauthorized; otherwise the caller acts from here to the end of the request."""
    if request.endpoint in PUBLIC or cors.is_preflight():
        return
    scheme, _space, credentials = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not credentials.strip():
        raise Unauthorized(_("Envie as credenciais em Authorization: Bearer."))
    actor = _find_actor(credentials.strip())
    if actor is None:
        raise Unauthorized(_("O token não vale: expirou, foi revogado ou está errado."))
    set_actor(actor)


def _find_actor(credentials: str) -> Actor | None:
    where = {"ip": request.remote_addr, "user_agent": request.user_agent.string}
    if credentials.startswith(TOKEN_PREFIX):
        token = tokens.find_live_token(credentials)
        if token is None:
            return None
        g.api_client, g.timezone = f"token:{token.id}", token.person.timezone
        return token.person.actor("api", scopes=token.scopes, token_id=token.id, **where)
    access = pairs.find_access(credentials, Keys.of(current_app.extensions["recado"]))
    if access is None:
        return None
    g.api_client, g.timezone = f"user:{access.person.id}", access.person.timezone
    unconfirmed = access.person.unconfirmed(access.confirmed_at)
    return access.person.actor("api", session_id=access.family_id, unconfirmed=unconfirmed, **where)
