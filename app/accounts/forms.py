"""HTML in."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    EmailField,
    HiddenField,
    IntegerField,
    PasswordField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, EqualTo, Length, NumberRange, Optional

from app.core.errors import AppError
from app.ui.navigation import ROLES

ROLE_CHOICES = [SelectChoice(name, label) for name, label in ROLES.items()]
LANGUAGES = [SelectChoice("pt_BR", "Português"), SelectChoice("en", "English")]


class Form(FlaskForm):
    def refuse(self, error: AppError) -> None:
        """Put the service's words beside the field they are about; the rest above the form."""
        for one in error.errors:
            if one.field in self:
                self[one.field].errors = [*self[one.field].errors, one.message]
        if not any(one.field in self for one in error.errors):
            self.form_errors.append(str(error.message))


class SignInForm(Form):
    email = EmailField(_l("E-mail"), [DataRequired(_l("Digite o seu e-mail.")), Length(max=254)])
    password = PasswordField(_l("Senha"), [DataRequired(_l("Digite a sua senha.")), Length(max=1000)])
    next = HiddenField()


class CodeForm(Form):
    code = StringField(_l("Código"), [DataRequired(_l("Digite o código.")), Length(max=40)])
    next = HiddenField()


class ForgotForm(Form):
    email = EmailField(_l("E-mail"), [DataRequired(_l("Digite o seu e-mail.")), Length(max=254)])


class NewPasswordForm(Form):
    password = PasswordField(_l("Senha nova"), [DataRequired(_l("Digite a senha nova.")), Length(max=1000)])
    again = PasswordField(_l("Senha nova, de novo"), [EqualTo("password", _l("As duas não são iguais."))])


class AcceptForm(Form):
    name = StringField(_l("Seu nome"), [DataRequired(_l("Digite o seu nome.")), Length(max=120)])
    password = PasswordField(_l("Escolha uma senha"), [DataRequired(_l("Escolha uma senha.")), Length(max=1000)])
    again = PasswordField(_l("A senha, de novo"), [EqualTo("password", _l("As duas não são iguais."))])


class RegisterForm(AcceptForm):
    company = StringField(_l("Nome da empresa"), [DataRequired(_l("Digite o nome da empresa.")), Length(max=120)])
    email = EmailField(_l("E-mail"), [DataRequired(_l("Digite o seu e-mail.")), Length(max=254)])


class ProfileForm(Form):
    name = StringField(_l("Nome"), [DataRequired(_l("Digite o seu nome.")), Length(max=120)])
    locale = SelectField(_l("Idioma"), choices=LANGUAGES)
    max_tickets = IntegerField(
        _l("Conversas ao mesmo tempo"), [Optional(), NumberRange(0, 1000, _l("Use um número de 0 a 1000."))]
    )


class PasswordForm(Form):
    current = PasswordField(_l("Senha atual"), [DataRequired(_l("Digite a senha atual.")), Length(max=1000)])
    new = PasswordField(_l("Senha nova"), [DataRequired(_l("Digite a senha nova.")), Length(max=1000)])
    again = PasswordField(_l("Senha nova, de novo"), [EqualTo("new", _l("As duas não são iguais."))])


class InviteForm(Form):
    email = EmailField(_l("E-mail"), [DataRequired(_l("Digite o e-mail da pessoa.")), Length(max=254)])
    name = StringField(_l("Nome"), [Optional(), Length(max=120)])
    role = SelectField(_l("Perfil"), choices=ROLE_CHOICES, default="agent")


class PersonForm(Form):
    name = StringField(_l("Nome"), [DataRequired(_l("Digite um nome de até 120 letras.")), Length(max=120)])
    role = SelectField(_l("Perfil"), choices=ROLE_CHOICES)
    max_tickets = IntegerField(
        _l("Conversas ao mesmo tempo"), [Optional(), NumberRange(0, 1000, _l("Use um número de 0 a 1000."))]
    )
    permissions = SelectMultipleField(_l("Permissões além do perfil"), [Optional()])


class CompanyForm(Form):
    name = StringField(_l("Nome da empresa"), [DataRequired(_l("Digite o nome da empresa.")), Length(max=120)])
    timezone = StringField(_l("Fuso horário"), [DataRequired(_l("Escolha o fuso horário.")), Length(max=60)])
    locale = SelectField(_l("Idioma da empresa"), choices=LANGUAGES)
    area_code = StringField(_l("DDD"), [Optional(), Length(max=2)])
    has_hours = BooleanField(_l("A empresa atende só em horário definido"))
    start = StringField(_l("Das"), [Optional()])
    end = StringField(_l("Até"), [Optional()])
    days = SelectMultipleField(_l("Dias"), [Optional()], coerce=int)
    audit_days = IntegerField(_l("Guardar o registro de ações por"), [Optional()])
    messages_months = IntegerField(_l("Guardar mensagens por"), [Optional()])


class SafetyForm(Form):
    idle_minutes = IntegerField(_l("Sair depois de tanto tempo parado"), [Optional()])
    required_roles = SelectMultipleField(_l("Perfis que precisam das duas etapas"), choices=ROLE_CHOICES)
    confirm = SelectMultipleField(
        _l("Ações que pedem o código de novo"),
        choices=[
            SelectChoice("export", _l("Exportar dados")),
            SelectChoice("tokens", _l("Criar token de API")),
            SelectChoice("roles", _l("Mudar perfil ou permissões de alguém")),
        ],
    )


class TokenForm(Form):
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
