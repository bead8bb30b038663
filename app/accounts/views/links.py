"""Doors for who cannot sign in yet: a forgotten password, an invitation, a company of one's own."""

from flask import abort, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _

from app.accounts.forms import AcceptForm, ForgotForm, NewPasswordForm, RegisterForm
from app.accounts.service import invitations, links, recovery, registration
from app.accounts.views.sign_in import client
from app.core.errors import AppError, Conflict, Invalid, NotFound


def forgot() -> ResponseReturnValue:
    return render_template("accounts/forgot.html", form=ForgotForm(formdata=None))


def ask_reset() -> ResponseReturnValue:
    form = ForgotForm()
    if not form.validate():
        return render_template("accounts/forgot.html", form=form), 422
    try:
        recovery.ask(form.email.data, client())
    except AppError as error:
        form.refuse(error)
        return render_template("accounts/forgot.html", form=form), error.status
    return render_template("accounts/sent.html", kind="forgot", email=form.email.data)


def reset(token: str) -> ResponseReturnValue:
    try:
        email = links.get(token, "reset").email
    except NotFound as error:
        return _gone(error, url_for("accounts.forgot"), _("Pedir outro link"))
    return _private(
        render_template("accounts/reset.html", form=NewPasswordForm(formdata=None), token=token, email=email)
    )


def save_reset(token: str) -> ResponseReturnValue:
    form = NewPasswordForm()
    try:
        email = links.get(token, "reset").email
        if not form.validate():
            raise Invalid
        recovery.reset(token, form.password.data, client())
    except NotFound as error:
        return _gone(error, url_for("accounts.forgot"), _("Pedir outro link"))
    except Invalid as error:
        if error.errors:
            form.refuse(error)
        page = render_template("accounts/reset.html", form=form, token=token, email=email)
        return _private(page, 422)
    flash(_("Senha nova salva. Entre com ela."), "success")
    return redirect(url_for("accounts.login"), 303)


def invitation(token: str) -> ResponseReturnValue:
    try:
        link = links.get(token, "invite")
    except NotFound as error:
        return _gone(error, url_for("accounts.login"), _("Entrar"))
    known = "" if link.name == link.email else link.name
    form = AcceptForm(formdata=None, name=known)
    return _private(render_template("accounts/accept.html", form=form, link=link, token=token))


def accept(token: str) -> ResponseReturnValue:
    form = AcceptForm()
    try:
        link = links.get(token, "invite")
        if not form.validate():
            raise Invalid
        invitations.accept(token, form.name.data, form.password.data, client())
    except NotFound as error:
        return _gone(error, url_for("accounts.login"), _("Entrar"))
    except Invalid as error:
        if error.errors:
            form.refuse(error)
        return _private(render_template("accounts/accept.html", form=form, link=link, token=token), 422)
    flash(_("Tudo pronto. Entre com o seu e-mail e a senha que você escolheu."), "success")
    return redirect(url_for("accounts.login"), 303)


def register() -> ResponseReturnValue:
    _check_open()
    return render_template("accounts/register.html", form=RegisterForm(formdata=None))


def ask_registration() -> ResponseReturnValue:
    _check_open()
    form = RegisterForm()
    if not form.validate():
        return render_template("accounts/register.html", form=form), 422
    try:
        fields = (form.company.data, form.name.data, form.email.data, form.password.data)
        registration.ask(*fields, str(get_locale()), client())
    except AppError as error:
        form.refuse(error)
        return render_template("accounts/register.html", form=form), error.status
    return render_template("accounts/sent.html", kind="register", email=form.email.data)


def registration_link(token: str) -> ResponseReturnValue:
    """Opening the link creates nothing: mail programs open links by themselves."""
    _check_open()
    try:
        wanted = registration.read(token)
    except NotFound as error:
        return _gone(error, url_for("accounts.register"), _("Registrar de novo"))
    return _private(render_template("accounts/confirm_registration.html", wanted=wanted, token=token))


def confirm_registration(token: str) -> ResponseReturnValue:
    _check_open()
    try:
        registration.confirm(token)
    except NotFound as error:
        return _gone(error, url_for("accounts.register"), _("Registrar de novo"))
    except Conflict as error:
        return _gone(error, url_for("accounts.login"), _("Entrar"))
    flash(_("Empresa criada. Entre com o seu e-mail e a sua senha."), "success")
    return redirect(url_for("accounts.login"), 303)


def _check_open() -> None:
    if current_app.extensions["recado"].registration != "open":
        abort(404)


def _private(page: str, status: int = 200) -> ResponseReturnValue:
    """The address holds a secret: nobody is told where the reader came from, nothing is kept."""
    return page, status, {"Referrer-Policy": "no-referrer", "Cache-Control": "private, no-store"}


def _gone(error: AppError, href: str, label: str) -> ResponseReturnValue:
    page = render_template("accounts/gone.html", message=str(error.message), href=href, label=label)
    return _private(page, error.status)
