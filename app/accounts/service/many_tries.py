"""Somebody keeps guessing a password from many places: its owner is told, once a day; nobody is locked out."""

from typing import Any

from app.accounts import queries
from app.accounts.service import letters, mail
from app.core.audit import audit
from app.core.context import acting, system
from app.core.db import transaction


def answer(question: dict[str, Any]) -> None:
    """In a worker: most guessed addresses belong to nobody."""
    row = queries.find_sign_in(question["email"])
    if row is None or not row.is_active or not row.tenant_active:
        return
    with acting(system(row.tenant_id)), transaction():
        audit("auth.many_tries", "user", row.user_id)
        mail.post_to(queries.get_user(row.user_id), letters.many_tries)
