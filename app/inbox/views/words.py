"""What the inbox calls things."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from flask_babel import format_datetime, to_user_timezone
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core import clock
from app.inbox.queries import ThreadEvent
from app.messages.models import Message
from app.ui.filters import as_date, as_datetime, as_time, long_date

TYPES = {
    "image": _l("Foto"),
    "video": _l("Vídeo"),
    "audio": _l("Áudio"),
    "voice": _l("Mensagem de voz"),
    "document": _l("Documento"),
    "sticker": _l("Figurinha"),
    "location": _l("Localização"),
    "contact": _l("Contato"),
    "reaction": _l("Reação"),
    "button": _l("Resposta de botão"),
    "poll": _l("Enquete"),
    "unsupported": _l("Mensagem que o WhatsApp não deixa mostrar aqui"),
}
TYPE_ICONS = {
    "image": "photo",
    "video": "video",
    "audio": "music",
    "voice": "microphone",
    "document": "file",
    "sticker": "sticker",
    "location": "map-pin",
    "contact": "user-circle",
    "reaction": "heart",
    "poll": "chart-bar",
    "unsupported": "help",
}
PRIORITIES = {"low": _l("Baixa"), "medium": _l("Normal"), "high": _l("Alta"), "urgent": _l("Urgente")}
PRIORITY_TONES = {"low": "neutral", "medium": "neutral", "high": "warning", "urgent": "danger"}
STATUSES = {"pending": _l("Aguardando"), "open": _l("Em atendimento"), "closed": _l("Encerrada")}
CHOICES = {**STATUSES, "any": _l("Todas, também encerradas")}
TABS = {"mine": _l("Minhas"), "waiting": _l("Aguardando"), "all": _l("Todas")}
PRESENCE = {"online": _l("Online"), "away": _l("Ausente"), "offline": _l("Offline")}
SENDERS = {
    "campaign": _l("Campanha"),
    "bot": _l("Robô"),
    "system": _l("Automática"),
    "api": _l("Enviada pela API"),
    "phone": _l("Enviada pelo celular"),
}


def preview(kind: str, text: str) -> str:
    """One line of a message for the list and for quotes."""
    return " ".join(text.split()) if text.strip() else str(TYPES.get(kind, ""))


def short_time(moment: datetime | None) -> str:
    """`14:30` today, `ontem`, `ter` within a week, else `21/11/26`."""
    if moment is None:
        return ""
    days = (to_user_timezone(clock.now()).date() - to_user_timezone(moment).date()).days
    if days <= 0:
        return as_time(moment)
    if days == 1:
        return _("ontem")
    return format_datetime(moment, "EEE").rstrip(".") if days < 7 else format_datetime(moment, "dd/MM/yy")


def day_words(moment: datetime) -> str:
    days = (to_user_timezone(clock.now()).date() - to_user_timezone(moment).date()).days
    if days in (0, 1):
        return _("Hoje") if days == 0 else _("Ontem")
    return long_date(to_user_timezone(moment).date()) if days < 300 else as_date(moment)


def event_words(item: ThreadEvent) -> str:
    """The line of the history. Ids that nobody has any more show as "alguém"."""
    event, names = item.event, item.names
    who = item.user_name or _("O sistema")
    write = _EVENTS.get(event.kind)
    return write(who, names, event.details) if write else f"{who}: {event.kind}"


def _taken(who: str, names: dict[str, str], details: dict[str, Any]) -> str:
    before = names.get("from_user_id")
    if before and before != who:
        return _("%(who)s assumiu a conversa, que era de %(before)s", who=who, before=before)
    return _("%(who)s assumiu a conversa", who=who)


def _transferred(who: str, names: dict[str, str], details: dict[str, Any]) -> str:
    person, queue = names.get("user_id"), names.get("queue_id")
    if person and queue:
        return _("%(who)s transferiu para %(person)s, em %(queue)s", who=who, person=person, queue=queue)
    return _("%(who)s transferiu para %(target)s", who=who, target=person or queue or _("alguém"))


def _priority(who: str, names: dict[str, str], details: dict[str, Any]) -> str:
    level = PRIORITIES.get(str(details.get("to")), details.get("to"))
    return _("%(who)s mudou a prioridade para %(level)s", who=who, level=level)


def _tags(who: str, names: dict[str, str], details: dict[str, Any]) -> str:
    found = ", ".join(details.get("tags") or ())
    if not found:
        return _("%(who)s tirou as etiquetas", who=who)
    return _("%(who)s etiquetou: %(tags)s", who=who, tags=found)


def _rated(who: str, names: dict[str, str], details: dict[str, Any]) -> str:
    return _("O cliente deu nota %(rating)s ao atendimento", rating=details.get("rating", "–"))


def _consent(who: str, names: dict[str, str], details: dict[str, Any]) -> str:
    if details.get("is_given"):
        return _("%(who)s registrou que o cliente aceita receber mensagens", who=who)
    return _("%(who)s registrou que o cliente pediu para sair", who=who)


_EVENTS = {
    "taken": _taken,
    "released": lambda who, names, _d: _("%(who)s devolveu a conversa para a espera", who=who),
    "transferred": _transferred,
    "assigned": lambda who, names, _d: _(
        "Entregue a %(person)s pela distribuição", person=names.get("user_id") or _("alguém")
    ),
    "queued": lambda who, names, _d: _("Entrou na fila %(queue)s", queue=names.get("queue_id") or ""),
    "closed": lambda who, names, _d: _("%(who)s encerrou a conversa", who=who),
    "auto_closed": lambda who, names, _d: _("Encerrada por silêncio"),
    "reopened": lambda who, names, _d: _("%(who)s reabriu a conversa", who=who),
    "rated": _rated,
    "muted": lambda who, names, _d: _("Contato bloqueado: o que ele escreve fica guardado aqui, sem avisar ninguém"),
    "priority": _priority,
    "tags": _tags,
    "consent": _consent,
    "merged": lambda who, names, _d: _("Juntada com outra conversa da mesma pessoa"),
    "answered_on_phone": lambda who, names, _d: _("Respondida pelo celular"),
}


def filter_words(name: str, value: str, choices: Mapping[str, Iterable[Any]]) -> str:
    """What a chip says of a filter; `choices` are the rows that its value may name."""
    if name in choices:
        if value == "none":
            return _("Sem fila")
        found = next((one.name for one in choices[name] if str(one.id) == value), "?")
        return str(_NAMED[name]) + found
    plain = {"status": CHOICES, "priority": PRIORITIES}.get(name, {})
    if name in ("from", "to"):
        day = "/".join(reversed(value.split("-")))
        return _("Desde %(day)s", day=day) if name == "from" else _("Até %(day)s", day=day)
    return str(plain.get(value, _("As mais antigas primeiro") if name == "order" else _("Não lidas")))


_NAMED = {"queue": _l("Fila: "), "tag": _l("Etiqueta: "), "user": _l("Com: "), "instance": _l("Número: ")}


def next_hours() -> str:
    """A sensible first choice for "send later": within two hours, on the hour."""
    soon = to_user_timezone(clock.now()) + timedelta(hours=2)
    return soon.strftime("%Y-%m-%dT%H:00")


def local_input(moment: datetime) -> str:
    """As a `datetime-local` field wants it."""
    return to_user_timezone(moment).strftime("%Y-%m-%dT%H:%M")


def named(rows: Iterable[Any]) -> list[tuple[str, str]]:
    """Options of a select."""
    return [(str(row.id), row.name) for row in rows]


def message_times(message: Message) -> str:
    """The life of an outgoing message, for the tooltip of its ticks."""
    steps = [
        (_("Enviada"), message.sent_at),
        (_("Entregue"), message.delivered_at),
        (_("Lida"), message.read_at),
        (_("Ouvida"), message.played_at),
        (_("Falhou"), message.failed_at),
    ]
    return " · ".join(f"{label} {as_datetime(at)}" for label, at in steps if at)


def says_itself(message: Message) -> bool:
    """Whether the card of a place, of people or of a poll already shows the words."""
    details = message.details or {}
    place = details.get("location") or {}
    shown = {place.get("name"), place.get("address"), ", ".join(card.get("name", "") for card in _cards(details))}
    if message.type == "poll":
        return bool(details.get("options"))
    return message.type in ("location", "contact") and message.body in shown


def _cards(details: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list(details.get("contacts") or ())


def wave_path(peaks: Sequence[int]) -> str:
    """The path of a sound's picture, 28 high; player.js draws the same for what it recorded."""
    bars = [(at * 3 + 1, max(2, round(peak / 100 * 26))) for at, peak in enumerate(peaks)]
    return "".join(f"M{x} {(28 - tall) / 2:g}v{tall}" for x, tall in bars)


def play_time(seconds: float | None) -> str:
    """`1:05`; nothing when it is not known yet."""
    return f"{round(seconds) // 60}:{round(seconds) % 60:02}" if seconds else ""


GLOBALS = {
    "says_itself": says_itself,
    "wave_path": wave_path,
    "wave_width": lambda peaks: len(peaks) * 3,
    "play_time": play_time,
    "inbox_types": TYPES,
    "inbox_type_icons": TYPE_ICONS,
    "inbox_priorities": PRIORITIES,
    "inbox_priority_tones": PRIORITY_TONES,
    "inbox_statuses": STATUSES,
    "inbox_choices": CHOICES,
    "inbox_tabs": TABS,
    "inbox_presence": PRESENCE,
    "inbox_senders": SENDERS,
    "inbox_preview": preview,
    "inbox_time": short_time,
    "day_words": day_words,
    "event_words": event_words,
    "filter_words": filter_words,
    "message_times": message_times,
    "named": named,
    "next_hours": next_hours,
}
