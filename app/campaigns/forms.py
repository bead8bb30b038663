"""The wizard's steps, HTML in."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    DateTimeLocalField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional

from app.campaigns.models import Campaign
from app.campaigns.rules.values import MAX_VARIATIONS
from app.core.errors import AppError
from app.instances.rules.pace import Pace

DAYS = (
    SelectChoice(1, _l("Seg")),
    SelectChoice(2, _l("Ter")),
    SelectChoice(3, _l("Qua")),
    SelectChoice(4, _l("Qui")),
    SelectChoice(5, _l("Sex")),
    SelectChoice(6, _l("Sáb")),
    SelectChoice(7, _l("Dom")),
)


def uuids(values: Iterable[str]) -> list[uuid.UUID]:
    """What is no id was never offered."""
    found = []
    for value in values:
        try:
            found.append(uuid.UUID(value))
        except ValueError:
            continue
    return found


class AudienceForm(FlaskForm):
    """Step 1. What came from a sheet or from an earlier campaign stays beside what is chosen here."""

    name = StringField(_l("Nome da campanha"), description=_l("Só a sua equipe vê."))
    list_id = SelectField(_l("Lista"), validate_choice=False)
    group_ids = SelectMultipleField(_l("Grupos"), validate_choice=False)
    tag_ids = SelectMultipleField(_l("Etiquetas"), validate_choice=False)
    skip_recent = BooleanField(_l("Deixar de fora quem recebeu mensagem nas últimas 24 h"))

    @classmethod
    def of(cls, campaign: Campaign | None) -> AudienceForm:
        if campaign is None:
            return cls(formdata=None)
        return cls(formdata=None, data={"name": campaign.name, **campaign.audience})

    def audience(self, before: dict[str, Any]) -> dict[str, Any]:
        kept = {key: before[key] for key in ("import_id", "from_campaign", "contact_ids") if before.get(key)}
        return kept | {
            "list_id": next(iter(uuids([self.list_id.data or ""])), None),
            "group_ids": uuids(self.group_ids.data or ()),
            "tag_ids": uuids(self.tag_ids.data or ()),
            "skip_recent": bool(self.skip_recent.data),
        }


class MessageForm(FlaskForm):
    """Step 2. A template is taken over by a button, so that the text stays one's own."""

    message = TextAreaField(_l("Mensagem"))
    variation_1 = TextAreaField(_l("Versão 2"))
    variation_2 = TextAreaField(_l("Versão 3"))
    variation_3 = TextAreaField(_l("Versão 4"))
    variation_4 = TextAreaField(_l("Versão 5"))
    media_id = HiddenField()
    media_url = StringField(
        _l("ou o endereço de um arquivo na internet"), description=_l("https://… de imagem, vídeo, áudio ou PDF.")
    )
    template_id = SelectField(_l("Modelo"), validate_choice=False)
    tts_config_id = SelectField(
        _l("Voz"),
        description=_l("A campanha sai como mensagem de voz: cada pessoa ouve o próprio texto."),
        validate_choice=False,
    )

    @classmethod
    def of(cls, campaign: Campaign) -> MessageForm:
        texts = {f"variation_{at}": text for at, text in enumerate(campaign.variations, 1)}
        fields = {"message": campaign.message, "media_id": campaign.media_id, "media_url": campaign.media_url}
        return cls(
            formdata=None,
            data={**fields, **texts, "template_id": campaign.template_id, "tts_config_id": campaign.tts_config_id},
        )

    def variations(self) -> list[Any]:
        return [self[f"variation_{at}"] for at in range(1, MAX_VARIATIONS)]

    def fields(self) -> dict[str, Any]:
        return {
            "message": self.message.data or "",
            "variations": [field.data or "" for field in self.variations()],
            "media_id": next(iter(uuids([self.media_id.data or ""])), None),
            "media_url": (self.media_url.data or "").strip() or None,
            "tts_config_id": next(iter(uuids([self.tts_config_id.data or ""])), None),
        }


class PaceForm(FlaskForm):
    """How fast one campaign goes; empty fields follow the number. Hours are the company's local time."""

    delay_min_ms = IntegerField(_l("Intervalo mínimo"), [Optional()])
    delay_max_ms = IntegerField(_l("Intervalo máximo"), [Optional()])
    batch_size = IntegerField(_l("Mensagens por lote"), [Optional()])
    batch_pause_s = IntegerField(_l("Pausa entre lotes"), [Optional()])
    daily_cap = IntegerField(_l("No máximo por dia, por número"), [Optional()])

    @classmethod
    def of(cls, campaign: Campaign) -> PaceForm:
        return cls(formdata=None, data=campaign.settings)

    def settings(self, before: dict[str, Any]) -> dict[str, Any]:
        """The hours stay as they were."""
        names = ("delay_min_ms", "delay_max_ms", "batch_size", "batch_pause_s", "daily_cap")
        given = {name: self[name].data for name in names} | {"hours": before.get("hours")}
        return {key: value for key, value in given.items() if value is not None}


class NumbersForm(FlaskForm):
    """Step 3: who sends, how fast, when. Hours are the company's local time."""

    instance_ids = SelectMultipleField(_l("Números que enviam"), validate_choice=False)
    own_pace = RadioField(
        _l("Ritmo"),
        choices=[
            SelectChoice("", _l("O ritmo de cada número")),
            SelectChoice("1", _l("Um ritmo só para esta campanha")),
        ],
        default="",
    )
    delay_min_ms = IntegerField(_l("Intervalo mínimo"), [Optional()], default=Pace.delay_min_ms)
    delay_max_ms = IntegerField(_l("Intervalo máximo"), [Optional()], default=Pace.delay_max_ms)
    batch_size = IntegerField(_l("Mensagens por lote"), [Optional()], default=Pace.batch_size)
    batch_pause_s = IntegerField(_l("Pausa entre lotes"), [Optional()], default=int(Pace.batch_pause_s))
    daily_cap = IntegerField(_l("No máximo por dia, por número"), [Optional()])
    has_hours = BooleanField(_l("Enviar só em horário definido"))
    start = TimeField(_l("Das"), [Optional()])
    end = TimeField(_l("Até"), [Optional()])
    days = SelectMultipleField(_l("Dias"), choices=list(DAYS), coerce=int)
    when = RadioField(
        _l("Quando"), choices=[SelectChoice("now", _l("Agora")), SelectChoice("later", _l("Agendar"))], default="now"
    )
    scheduled_at = DateTimeLocalField(_l("Dia e hora"), [Optional()], format="%Y-%m-%dT%H:%M")

    @classmethod
    def of(cls, campaign: Campaign, instance_ids: Iterable[uuid.UUID], zone: str) -> NumbersForm:
        settings = campaign.settings
        hours = settings.get("hours") or {}
        data = {key: value for key, value in settings.items() if key != "hours"} | {
            "instance_ids": [str(one) for one in instance_ids],
            "own_pace": "1" if "delay_min_ms" in settings else "",
            "has_hours": bool(hours),
            "start": _time(hours.get("start", "08:00")),
            "end": _time(hours.get("end", "20:00")),
            "days": hours.get("days") or [1, 2, 3, 4, 5, 6],
            "when": "later" if campaign.scheduled_at else "now",
            "scheduled_at": campaign.scheduled_at.astimezone(ZoneInfo(zone)) if campaign.scheduled_at else None,
        }
        return cls(formdata=None, data=data)

    def settings(self) -> dict[str, Any]:
        pace = ("delay_min_ms", "delay_max_ms", "batch_size", "batch_pause_s")
        own = {key: self[key].data for key in pace} if self.own_pace.data else {}
        own["daily_cap"] = self.daily_cap.data
        if self.has_hours.data:
            own["hours"] = {
                "start": _text(self.start.data),
                "end": _text(self.end.data),
                "days": sorted(self.days.data or []),
            }
        return {key: value for key, value in own.items() if value is not None}

    def numbers(self) -> list[uuid.UUID]:
        return uuids(self.instance_ids.data or ())

    def starts_at(self, zone: str) -> datetime | None:
        """None = as soon as it is launched."""
        if self.when.data != "later" or self.scheduled_at.data is None:
            return None
        return self.scheduled_at.data.replace(tzinfo=ZoneInfo(zone))

    def wants_a_time(self) -> bool:
        """Says so itself when the time is missing."""
        if self.when.data == "later" and self.scheduled_at.data is None:
            self.scheduled_at.errors = [*self.scheduled_at.errors, _("Escolha o dia e a hora.")]
            return True
        return False


class LaunchForm(FlaskForm):
    """The person types how many people will get it."""

    typed = StringField(_l("Digite o número de pessoas para confirmar"))

    def count(self) -> int | None:
        """`1.240` and `1240` are the same answer."""
        digits = "".join(char for char in self.typed.data or "" if not char.isspace() and char != ".")
        return int(digits) if digits.isdigit() and len(digits) < 10 else None


class TestForm(FlaskForm):
    phone = StringField(_l("Enviar um teste para"))
    contact_id = HiddenField()


def refuse(form: FlaskForm, error: AppError) -> None:
    """Put the service's words beside the field they are about, else above the form."""
    placed = False
    for one in error.errors:
        name = _field_name(one.field)
        if name in form:
            form[name].errors = [*form[name].errors, one.message]
            placed = True
    if not placed:
        form.form_errors.append(str(error.message))


def _field_name(path: str) -> str:
    head, _dot, tail = path.partition(".")
    if head == "variations":
        return f"variation_{int(tail) + 1}" if tail.isdigit() else "variation_4"
    if path == "audience":
        return "list_id"
    return ("has_hours" if tail == "hours" else tail) if head in ("settings", "audience") else path


def _time(value: str) -> Any:
    return datetime.strptime(value, "%H:%M").time()  # noqa: DTZ007 - a wall clock's time has no zone


def _text(value: Any) -> str:
    return value.strftime("%H:%M") if value else ""
