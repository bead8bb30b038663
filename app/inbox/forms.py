"""What the pages of the inbox send: filters of the list, and the fields of its verbs."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import get_timezone
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    HiddenField,
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional

from app.core.errors import AppError, Invalid
from app.inbox.models import PRIORITIES, STATUSES, Queue, QuickReply
from app.inbox.queries import TicketFilter
from app.inbox.queries.filters import ANY

TABS = ("mine", "waiting", "all")
NAMES = ("q", "queue", "tag", "user", "instance", "status", "priority", "unread", "mentioned", "order", "from", "to")
NONE = "none"


def tab_of(args: Mapping[str, str]) -> str:
    return args["tab"] if args.get("tab") in TABS else "mine"


def filters_of(args: Mapping[str, str]) -> TicketFilter:
    """What isn't understood narrows nothing."""
    return TicketFilter(
        q=args.get("q", "").strip()[:200],
        queue_id=find_uuid(args.get("queue")),
        has_no_queue=args.get("queue") == NONE,
        tag_id=find_uuid(args.get("tag")),
        user_id=find_uuid(args.get("user")),
        instance_id=find_uuid(args.get("instance")),
        status=_one_of(args.get("status"), (*STATUSES, ANY)),
        priority=_one_of(args.get("priority"), PRIORITIES),
        unread=args.get("unread") == "1",
        mentioned=args.get("mentioned") == "1",
        oldest_first=args.get("order") == "oldest",
        since=_day(args.get("from")),
        until=_day(args.get("to"), end=True),
    )


def kept(args: Mapping[str, str]) -> dict[str, str]:
    """The filters that are set, as they stand in the address."""
    return {name: args[name] for name in NAMES if args.get(name)}


def find_uuid(value: object) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(value)) if value else None
    except ValueError:
        return None


def uuids(values: Iterable[str]) -> list[uuid.UUID]:
    return [found for found in map(find_uuid, values) if found]


def local_moment(value: str | None) -> datetime | None:
    """A `datetime-local` field, in the company's zone. Raises Invalid."""
    if not value:
        return None
    try:
        return datetime.fromisoformat(value).replace(tzinfo=_zone())
    except ValueError as error:
        raise Invalid.field("send_after", _("Escolha o dia e a hora")) from error


def _one_of(value: str | None, known: Iterable[str]) -> str:
    return value if value in known else ""  # type: ignore[return-value]


def _day(value: str | None, *, end: bool = False) -> datetime | None:
    try:
        day = datetime.fromisoformat(value or "").date()
    except ValueError:
        return None
    return datetime.combine(day + timedelta(days=1) if end else day, time(), _zone())


def _zone() -> ZoneInfo:
    return ZoneInfo(str(get_timezone()))


DAYS = (
    SelectChoice(1, _l("Segunda")),
    SelectChoice(2, _l("Terça")),
    SelectChoice(3, _l("Quarta")),
    SelectChoice(4, _l("Quinta")),
    SelectChoice(5, _l("Sexta")),
    SelectChoice(6, _l("Sábado")),
    SelectChoice(7, _l("Domingo")),
)


def _refuse(form: FlaskForm, error: AppError) -> None:
    """Put the service's words beside the field they are about."""
    for one in error.errors:
        if one.field in form:
            form[one.field].errors = [*form[one.field].errors, one.message]
    if not error.errors:
        form.form_errors.append(str(error.message))


class QueueForm(FlaskForm):
    name = StringField(_l("Nome"))
    description = StringField(_l("Descrição"))
    color = StringField(_l("Cor"), default="teal")
    greeting = TextAreaField(_l("Saudação"))
    away_message = TextAreaField(_l("Mensagem fora do horário"))
    distribution = SelectField(
        _l("Quem recebe as conversas"),
        choices=[
            SelectChoice("manual", _l("Cada um aceita as suas")),
            SelectChoice("round_robin", _l("Uma para cada, em rodízio")),
            SelectChoice("least_busy", _l("Quem tem menos conversas")),
        ],
    )
    priority = IntegerField(_l("Ordem"), [Optional()], default=0)
    is_active = BooleanField(_l("Fila em uso"), default=True)
    has_hours = BooleanField(_l("Atender só em horário definido"))
    start = TimeField(_l("Das"), [Optional()], default=time(8))
    end = TimeField(_l("Até"), [Optional()], default=time(18))
    days = SelectMultipleField(_l("Dias"), choices=DAYS, coerce=int, default=[1, 2, 3, 4, 5])

    @classmethod
    def of(cls, queue: Queue) -> "QueueForm":
        hours = queue.hours or {}
        shown = {"start": time.fromisoformat(hours.get("start", "08:00")), "has_hours": bool(hours)}
        shown |= {"end": time.fromisoformat(hours.get("end", "18:00")), "days": hours.get("days") or [1, 2, 3, 4, 5]}
        return cls(formdata=None, obj=queue, data=shown)

    def fields(self) -> dict[str, Any]:
        """For the service. Without hours the queue is always open."""
        names = ("name", "description", "color", "greeting", "away_message", "distribution", "is_active")
        found = {name: self[name].data for name in names}
        return {**found, "priority": self.priority.data or 0, "hours": self._hours() if self.has_hours.data else {}}

    def _hours(self) -> dict[str, Any]:
        start, end = (field.data.strftime("%H:%M") if field.data else "" for field in (self.start, self.end))
        return {"start": start, "end": end, "days": self.days.data or []}

    refuse = _refuse


class QuickReplyForm(FlaskForm):
    shortcut = StringField(_l("Atalho"))
    content = TextAreaField(
        _l("Texto"),
        description=_l("{nome}, {primeiro_nome}, {atendente}, {empresa} e os campos do contato são preenchidos."),
        id="reply-content",  # the page's own main part is called content
    )
    category = StringField(_l("Categoria"), description=_l("Junta as parecidas. Ex.: Pagamento."))
    media_id = HiddenField(_l("Arquivo"))
    is_own = BooleanField(_l("Só para mim"))

    @classmethod
    def of(cls, reply: QuickReply) -> "QuickReplyForm":
        return cls(formdata=None, obj=reply)

    def fields(self) -> dict[str, Any]:
        found = {name: self[name].data or "" for name in ("shortcut", "content", "category")}
        return {**found, "media_id": find_uuid(self.media_id.data)}

    refuse = _refuse


def attending(form: Mapping[str, str], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The settings page: an unticked box says no, a number that is none is refused with Invalid."""
    found: dict[str, Any] = {}
    for name, usual in defaults.items():
        if isinstance(usual, bool):
            found[name] = form.get(name) == "1"
        elif name in form:
            found[name] = form[name].strip() if isinstance(usual, str) else _number(name, form[name])
    return found


def _number(name: str, value: str) -> float:
    try:
        return float(value.replace(",", ".") or 0)
    except ValueError as error:
        raise Invalid.field(name, _("Use um número")) from error
