"""Signing in with an account at Google or Facebook, where the operator configured one.

Asking the provider is the one call to a stranger that a web process makes itself.
"""

from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import OAuth
from flask import Flask, abort, current_app, flash, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf.csrf import validate_csrf
from joserfc.errors import JoseError
from wtforms.validators import ValidationError

from app.accounts.service import identities
from app.accounts.service.identities import Outside
from app.accounts.views import sign_in
from app.config import Config
from app.core import mailing
from app.core.db import release
from app.core.errors import AppError
from app.ui import i18n

TIMEOUT = 10
NEXT, LINKING = "elsewhere_next", "elsewhere_linking"


def init_app(app: Flask) -> None:
    config, oauth = app.extensions["recado"], OAuth(app)
    for name, options in (("google", _google(config)), ("facebook", _facebook(config))):
        chosen = getattr(config, name)
        if chosen.client_id:
            oauth.register(name, client_id=chosen.client_id, client_secret=chosen.client_secret, **options)


def _google(config: Config) -> dict[str, Any]:
    issuer = config.google.url or "https://accounts.google.com"
    kwargs = {"scope": "openid email profile", "code_challenge_method": "S256", "timeout": TIMEOUT}
    return {"server_metadata_url": f"{issuer}/.well-known/openid-configuration", "client_kwargs": kwargs}


def _facebook(config: Config) -> dict[str, Any]:
    graph = config.facebook.url or "https://graph.facebook.com"
    pages = config.facebook.url or "https://www.facebook.com"
    return {
        "authorize_url": f"{pages}/dialog/oauth",
        "access_token_url": f"{graph}/oauth/access_token",
        "api_base_url": f"{graph}/",
        "client_kwargs": {"scope": "email public_profile", "timeout": TIMEOUT},
    }


def start(provider: str) -> ResponseReturnValue:
    """A link and no form: our pages let forms lead nowhere but here, redirects included."""
    session.pop(LINKING, None)
    session[NEXT] = i18n.safe_next(request.args.get("next"))
    return _leave(provider)


def link(provider: str) -> ResponseReturnValue:
    """For who is signed in: from now on that account opens this one. A link as well, so it carries the form's token."""
    _client(provider)
    try:
        validate_csrf(request.args.get("token"))
    except ValidationError:
        return _refused(_("A página ficou aberta por muito tempo. Atualize e tente de novo."))
    session[LINKING] = str(current_user.id)
    return _leave(provider)


def _leave(provider: str) -> ResponseReturnValue:
    try:
        return _client(provider).authorize_redirect(mailing.link(f"/login/{provider}/back"))
    except (AuthlibBaseError, requests.RequestException):
        current_app.logger.warning("sign-in provider unreachable", exc_info=True)
        return _refused(_("Não conseguimos falar com esse serviço agora. Tente de novo em instantes."))


def unlink(provider: str) -> ResponseReturnValue:
    identities.unlink(provider)
    flash(_("Conta desligada."), "success")
    return redirect(url_for("accounts.security"), 303)


def back(provider: str) -> ResponseReturnValue:
    release()  # no connection is held while the provider answers
    linking, target = session.pop(LINKING, None), session.pop(NEXT, None)
    try:
        found = _outside(provider, _client(provider))
    except (AuthlibBaseError, JoseError, requests.RequestException, KeyError, ValueError):
        current_app.logger.warning("sign-in elsewhere failed", exc_info=True)
        return _refused(_("A entrada por essa conta não deu certo. Tente de novo."))
    try:
        if linking:
            return _linked(found, linking)
        return sign_in.let_in(identities.find_person(found, sign_in.client()), target)
    except AppError as error:
        return _refused(str(error.message))


def _linked(found: Outside, linking: str) -> ResponseReturnValue:
    if not current_user.is_authenticated or str(current_user.id) != linking:
        return _refused(_("Entre primeiro e tente de novo."))
    identities.link(found)
    flash(_("Conta ligada: você já pode entrar por ela."), "success")
    return redirect(url_for("accounts.security"), 303)


def _outside(provider: str, client: Any) -> Outside:
    """Raises KeyError or ValueError for an answer that names nobody. State, nonce and signature are the library's."""
    token = client.authorize_access_token()
    if provider == "google":
        claims = token["userinfo"]
        return Outside(
            provider, str(claims["sub"]), claims.get("email"), is_verified=claims.get("email_verified") is True
        )
    answer = client.get("me?fields=id,email", token=token)
    answer.raise_for_status()
    claims = answer.json()
    return Outside(provider, str(claims["id"]), claims.get("email"), is_verified=False)


def _client(provider: str) -> Any:
    if provider not in dict(sign_in.providers()):
        abort(404)
    return current_app.extensions["authlib.integrations.flask_client"].create_client(provider)


def _refused(words: str) -> ResponseReturnValue:
    flash(words, "error")
    return redirect(url_for("accounts.security" if current_user.is_authenticated else "accounts.login"), 303)
