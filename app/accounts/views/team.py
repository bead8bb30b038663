"""The people of the company."""

import uuid
from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms.fields.choices import SelectChoice

from app.accounts import queries
from app.accounts.forms import InviteForm, PersonForm
from app.accounts.rules import PERMISSION_NAMES
from app.accounts.service import invitations, second_factor, team
from app.accounts.service.invitations import Invitation
from app.core.errors import Conflict, Forbidden, Invalid
from app.core.permissions import ALL, ROLES, ConfirmationNeeded, require


def index() -> ResponseReturnValue:
    require("users.manage")
    return _list_page(InviteForm(formdata=None))


def invite() -> ResponseReturnValue:
    require("users.manage")
    form = InviteForm()
    if not form.validate():
        return _list_page(form), 422
    try:
        made = invitations.invite(form.email.data, form.name.data or "", form.role.data)
    except (Invalid, Conflict, Forbidden) as error:
        form.refuse(error)
        return _list_page(form), error.status
    return _invited(made)


def resend(user_id: uuid.UUID) -> ResponseReturnValue:
    return _invited(invitations.resend(user_id))


def _invited(made: Invitation) -> ResponseReturnValue:
    if made.link:  # no mail server: this is the only moment the link exists
        return _list_page(InviteForm(formdata=None), made), 201
    flash(_("Convite enviado para %(email)s.", email=made.user.email), "success")
    return redirect(url_for("accounts.team"), 303)


def edit(user_id: uuid.UUID) -> ResponseReturnValue:
    require("users.manage")
    user = queries.get_user(user_id)
    return _person_page(user, _filled(PersonForm(formdata=None, obj=user)))


def save(user_id: uuid.UUID) -> ResponseReturnValue:
    require("users.manage")
    user, form = queries.get_user(user_id), _filled(PersonForm())
    if not form.validate():
        return _person_page(user, form), 422
    changes: dict[str, Any] = {name: form[name].data for name in ("name", "role", "max_tickets")}
    # What the role has anyway isn't granted a second time.
    changes["permissions"] = [name for name in form.permissions.data or [] if name not in ROLES[form.role.data]]
    try:
        team.update(user_id, changes)
    except ConfirmationNeeded:
        raise
    except (Invalid, Conflict, Forbidden) as error:
        form.refuse(error)
        return _person_page(queries.get_user(user_id), form), error.status
    flash(_("Pessoa salva. Vale desde já."), "success")
    return redirect(url_for("accounts.team"), 303)


def deactivate(user_id: uuid.UUID) -> ResponseReturnValue:
    return _after(team.deactivate, user_id, _("Pessoa desativada: ela já saiu de todos os aparelhos."))


def activate(user_id: uuid.UUID) -> ResponseReturnValue:
    return _after(team.activate, user_id, _("Pessoa ativada: ela já pode entrar."))


def reset_second_factor(user_id: uuid.UUID) -> ResponseReturnValue:
    return _after(second_factor.reset_for, user_id, _("Duas etapas desligadas: a pessoa entra só com a senha."))


def _after(verb: Callable[[uuid.UUID], None], user_id: uuid.UUID, words: str) -> ResponseReturnValue:
    verb(user_id)
    flash(words, "success")
    return redirect(url_for("accounts.edit_person", user_id=user_id), 303)


def _filled(form: PersonForm) -> PersonForm:
    form.permissions.choices = [SelectChoice(name, PERMISSION_NAMES.get(name, name)) for name in sorted(ALL)]
    return form


def _list_page(form: InviteForm, made: Invitation | None = None) -> str:
    return render_template("accounts/team.html", form=form, made=made, people=queries.list_team())


def _person_page(user: Any, form: PersonForm) -> str:
    return render_template("accounts/person.html", form=form, person=user, roles=ROLES)
