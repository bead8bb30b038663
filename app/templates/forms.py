"""HTML in."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from app.templates.models import Template
from app.templates.rules import MAX_LENGTH
from app.templates.service.editing import MAX_NAME

CATEGORY_NAMES = {
    "marketing": _l("Marketing"),
    "utility": _l("Avisos"),
    "reply": _l("Respostas"),
    "authentication": _l("Códigos de acesso"),
}


class TemplateForm(FlaskForm):
    name = StringField(
        _l("Nome"),
        [DataRequired(_l("Dê um nome ao modelo.")), Length(max=MAX_NAME)],
        description=_l("Só a equipe vê. Ex.: Lembrete de pagamento."),
    )
    category = SelectField(
        _l("Para que serve"),
        choices=[SelectChoice(value, name) for value, name in CATEGORY_NAMES.items()],
        default="marketing",
    )
    content = TextAreaField(
        _l("Mensagem"),
        [DataRequired(_l("Escreva a mensagem.")), Length(max=MAX_LENGTH)],
        description=_l("Use *negrito*, _itálico_ e variáveis como {nome|cliente}: depois da barra vai o que aparece "
                       "quando o contato não tem o dado."),
        id="template-content",  # the page's own main part is called content
    )  # fmt: skip
    media_id = HiddenField()

    @classmethod
    def of(cls, template: Template) -> "TemplateForm":
        fields = ("name", "category", "content", "media_id")
        return cls(formdata=None, data={field: getattr(template, field) for field in fields})
