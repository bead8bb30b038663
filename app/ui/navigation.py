"""The menu. An entry shows to those who may use it, once its page exists."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import current_app
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from app.core import permissions
from app.core.context import find_actor


@dataclass(frozen=True)
class Entry:
    key: str
    label: object
    path: str
    icon: str
    any_of: tuple[str, ...] = ()


@dataclass(frozen=True)
class Badge:
    """A figure beside a menu entry, written by `render` (nothing when it writes nothing). A page that is open keeps it
    true: at a socket's `events`, or now and then, it asks `path` for the same again."""

    path: str
    events: str
    render: Callable[[], Markup]


_badges: dict[str, Badge] = {}


def add_badge(key: str, badge: Badge) -> None:
    """For features: the menu itself knows none of them."""
    _badges[key] = badge


def find_badge(key: str) -> Badge | None:
    return _badges.get(key)


MAIN = (
    Entry("dashboard", _l("Painel"), "/", "layout-dashboard"),
    Entry("inbox", _l("Conversas"), "/inbox", "messages", ("inbox.use", "inbox.all")),
    Entry("contacts", _l("Contatos"), "/contacts", "users", ("contacts.read",)),
    Entry("lists", _l("Listas"), "/lists", "list-search", ("contacts.read",)),
    Entry("campaigns", _l("Campanhas"), "/campaigns", "speakerphone", ("campaigns.read",)),
    Entry("templates", _l("Modelos"), "/templates", "template", ("templates.read",)),
    Entry("funnels", _l("Funis"), "/funnels", "layout-kanban", ("funnels.read",)),
    Entry("metrics", _l("Atendimento"), "/metrics", "chart-bar", ("reports.see", "reports.own")),
    Entry("instances", _l("Números"), "/instances", "device-mobile-message", ("instances.see",)),
)
FOOT = (
    Entry("dead_letters", _l("Falhas"), "/settings/dead-letters", "alert-octagon", ("dead_letters.manage",)),
    Entry("settings", _l("Configurações"), "/settings", "settings", ("settings.manage", "users.manage")),
)
# The sections of /settings, in groups. A page names its own by `tab`.
SETTINGS = (
    (
        _l("Você"),
        (
            Entry("profile", _l("Meu perfil"), "/settings/profile", "user-circle"),
            Entry("security", _l("Segurança"), "/settings/security", "shield-lock"),
        ),
    ),
    (
        _l("Empresa"),
        (
            Entry("company", _l("Dados da empresa"), "/settings/company", "building-store", ("settings.manage",)),
            Entry("users", _l("Pessoas"), "/settings/users", "users", ("users.manage",)),
            Entry("audit", _l("Registro de ações"), "/settings/audit", "history", ("audit.see",)),
        ),
    ),
    (
        _l("Atendimento"),
        (
            Entry("queues", _l("Filas e atendimento"), "/settings/queues", "users-group", ("queues.manage",)),
            Entry("quick_replies", _l("Respostas rápidas"), "/settings/quick-replies", "bolt", ("inbox.use",)),
            Entry("voice", _l("Voz"), "/settings/voice", "microphone", ("voice.manage",)),
        ),
    ),
    (
        _l("Integrações"),
        (
            Entry("tokens", _l("Tokens de API"), "/settings/tokens", "key", ("tokens.manage",)),
            Entry("webhooks", _l("Webhooks"), "/settings/webhooks", "webhook", ("webhooks.manage",)),
            Entry("logs", _l("Registros da API"), "/settings/logs", "list-details", ("webhooks.manage",)),
        ),
    ),
    (_l("Servidor"), (Entry("health", _l("Saúde"), "/settings/health", "heartbeat", ("settings.manage",)),)),
)
PROFILE, SIGN_OUT = "/settings/profile", "/logout"
ROLES = {
    "admin": _l("Administrador"),
    "manager": _l("Gerente"),
    "agent": _l("Atendente"),
    "viewer": _l("Somente leitura"),
    "developer": _l("Desenvolvedor"),
}


def can(permission: str) -> bool:
    actor = find_actor()
    return actor is not None and permissions.can(actor, permission)


def entries(which: tuple[Entry, ...]) -> list[Entry]:
    return [entry for entry in which if path_exists(entry.path) and (not entry.any_of or any(map(can, entry.any_of)))]


def path_exists(path: str) -> bool:
    try:
        current_app.url_map.bind("localhost").match(path, method="GET")
    except RequestRedirect:
        return True
    except HTTPException:
        return False
    return True
