"""One's own safety: password, second factor, where one is signed in; and the second look before sensitive actions."""

import base64
import io
import uuid
from typing import Any

import segno
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from app.accounts import queries
from app.accounts.forms import CodeForm, PasswordForm
from app.accounts.rules import device
from app.accounts.service import people, second_factor, sessions
from app.accounts.views import sign_in
from app.core.context import current_actor
from app.core.errors import AppError, Invalid, TooMany
from app.ui import i18n


def show() -> ResponseReturnValue:
    return _page()


def change_password() -> ResponseReturnValue:
    form = PasswordForm()
    if not form.validate():
        return _page(form), 422
    try:
        people.change_own_password(form.current.data, form.new.data)
    except (Invalid, TooMany) as error:
        form.refuse(error)
        return _page(form), error.status
    flash(_("Senha trocada. Os outros aparelhos saíram da conta."), "success")
    return redirect(url_for("accounts.security"), 303)


def end_session(session_id: uuid.UUID) -> ResponseReturnValue:
    sessions.end_own(session_id)
    flash(_("Esse aparelho saiu da conta."), "success")
    return redirect(url_for("accounts.security"), 303)


def end_sessions() -> ResponseReturnValue:
    sessions.end_others()
    flash(_("Os outros aparelhos saíram da conta."), "success")
    return redirect(url_for("accounts.security"), 303)


def set_up() -> ResponseReturnValue:
    if current_user.has_totp:
        return redirect(url_for("accounts.security"))
    return _set_up_page(CodeForm(formdata=None))


def enable() -> ResponseReturnValue:
    form = CodeForm()
    if not form.validate():
        return _set_up_page(form), 422
    try:
        codes = second_factor.enable(form.code.data)
    except (Invalid, TooMany) as error:
        form.refuse(error)
        return _set_up_page(form), error.status
    return render_template("accounts/recovery_codes.html", codes=codes)


def renew_codes() -> ResponseReturnValue:
    return _with_code(
        lambda code: render_template("accounts/recovery_codes.html", codes=second_factor.renew_codes(code))
    )


def disable() -> ResponseReturnValue:
    def switch_off(code: str) -> ResponseReturnValue:
        second_factor.disable(code)
        flash(_("Verificação em duas etapas desligada."), "success")
        return redirect(url_for("accounts.security"), 303)

    return _with_code(switch_off)


def _with_code(act: Any) -> ResponseReturnValue:
    try:
        return act(request.form.get("code", "")[:40])
    except AppError as error:
        flash(str(error.message), "error")
        return redirect(url_for("accounts.security"), 303)


def ask_confirmation() -> ResponseReturnValue:
    if not current_user.has_totp:
        flash(_("Esta ação pede a verificação em duas etapas. Ligue-a para continuar."), "warning")
        return redirect(url_for("accounts.set_up_second_factor"))
    return render_template("accounts/confirm.html", form=CodeForm(formdata=None, next=request.args.get("next", "")))


def confirm() -> ResponseReturnValue:
    form = CodeForm()
    if not form.validate():
        return render_template("accounts/confirm.html", form=form), 422
    try:
        second_factor.confirm(form.code.data)
    except (Invalid, TooMany) as error:
        form.refuse(error)
        return render_template("accounts/confirm.html", form=form), error.status
    flash(_("Confirmado. Repita a ação: por 10 minutos não perguntamos de novo."), "success")
    return redirect(i18n.safe_next(form.next.data), 303)


def _page(password: PasswordForm | None = None) -> str:
    return render_template(
        "accounts/security.html",
        password=password or PasswordForm(formdata=None),
        device=device,
        sessions=queries.list_own_sessions(),
        identities=queries.list_own_identities(),
        current_session=current_actor().session_id,
        providers=sign_in.providers(),
        codes_left=second_factor.codes_left() if current_user.has_totp else 0,
    )


def _set_up_page(form: CodeForm) -> str:
    secret = second_factor.begin()
    picture = io.BytesIO()
    segno.make(secret.uri, error="m").save(picture, kind="png", scale=5, border=3)
    grouped = " ".join(secret.text[at : at + 4] for at in range(0, len(secret.text), 4))
    return render_template("accounts/second_factor.html", form=form, qr=_data_uri(picture.getvalue()), secret=grouped)


def _data_uri(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()
