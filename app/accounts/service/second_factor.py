"""Something one has besides something one knows: codes of an application on the phone, and ten on paper."""

import hashlib
import secrets
import uuid
from dataclasses import dataclass

import pyotp
from flask_babel import gettext as _
from sqlalchemy import update

from app.accounts import queries
from app.accounts.models import User, UserSession
from app.accounts.queries import Person
from app.accounts.service import letters, mail, sessions, team
from app.accounts.service.sessions import Client, TooManyTries
from app.core import clock, throttle
from app.core.audit import audit
from app.core.context import acting, current_actor
from app.core.crypto import same, seal, unseal
from app.core.db import transaction
from app.core.errors import Conflict, Invalid, Unauthorized
from app.core.facts import emit
from app.core.permissions import confirm as require_confirmed
from app.core.permissions import require

ISSUER = "Recado"
SECONDS = 30
CODES, CODE_LETTERS = 10, "abcdefghjkmnpqrstuvwxyz23456789"
TRIES = "5 per 15 minutes"


class CodeNeeded(Unauthorized):
    """The password was right; now the code."""

    code = "second_factor_required"

    def __init__(self) -> None:
        super().__init__(_("Envie também o código da verificação em duas etapas."))


@dataclass(frozen=True)
class Secret:
    """To be scanned, or typed by hand."""

    text: str
    uri: str


def begin() -> Secret:
    """A fresh secret, which counts once a code made with it comes back."""
    with transaction():
        user = _self()
        if user.totp_secret is not None:
            raise Conflict(_("A verificação em duas etapas já está ligada."))
        text = str(unseal(user.totp_pending)) if user.totp_pending else pyotp.random_base32()
        user.totp_pending = user.totp_pending or seal(text)
        return Secret(text, pyotp.TOTP(text).provisioning_uri(name=user.email, issuer_name=ISSUER))


def enable(code: str) -> list[str]:
    """The recovery codes, never to be had again. Raises Invalid for a wrong code."""
    _spend_try(_self().id)
    with transaction():
        user = _locked(_self().id)
        step = _step_of(str(unseal(user.totp_pending)), code) if user.totp_pending else None
        if step is None:
            raise Invalid.field("code", _("O código não confere. Veja se o relógio do celular está certo."))
        user.totp_secret, user.totp_pending, user.totp_step = user.totp_pending, None, step
        audit("user.second_factor_on", "user", user.id)
        emit("user.changed", user_id=user.id)
        mail.post_to(user, lambda: letters.second_factor(on=True))
        _mark_session()
        codes = _new_codes(user)
    throttle.clear(_key(user.id))
    return codes


def renew_codes(code: str) -> list[str]:
    """The ten of before stop working."""
    _check_own(code)
    with transaction():
        user = _self()
        audit("user.recovery_codes", "user", user.id)
        return _new_codes(user)


def disable(code: str) -> None:
    person = queries.find_person(current_actor().tenant_id, _self().id)
    if person is None or person.role in person.security.get("required_roles", ()):
        raise Conflict(_("A sua empresa pede a verificação em duas etapas para o seu perfil."))
    _check_own(code)
    _remove(_self())


def reset_for(user_id: uuid.UUID) -> None:
    """For somebody who lost phone and paper alike; their sessions end."""
    require("users.manage")
    user = queries.get_user(user_id)
    team.check_reach(user)
    require_confirmed("roles")
    with transaction():
        _remove(user)
        sessions.sign_out_everywhere(user_id)


def _remove(user: User) -> None:
    with transaction():
        user.totp_secret = user.totp_pending = user.totp_step = user.recovery_codes = None
        audit("user.second_factor_off", "user", user.id)
        emit("user.changed", user_id=user.id)
        mail.post_to(user, lambda: letters.second_factor(on=False))


def check(person: Person, code: str, client: Client, source: str = "web") -> None:
    """At sign-in. Raises Invalid for a wrong code, TooManyTries."""
    with acting(person.actor(source, ip=client.ip, user_agent=client.user_agent)):
        _check(person.id, code)


def confirm(code: str) -> None:
    """It is still the same person: opens what the company calls sensitive for some minutes."""
    _check_own(code)
    with transaction():
        _mark_session()
        audit("auth.confirm", "user", current_actor().user_id)


def _check_own(code: str) -> None:
    _check(_self().id, code)


def _check(user_id: uuid.UUID, code: str) -> None:
    _spend_try(user_id)
    with transaction():
        user = _locked(user_id)
        right = _is_totp(user, code) or _is_recovery(user, code)
        if not right:
            audit("auth.failed_code", "user", user_id)
    if not right:
        raise Invalid.field("code", _("O código não confere ou já foi usado."))
    throttle.clear(_key(user_id))


def _is_totp(user: User, code: str) -> bool:
    """Each code serves once, whoever looked over the shoulder."""
    step = _step_of(str(unseal(user.totp_secret)), code) if user.totp_secret else None
    if step is None or step <= (user.totp_step or 0):
        return False
    user.totp_step = step
    return True


def _step_of(secret: str, code: str) -> int | None:
    """Which half minute the code belongs to: now, or one before or after for clocks that differ."""
    plain, now = "".join(code.split()), int(clock.now().timestamp()) // SECONDS
    made = {step: pyotp.TOTP(secret).at(step * SECONDS) for step in (now - 1, now, now + 1)}
    return next((step for step, right in made.items() if same(right, plain)), None)


def _is_recovery(user: User, code: str) -> bool:
    left = list(unseal(user.recovery_codes) or [])
    wanted = _code_hash(code)
    if wanted not in left:
        return False
    left.remove(wanted)
    user.recovery_codes = seal(left)
    audit("auth.recovery_code", "user", user.id, {"left": len(left)})
    return True


def codes_left() -> int:
    return len(unseal(_self().recovery_codes) or [])


def _new_codes(user: User) -> list[str]:
    drawn = ["".join(secrets.choice(CODE_LETTERS) for _letter in range(10)) for _code in range(CODES)]
    codes = [f"{letters_[:5]}-{letters_[5:]}" for letters_ in drawn]
    user.recovery_codes = seal([_code_hash(code) for code in codes])
    return codes


def _code_hash(code: str) -> str:
    plain = "".join(char for char in code.lower() if char in CODE_LETTERS)
    return hashlib.sha256(plain.encode()).hexdigest()


def _mark_session() -> None:
    session_id = current_actor().session_id
    with transaction() as session:
        mine = update(UserSession).where(UserSession.id == session_id)
        session.execute(mine.values(confirmed_at=clock.now()).execution_options(synchronize_session=False))


def _spend_try(user_id: uuid.UUID) -> None:
    wait = throttle.hit(_key(user_id), TRIES)
    if wait:
        raise TooManyTries(wait)


def _key(user_id: uuid.UUID) -> str:
    return f"code:{user_id}"


def _locked(user_id: uuid.UUID) -> User:
    with transaction() as session:
        return session.get_one(User, user_id, with_for_update=True, populate_existing=True)


def _self() -> User:
    user_id = current_actor().user_id
    if user_id is None:
        raise Unauthorized
    return queries.get_user(user_id)
