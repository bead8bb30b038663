"""One's own settings."""

from typing import Any

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from app.accounts import queries
from app.accounts.forms import PasswordForm, ProfileForm
from app.accounts.rules import device
from app.accounts.service import people, sessions
from app.core.context import current_actor, find_actor
from app.core.errors import Invalid


def settings() -> ResponseReturnValue:
    return redirect(url_for("accounts.profile"))


def show() -> ResponseReturnValue:
    return _page()


def save() -> ResponseReturnValue:
    form = ProfileForm()
    if not form.validate():
        return _page(profile=form), 422
    people.update_own_settings(name=form.name.data, locale=form.locale.data)
    flash(_("Perfil salvo."), "success")
    return redirect(url_for("accounts.profile"), 303)


def change_password() -> ResponseReturnValue:
    form = PasswordForm()
    if not form.validate():
        return _page(password=form), 422
    try:
        people.change_own_password(form.current.data, form.new.data)
    except Invalid as error:
        for item in error.errors:
            form[item.field].errors = [item.message]
        return _page(password=form), 422
    flash(_("Senha trocada. Os outros aparelhos saíram da conta."), "success")
    return redirect(url_for("accounts.profile"), 303)


def end_sessions() -> ResponseReturnValue:
    actor = current_actor()
    if actor.user_id is not None:
        sessions.sign_out_everywhere(actor.user_id, but=actor.session_id)
    flash(_("Os outros aparelhos saíram da conta."), "success")
    return redirect(url_for("accounts.profile"), 303)


def _page(profile: ProfileForm | None = None, password: PasswordForm | None = None) -> str:
    return render_template(
        "accounts/profile.html",
        profile=profile or ProfileForm(formdata=None, name=current_user.name, locale=current_user.locale),
        password=password or PasswordForm(formdata=None),
        device=device,
        sessions=queries.list_own_sessions(),
        current_session=current_actor().session_id,
    )


def keep_language(_sender: Any, locale: str) -> None:
    _keep(locale=locale)


def keep_theme(_sender: Any, theme: str) -> None:
    _keep(theme="auto" if theme == "system" else theme)


def _keep(**changes: str) -> None:
    """The cookie already has it; for who is signed in it also follows them to other browsers."""
    actor = find_actor()
    if actor is not None and actor.user_id is not None:
        people.update_own_settings(**changes)
