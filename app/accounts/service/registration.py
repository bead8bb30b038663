"""Companies that register by themselves. Nothing exists before the address is proven: the letter carries all."""

import base64
from datetime import timedelta
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _

from app.accounts import queries
from app.accounts.rules import REGISTRATION_HOURS, is_email, normal_email
from app.accounts.service import companies, letters, mail, passwords, people
from app.accounts.service.sessions import NO_TENANT, Client, TooManyTries
from app.core import clock, throttle
from app.core.context import acting, system
from app.core.crypto import seal, unseal
from app.core.db import transaction
from app.core.errors import Conflict, FieldError, Invalid, NotFound
from app.core.hashing import hash_password

PER_ADDRESS = "5 per hour"


def ask(company: str, name: str, email: str, password: str, locale: str, client: Client) -> None:
    """The same answer whether or not the address has an account: its owner alone gets to know."""
    email = normal_email(email)
    errors = passwords.problems(password, email, name, company) + people.name_problems(name)
    if not 1 <= len(company.strip()) <= 120:
        errors.append(FieldError("company", _("Digite um nome de até 120 letras.")))
    if not is_email(email):
        errors.append(FieldError("email", _("O e-mail não parece certo.")))
    if errors:
        raise Invalid(errors=errors)
    wait = throttle.hit(f"register:ip:{client.ip}", PER_ADDRESS)
    if wait:
        raise TooManyTries(wait)
    wanted = {"company": company.strip(), "name": name.strip(), "email": email, "locale": locale}
    hashed = hash_password(password)
    with acting(system(NO_TENANT)), transaction():
        mail.ask("register", **wanted, password_hash=hashed)


def answer(question: dict[str, Any]) -> None:
    """In a worker."""
    with acting(system(NO_TENANT)), transaction(), force_locale(question["locale"]):
        if queries.find_sign_in(question["email"]):
            words = letters.already_registered()
        else:
            expires = clock.now() + timedelta(hours=REGISTRATION_HOURS)
            token = base64.urlsafe_b64encode(seal({**question, "expires": expires.timestamp()})).decode().rstrip("=")
            words = letters.confirm_registration(token, question["company"])
        mail.post(question["email"], words, question["locale"])


def read(token: str) -> dict[str, Any]:
    """What was asked for; raises NotFound for a link that is too old or not ours."""
    try:
        wanted = unseal(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        is_fresh = wanted["expires"] > clock.now().timestamp() and "password_hash" in wanted
    except (ValueError, TypeError, KeyError) as error:
        raise _gone() from error
    if not is_fresh:
        raise _gone()
    return dict(wanted)


def confirm(token: str) -> str:
    """The company and its admin, who signs in with the chosen password; the admin's address."""
    wanted = read(token)
    try:
        companies.create_company(
            wanted["company"],
            admin_email=wanted["email"],
            admin_name=wanted["name"],
            password_hash=wanted["password_hash"],
            locale=wanted["locale"],
        )
    except Conflict as error:
        raise Conflict(_("Este e-mail já está confirmado; é só entrar.")) from error
    return str(wanted["email"])


def _gone() -> NotFound:
    return NotFound(_("Este link já foi usado ou venceu. Registre-se de novo."))
