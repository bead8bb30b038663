"""HTML in: a voice, an account's credentials, the budget."""

from __future__ import annotations

import uuid
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, DecimalRangeField, IntegerField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional

from app.core.errors import AppError, Invalid
from app.speech.port import PITCHES, RATES, VOLUMES
from app.voice.models import VoiceConfig
from app.voice.rules.words import PROVIDERS

LANGUAGES = (
    ("pt-BR", _l("Português (Brasil)")),
    ("pt-PT", _l("Português (Portugal)")),
    ("en-US", _l("Inglês (EUA)")),
    ("es-ES", _l("Espanhol (Espanha)")),
    ("es-419", _l("Espanhol (América Latina)")),
)
# Google's own names; the first is what a voice note is heard on.
EFFECTS = (
    ("", _l("Nenhum")),
    ("handset-class-device", _l("Celular no ouvido")),
    ("small-bluetooth-speaker-class-device", _l("Caixinha Bluetooth")),
    ("headphone-class-device", _l("Fone de ouvido")),
    ("large-automotive-class-device", _l("Som do carro")),
    ("telephony-class-application", _l("Ligação de telefone")),
)
SSML = ("emphasis", "sentence_pause_ms", "style", "effects")
# What each provider asks for, in the words of its own pages.
CREDENTIALS: dict[str, tuple[tuple[str, object, bool], ...]] = {
    "google": (("service_account", _l("Chave da conta de serviço (o conteúdo do arquivo JSON)"), True),),
    "amazon": (
        ("access_key_id", "Access key ID", False),
        ("secret_access_key", "Secret access key", False),
        ("region", _l("Região (ex.: us-east-1)"), False),
    ),
    "azure": (("key", _l("Chave do recurso de fala"), False), ("region", _l("Região (ex.: brazilsouth)"), False)),
    "local": (),
}


def _choices(pairs: Any) -> list[SelectChoice]:
    return [SelectChoice(value, label) for value, label in pairs]


class VoiceForm(FlaskForm):
    name = StringField(_l("Nome"), description=_l("Só a equipe vê. Ex.: Voz da loja."))
    provider = SelectField(_l("Provedor"), choices=_choices(PROVIDERS.items()), default="local")
    language_code = SelectField(_l("Idioma"), choices=_choices(LANGUAGES), default="pt-BR", validate_choice=False)
    voice_id = SelectField(_l("Voz"), validate_choice=False)
    speaking_rate = DecimalRangeField(_l("Velocidade"), [Optional()], default=Decimal(1))
    pitch = DecimalRangeField(_l("Tom (semitons)"), [Optional()], default=Decimal(0))
    volume = DecimalRangeField(_l("Volume (dB)"), [Optional()], default=Decimal(0))
    emphasis = SelectField(
        _l("Ênfase"),
        choices=_choices(
            (("", _l("Normal")), ("reduced", _l("Leve")), ("moderate", _l("Média")), ("strong", _l("Forte")))
        ),
        validate_choice=False,
    )
    sentence_pause_ms = IntegerField(_l("Pausa entre frases"), [Optional()])
    style = StringField(_l("Estilo de fala"), description=_l("Só no Azure. Ex.: cheerful."))
    effects = SelectField(
        _l("Perfil de som"), choices=_choices(EFFECTS), validate_choice=False, description=_l("Só no Google.")
    )
    speaks_in_parts = BooleanField(_l("Falar em partes quando isso economiza"), default=True)
    fallback_id = SelectField(_l("Se o provedor falhar, usar"), validate_choice=False)
    is_default = BooleanField(_l("Voz padrão da empresa"))
    is_active = BooleanField(_l("Disponível para campanhas e conversas"), default=True)

    ranges: ClassVar = {"speaking_rate": (*RATES, 0.05), "pitch": (*PITCHES, 0.5), "volume": (*VOLUMES, 1)}

    @classmethod
    def of(cls, config: VoiceConfig) -> VoiceForm:
        names = ("name", "provider", "language_code", "voice_id", "speaks_in_parts", "is_default", "is_active")
        data = {name: getattr(config, name) for name in names}
        data |= {name: Decimal(str(getattr(config, name))) for name in ("speaking_rate", "pitch", "volume")}
        data |= {name: config.ssml_settings.get(name) for name in SSML}
        return cls(formdata=None, data={**data, "fallback_id": str(config.fallback_id or "")})

    def settings(self) -> dict[str, Any]:
        """How it speaks; what is left empty is plain."""
        ssml = {name: self[name].data for name in SSML}
        plain = {"speaking_rate": 1.0, "pitch": 0.0, "volume": 0.0}
        numbers = {
            name: float(self[name].data) if self[name].data is not None else value for name, value in plain.items()
        }
        return {
            "provider": self.provider.data or "local",
            "language_code": self.language_code.data or "pt-BR",
            "voice_id": self.voice_id.data or "",
            "ssml_settings": {name: value for name, value in ssml.items() if value not in (None, "", 0)},
            **numbers,
        }

    def fields(self) -> dict[str, Any]:
        return {
            **self.settings(),
            "name": self.name.data or "",
            "speaks_in_parts": bool(self.speaks_in_parts.data),
            "fallback_id": find_uuid(self.fallback_id.data),
            "is_default": bool(self.is_default.data),
            "is_active": bool(self.is_active.data),
        }

    def refuse(self, error: AppError) -> None:
        """The service's words beside the field they are about, else above the form."""
        for one in error.errors:
            name = one.field.removeprefix("ssml_settings.")
            if name in self:
                self[name].errors = [*self[name].errors, one.message]
            else:
                self.form_errors.append(one.message)
        if not error.errors:
            self.form_errors.append(str(error.message))


def find_uuid(value: object) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(value)) if value else None
    except ValueError:
        return None


def money_of(raw: str) -> Decimal | None:
    """`1.234,50`, `1234.50` or nothing. Raises Invalid."""
    plain = "".join(raw.split()).removeprefix("US$").removeprefix("$")
    if not plain:
        return None
    plain = plain.replace(".", "").replace(",", ".") if "," in plain else plain
    try:
        amount = Decimal(plain)
    except InvalidOperation as error:
        raise Invalid.field("monthly_usd", _("Informe um valor, como 25,00.")) from error
    if not amount.is_finite():
        raise Invalid.field("monthly_usd", _("Informe um valor, como 25,00."))
    return amount
