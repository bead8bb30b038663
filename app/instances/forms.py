"""HTML in."""

from datetime import time
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    IntegerField,
    SelectMultipleField,
    StringField,
    TelField,
    TextAreaField,
    TimeField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from app.instances.models import Instance
from app.instances.rules.pace import DAYS, Hours, Pace, WarmUp, read_pace

DAY_NAMES = (_l("Segunda"), _l("Terça"), _l("Quarta"), _l("Quinta"), _l("Sexta"), _l("Sábado"), _l("Domingo"))
_NEEDED = InputRequired(_l("Preencha este campo."))


class NewInstanceForm(FlaskForm):
    name = StringField(
        _l("Nome"),
        [DataRequired(_l("Dê um nome para reconhecer este número.")), Length(max=80)],
        description=_l("Como a equipe vai chamar este número. Ex.: Loja Centro, Suporte."),
    )
    description = StringField(_l("Descrição"), [Length(max=300)])


class SettingsForm(FlaskForm):
    name = StringField(_l("Nome"), [DataRequired(_l("Dê um nome para reconhecer este número.")), Length(max=80)])
    description = TextAreaField(_l("Descrição"), [Length(max=300)])
    is_active = BooleanField(
        _l("Número ativo"), description=_l("Pausado, ele continua conectado, mas nada sai por ele.")
    )

    @classmethod
    def of(cls, instance: Instance) -> "SettingsForm":
        return cls(
            formdata=None,
            data={
                "name": instance.name,
                "description": instance.description,
                "is_active": instance.is_active,
            },
        )


class PairingForm(FlaskForm):
    phone_number = TelField(
        _l("Telefone do WhatsApp"), [DataRequired(_l("Digite o telefone deste WhatsApp.")), Length(max=40)]
    )


class TestForm(FlaskForm):
    recipient = TelField(
        _l("Enviar para"), [DataRequired(_l("Digite o telefone que vai receber o teste.")), Length(max=40)]
    )


class PaceForm(FlaskForm):
    """The stored settings, flattened; what was never set shows its default."""

    delay_min_ms = IntegerField(_l("Intervalo mínimo"), [_NEEDED])
    delay_max_ms = IntegerField(_l("Intervalo máximo"), [_NEEDED])
    batch_size = IntegerField(_l("Mensagens por lote"), [_NEEDED])
    batch_pause_s = IntegerField(_l("Pausa entre lotes"), [_NEEDED])
    daily_cap = IntegerField(_l("Limite por dia"), [Optional()])
    warm_up = BooleanField(_l("Aquecer o número"))
    warm_up_start = IntegerField(_l("Mensagens no primeiro dia"), [Optional()], default=20)
    has_hours = BooleanField(_l("Enviar só em horário definido"))
    start = TimeField(_l("Das"), [Optional()])
    end = TimeField(_l("Até"), [Optional()])
    days = SelectMultipleField(_l("Dias"), choices=[], coerce=int)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.days.choices = [SelectChoice(day, name) for day, name in zip(DAYS, DAY_NAMES, strict=True)]

    @classmethod
    def of(cls, instance: Instance) -> "PaceForm":
        return cls(formdata=None, data=_flat(read_pace(instance.pace)))

    def settings(self) -> dict[str, Any]:
        """For the service: None puts a field back to its default."""
        return {
            "delay_min_ms": self.delay_min_ms.data,
            "delay_max_ms": self.delay_max_ms.data,
            "batch_size": self.batch_size.data,
            "batch_pause_s": self.batch_pause_s.data,
            "daily_cap": self.daily_cap.data,
            "warm_up": {"start": self.warm_up_start.data or 0, "growth": 1.5} if self.warm_up.data else None,
            "hours": self._hours() if self.has_hours.data else None,
        }

    def _hours(self) -> dict[str, Any]:
        start, end = (field.data.strftime("%H:%M") if field.data else "" for field in (self.start, self.end))
        return {"start": start, "end": end, "days": self.days.data or []}


def _flat(pace: Pace) -> dict[str, Any]:
    hours = pace.hours or Hours(time(8), time(18), frozenset(range(1, 6)))
    return {
        "delay_min_ms": pace.delay_min_ms,
        "delay_max_ms": pace.delay_max_ms,
        "batch_size": pace.batch_size,
        "batch_pause_s": int(pace.batch_pause_s),
        "daily_cap": pace.daily_cap,
        "warm_up": pace.warm_up is not None,
        "warm_up_start": (pace.warm_up or WarmUp(20)).start,
        "has_hours": pace.hours is not None,
        "start": hours.start,
        "end": hours.end,
        "days": sorted(hours.days),
    }
