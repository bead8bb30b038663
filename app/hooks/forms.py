"""HTML in."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, SelectField, SelectMultipleField, StringField
from wtforms.validators import DataRequired, Length


class WebhookForm(FlaskForm):
    url = StringField(_l("Endereço"), [DataRequired(_l("Digite o endereço que recebe os avisos.")), Length(max=2000)])
    description = StringField(_l("Descrição"), [Length(max=200)])
    instance_id = SelectField(_l("Número"), default="")
    events = SelectMultipleField(_l("Eventos"), [DataRequired(_l("Escolha pelo menos um evento."))])
    is_active = BooleanField(_l("Ligado"), default=True)
