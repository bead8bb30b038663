"""How values look on the pages."""

import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from simulator import numbers
from simulator.state import Instance, Message

_ZONE = ZoneInfo("America/Sao_Paulo")
STATES = {"open": "Conectado", "connecting": "Conectando", "close": "Desconectado"}
TICKS = {
    "PENDING": ("clock", "Saindo"),
    "SERVER_ACK": ("one", "Enviada"),
    "DELIVERY_ACK": ("two", "Entregue"),
    "READ": ("blue", "Lida"),
    "PLAYED": ("blue", "Ouvida"),
    "ERROR": ("error", "Recusada pelo WhatsApp"),
}
_PREVIEW = {
    "imageMessage": "📷 Foto",
    "videoMessage": "🎥 Vídeo",
    "audioMessage": "🎤 Áudio",
    "documentMessage": "📄 Documento",
    "stickerMessage": "Figurinha",
    "ptvMessage": "🎥 Vídeo",
    "locationMessage": "📍 Localização",
    "contactMessage": "👤 Contato",
    "contactsArrayMessage": "👥 Contatos",
    "reactionMessage": "Reagiu",
    "pollCreationMessageV3": "📊 Enquete",
}


def clock(moment: float) -> str:
    return datetime.fromtimestamp(moment, _ZONE).strftime("%H:%M")


def day(moment: float) -> str:
    return datetime.fromtimestamp(moment, _ZONE).strftime("%d/%m/%Y")


def chat_text(text: str) -> Markup:
    """Line breaks, *bold*, _italic_, ~struck~ and links, as WhatsApp shows them."""
    shown = str(escape(text))
    for sign, tag in (("*", "strong"), ("_", "em"), ("~", "s")):
        mark = re.escape(sign)
        shown = re.sub(rf"(?<!\w){mark}(\S(?:[^{mark}\n]*\S)?){mark}(?!\w)", rf"<{tag}>\1</{tag}>", shown)
    shown = re.sub(r"(https?://[^\s<]+)", r'<a href="\1" rel="noreferrer nofollow" target="_blank">\1</a>', shown)
    return Markup(shown.replace("\n", "<br>"))


def preview(message: Message) -> str:
    if message.deleted:
        return "Mensagem apagada"
    words = " ".join(message.text.split())
    label = _PREVIEW.get(message.message_type)
    return " ".join(filter(None, (label, words))) or "Mensagem"


def initials(name: str) -> str:
    parts = [part for part in name.split() if part[0].isalpha()]
    return "".join(part[0] for part in (parts[:1] + parts[-1:] if len(parts) > 1 else parts)).upper() or "#"


def hue(text: str) -> int:
    """One of twelve avatar colours, always the same for the same person."""
    return sum(map(ord, text)) % 12


def person(instance: Instance, chat: str) -> str:
    contact = instance.contacts.get(chat)
    if contact and contact.push_name:
        return contact.push_name
    return "Grupo" if numbers.is_group(chat) else numbers.pretty(chat)


def title(instance: Instance) -> str:
    return instance.profile_name or instance.name


def duration(message: Message) -> str:
    node: dict[str, Any] = message.message.get(message.message_type) or {}
    seconds = int(node.get("seconds") or 0)
    return f"{seconds // 60}:{seconds % 60:02d}" if seconds else ""
