"""The words, colour and icon of every status that the pages show."""

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l


@dataclass(frozen=True)
class Look:
    label: object
    tone: str
    icon: str | None = None
    pulse: bool = False
    title: object = None


_LOOKS: dict[str, dict[str, Look]] = {
    "campaign": {
        "draft": Look(_l("Rascunho"), "neutral", "pencil"),
        "scheduled": Look(_l("Agendada"), "info", "calendar-time"),
        "sending": Look(_l("Enviando"), "brand", None, True),
        "paused": Look(_l("Pausada"), "warning", "player-pause"),
        "completed": Look(_l("Concluída"), "success", "check"),
        "cancelled": Look(_l("Cancelada"), "neutral", "ban"),
        "failed": Look(_l("Falhou"), "danger", "alert-triangle"),
    },
    "instance": {
        "connected": Look(_l("Conectado"), "success", "plug-connected"),
        "connecting": Look(_l("Conectando"), "info", None, True),
        "disconnected": Look(_l("Desconectado"), "warning", "plug-connected-x"),
        "failed": Look(_l("Com problema"), "danger", "alert-triangle"),
    },
    "import": {
        "pending": Look(_l("Na fila"), "neutral", "clock"),
        "checking": Look(_l("Conferindo"), "info", None, True),
        "ready": Look(_l("Pronta para revisar"), "warning", "eye"),
        "running": Look(_l("Importando"), "brand", None, True),
        "completed": Look(_l("Concluída"), "success", "check"),
        "failed": Look(_l("Falhou"), "danger", "alert-triangle"),
        "cancelled": Look(_l("Cancelada"), "neutral", "ban"),
        "undone": Look(_l("Desfeita"), "neutral", "arrow-back-up"),
    },
    "template": {
        "draft": Look(_l("Rascunho"), "neutral", "pencil"),
        "active": Look(_l("Pronto"), "success", "check"),
        "pending": Look(_l("Em análise"), "info", "clock"),
        "approved": Look(_l("Aprovado"), "success", "check"),
        "rejected": Look(_l("Recusado"), "danger", "x"),
        "archived": Look(_l("Arquivado"), "neutral", "archive"),
    },
    "message": {
        "queued": Look(_l("Na fila"), "neutral", "clock"),
        "held": Look(_l("Retida"), "warning", "hand-stop", title=_l("Só sai quando alguém liberar")),
        "sending": Look(_l("Enviando"), "neutral", "send"),
        "unconfirmed": Look(
            _l("A verificar"), "warning", "question-mark", title=_l("O WhatsApp não confirmou se esta mensagem saiu")
        ),
        "sent": Look(_l("Enviada"), "neutral", "check"),
        "delivered": Look(_l("Entregue"), "info", "checks"),
        "read": Look(_l("Lida"), "read", "checks"),
        "played": Look(_l("Ouvida"), "read", "microphone"),
        "replied": Look(_l("Respondida"), "success", "corner-up-left"),
        "failed": Look(_l("Falhou"), "danger", "alert-circle"),
        "cancelled": Look(_l("Cancelada"), "neutral", "ban"),
        "received": Look(_l("Recebida"), "neutral", "arrow-down"),
    },
}


def status_look(kind: str, status: str) -> Look:
    """A status that nobody described yet still shows, in plain grey."""
    return _LOOKS[kind].get(str(status), Look(str(status), "neutral"))


def statuses(kind: str) -> dict[str, Look]:
    return dict(_LOOKS[kind])
