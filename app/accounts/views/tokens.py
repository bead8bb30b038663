"""API tokens of the company."""

import uuid

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms.fields.choices import SelectChoice

from app.accounts import queries
from app.accounts.forms import TokenForm
from app.accounts.rules import PERMISSION_NAMES
from app.accounts.service import tokens
from app.accounts.service.tokens import NewToken
from app.core.context import current_actor
from app.core.errors import Invalid
from app.core.permissions import ALL, can, require


def index() -> ResponseReturnValue:
    require("tokens.manage")
    return _page(_form(empty=True))


def create() -> ResponseReturnValue:
    require("tokens.manage")
    form = _form()
    if not form.validate():
        return _page(form), 422
    try:
        made = tokens.create_token(
            form.name.data, scopes=form.scopes.data or None, expires_in_days=int(form.days.data) or None
        )
    except Invalid as error:
        form.name.errors = [item.message for item in error.errors]
        return _page(form), 422
    return _page(_form(empty=True), made), 201


def revoke(token_id: uuid.UUID) -> ResponseReturnValue:
    tokens.revoke_token(token_id)
    flash(_("Token revogado: quem o usava já não entra."), "success")
    return redirect(url_for("accounts.tokens"), 303)


def _form(*, empty: bool = False) -> TokenForm:
    form = TokenForm(formdata=None) if empty else TokenForm()
    mine = [name for name in sorted(ALL) if can(current_actor(), name)]
    form.scopes.choices = [SelectChoice(name, PERMISSION_NAMES.get(name, name)) for name in mine]
    return form


def _page(form: TokenForm, made: NewToken | None = None) -> str:
    listed = queries.list_api_tokens()
    return render_template("accounts/tokens.html", form=form, tokens=listed, made=made, names=PERMISSION_NAMES)
