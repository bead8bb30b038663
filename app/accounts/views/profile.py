"""One's own settings."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from app.accounts import queries
from app.accounts.forms import ProfileForm
from app.accounts.service import people
from app.core.context import find_actor


def settings() -> ResponseReturnValue:
    return redirect(url_for("accounts.profile"))


def show() -> ResponseReturnValue:
    return _page()


def save() -> ResponseReturnValue:
    form = ProfileForm()
    if not form.validate():
        return _page(form), 422
    changes = {"name": form.name.data, "locale": form.locale.data}
    if "max_tickets" in request.form:
        changes["max_tickets"] = form.max_tickets.data
    people.update_own_settings(**changes)
    flash(_("Perfil salvo."), "success")
    return redirect(url_for("accounts.profile"), 303)


def _page(form: ProfileForm | None = None) -> str:
    me = queries.get_user(current_user.id)
    return render_template("accounts/profile.html", profile=form or ProfileForm(formdata=None, obj=me))


def keep_language(_sender: Any, locale: str) -> None:
    _keep(locale=locale)


def keep_theme(_sender: Any, theme: str) -> None:
    _keep(theme="auto" if theme == "system" else theme)


def _keep(**changes: str) -> None:
    """The cookie already has it; for who is signed in it also follows them to other browsers."""
    actor = find_actor()
    if actor is not None and actor.user_id is not None:
        people.update_own_settings(**changes)
