"""Decisions about people that need no database."""

import re

from email_validator import EmailNotValidError, validate_email
from flask_babel import lazy_gettext as _l

from app.core.hashing import MOST_BYTES
from app.core.text import fold

LEAST_PASSWORD = 8
LEAST_STRENGTH = 3  # of zxcvbn's 0 to 4: beyond guessing by somebody patient
# What Brazilians try first and English word lists don't know.
COMMON_WORDS = (
    "senha", "minha", "minhasenha", "mudar", "mudar123", "trocar", "acesso", "empresa", "administrador", "gerente",
    "usuario", "brasil", "flamengo", "corinthians", "palmeiras", "saopaulo", "vasco", "gremio", "santos", "cruzeiro",
    "amor", "teamo", "jesus", "deus", "familia", "felicidade", "saudade", "princesa", "gatinha", "estrela", "recado",
    "whatsapp", "atendimento", "vendas", "loja", "padaria", "segunda", "janeiro", "fevereiro", "dezembro",
)  # fmt: skip
THEMES = ("auto", "light", "dark")
LOCALES = ("pt_BR", "en")
SESSION_DAYS = 30
AUDIT_DAYS, AUDIT_DAYS_DEFAULT = (90, 3650), 730
MESSAGES_MONTHS = (1, 240)
RESET_MINUTES = 60
INVITE_DAYS = 7
REGISTRATION_HOURS = 24
SEEN_EVERY_SECONDS = 60
TOKEN_PREFIX = "rcd_"
# Reserved names, which the validator refuses: an office's own network and a trial installation use them.
_RESERVED = (".local", ".localdomain", ".lan", ".internal", ".test", ".example", ".invalid", ".localhost")
_NOT_PLAIN = re.compile(r"[^a-z0-9]+")


def normal_email(raw: str) -> str:
    return raw.strip().lower()


def is_email(address: str) -> bool:
    """By its form only: the domain isn't asked."""
    name, _at, domain = address.partition("@")
    is_reserved = f".{domain}".endswith(_RESERVED)
    try:
        validate_email(f"{name}@{f'{domain}.com' if is_reserved else domain}", check_deliverability=False)
    except EmailNotValidError:
        return False
    return len(address) <= 254


def password_problem(password: str, email: str = "") -> str | None:
    """`short`, `long`, `same_as_email` or None when it will do."""
    if len(password) < LEAST_PASSWORD:
        return "short"
    if len(password.encode()) > MOST_BYTES:
        return "long"
    return "same_as_email" if email and password.lower() in (email, email.split("@")[0]) else None


def slug(name: str) -> str:
    """For addresses: `Padaria do Zé` → `padaria-do-ze`."""
    return _NOT_PLAIN.sub("-", fold(name)).strip("-")[:60] or "empresa"


_BROWSERS = ("Edg", "OPR", "SamsungBrowser", "Firefox", "HeadlessChrome", "Chrome", "Safari")
_BROWSER_NAMES = {"Edg": "Edge", "OPR": "Opera", "SamsungBrowser": "Samsung Internet", "HeadlessChrome": "Chrome"}
_SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux")


def device(user_agent: str | None) -> str:
    """`Chrome · Android`; empty when nothing in it is known."""
    agent = user_agent or ""
    browser = next((name for name in _BROWSERS if f"{name}/" in agent), "")
    system = next((name for name in _SYSTEMS if name in agent), "")
    return " · ".join(part for part in (_BROWSER_NAMES.get(browser, browser), system) if part)


# What a permission lets somebody do, for who grants it.
PERMISSION_NAMES = {
    "contacts.read": _l("Ver contatos"),
    "contacts.write": _l("Editar um contato"),
    "contacts.manage": _l("Importar e mudar contatos, grupos e listas"),
    "contacts.export": _l("Exportar contatos"),
    "campaigns.read": _l("Ver campanhas"),
    "campaigns.write": _l("Criar e disparar campanhas"),
    "templates.read": _l("Ver modelos"),
    "templates.write": _l("Criar modelos"),
    "voice.manage": _l("Configurar vozes"),
    "instances.see": _l("Ver números"),
    "instances.connect": _l("Conectar e desconectar números"),
    "instances.manage": _l("Criar números e ver as credenciais"),
    "inbox.use": _l("Atender conversas"),
    "inbox.all": _l("Ver todas as conversas"),
    "queues.manage": _l("Configurar filas"),
    "quick_replies.own": _l("Ter respostas rápidas próprias"),
    "messages.send": _l("Enviar mensagens"),
    "media.write": _l("Enviar arquivos"),
    "funnels.read": _l("Ver funis"),
    "funnels.write": _l("Mover cartões dos funis"),
    "reports.see": _l("Ver relatórios"),
    "reports.own": _l("Ver os próprios números"),
    "tokens.manage": _l("Criar tokens de API"),
    "webhooks.manage": _l("Configurar webhooks"),
    "logs.see": _l("Ver registros técnicos"),
    "dead_letters.manage": _l("Tratar falhas"),
    "users.manage": _l("Gerenciar pessoas"),
    "settings.manage": _l("Mudar as configurações da empresa"),
    "audit.see": _l("Ver o registro de ações"),
}
