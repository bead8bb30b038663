"""HTML in."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import EmailField, HiddenField, PasswordField, SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, EqualTo, Length, Optional


class SignInForm(FlaskForm):
    email = EmailField(_l("E-mail"), [DataRequired(_l("Digite o seu e-mail.")), Length(max=254)])
    password = PasswordField(_l("Senha"), [DataRequired(_l("Digite a sua senha.")), Length(max=1000)])
    next = HiddenField()


class ProfileForm(FlaskForm):
    name = StringField(_l("Nome"), [DataRequired(_l("Digite o seu nome.")), Length(max=120)])
    locale = SelectField(_l("Idioma"), choices=[SelectChoice("pt_BR", "Português"), SelectChoice("en", "English")])


class PasswordForm(FlaskForm):
    current = PasswordField(_l("Senha atual"), [DataRequired(_l("Digite a senha atual.")), Length(max=1000)])
    new = PasswordField(_l("Senha nova"), [DataRequired(_l("Digite a senha nova.")), Length(max=1000)])
    again = PasswordField(_l("Senha nova, de novo"), [EqualTo("new", _l("As duas não são iguais."))])


class TokenForm(FlaskForm):
    name = StringField(_l("Nome"), [DataRequired(_l("Dê um nome ao token.")), Length(max=100)])
    days = SelectField(
        _l("Validade"),
        choices=[
            SelectChoice("30", _l("30 dias")),
            SelectChoice("90", _l("90 dias")),
            SelectChoice("365", _l("1 ano")),
            SelectChoice("0", _l("Sem validade")),
        ],
        default="90",
    )
    scopes = SelectMultipleField(_l("Permissões"), [Optional()])
