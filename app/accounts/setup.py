"""What a new installation needs before anybody can sign in."""

import secrets
from dataclasses import dataclass

from flask import current_app

from app.accounts import queries
from app.accounts.service import companies
from app.config import ConfigError
from app.core.errors import Invalid

COMPANY = "Minha empresa"
EMAIL = "admin@recado.local"


@dataclass(frozen=True)
class FirstAdmin:
    email: str
    password: str


def ensure_first_admin() -> FirstAdmin | None:
    """The admin whose made-up password has to be told now; None when there is nothing to tell."""
    if queries.list_tenants():
        return None
    config = current_app.extensions["recado"]
    email = config.admin_email or EMAIL
    made_up = "" if config.admin_password else secrets.token_urlsafe(12)
    try:
        companies.create_company(COMPANY, admin_email=email, admin_password=config.admin_password or made_up)
    except Invalid as error:
        raise ConfigError("ADMIN_EMAIL, ADMIN_PASSWORD: " + " ".join(item.message for item in error.errors)) from error
    return FirstAdmin(email, made_up) if made_up else None
