"""Decisions about people that need no database."""

from app.core.hashing import MOST_BYTES

LEAST_PASSWORD = 8
THEMES = ("auto", "light", "dark")
LOCALES = ("pt_BR", "en")
SESSION_DAYS = 30
SEEN_EVERY_SECONDS = 60
TOKEN_PREFIX = "rcd_"


def normal_email(raw: str) -> str:
    return raw.strip().lower()


def password_problem(password: str, email: str = "") -> str | None:
    """`short`, `long`, `same_as_email` or None when it will do."""
    if len(password) < LEAST_PASSWORD:
        return "short"
    if len(password.encode()) > MOST_BYTES:
        return "long"
    return "same_as_email" if email and password.lower() in (email, email.split("@")[0]) else None
