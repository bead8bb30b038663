"""HTML in."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import EmailField, HiddenField, PasswordField
from wtforms.validators import DataRequired, Length


class SignInForm(FlaskForm):
    email = EmailField(_l("E-mail"), [DataRequired(_l("Digite o seu e-mail.")), Length(max=254)])
    password = PasswordField(_l("Senha"), [DataRequired(_l("Digite a sua senha.")), Length(max=1000)])
    next = HiddenField()
