"""What a draft may hold, and what is missing before it can go."""

import re
import unicodedata
from typing import Any

from flask_babel import gettext as _

from app.campaigns.rules.values import MAX_VARIATIONS
from app.core.errors import FieldError
from app.instances.rules.pace import FASTEST_HUMAN_MS, pace_words, problems
from app.templates.rules import MAX_LENGTH

MAX_NAME = 120
SETTINGS = ("delay_min_ms", "delay_max_ms", "batch_size", "batch_pause_s", "daily_cap", "hours")
EXCLUSIONS = ("opted_out", "blocked", "unreachable", "duplicate", "deleted", "recent", "empty_text", "too_long")
AUDIENCE = ("list_id", "group_ids", "tag_ids", "import_id", "contact_ids", "from_campaign", "skip_recent")


def clean_text(text: str) -> str:
    """One kind of line break; what PostgreSQL or WhatsApp refuse is left out."""
    plain = (text or "").replace("\r\n", "\n").replace("\r", "\n")
    return "".join(char for char in plain if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cs"))


def text_errors(message: str, variations: list[str]) -> list[FieldError]:
    errors = []
    too_long = _("No máximo %(n)s caracteres.", n=MAX_LENGTH)
    if len(message) > MAX_LENGTH:
        errors.append(FieldError("message", too_long))
    if len(variations) > MAX_VARIATIONS - 1:
        errors.append(FieldError("variations", _("No máximo %(n)s textos por campanha.", n=MAX_VARIATIONS)))
    errors += [FieldError(f"variations.{at}", too_long) for at, text in enumerate(variations) if len(text) > MAX_LENGTH]
    return errors


def name_errors(name: str) -> list[FieldError]:
    if not name:
        return [FieldError("name", _("Dê um nome à campanha."))]
    return [FieldError("name", _("No máximo %(n)s caracteres.", n=MAX_NAME))] if len(name) > MAX_NAME else []


def settings_errors(settings: dict[str, Any]) -> list[FieldError]:
    unknown = [FieldError(f"settings.{key}", _("Campo desconhecido.")) for key in settings if key not in SETTINGS]
    return unknown + [FieldError(f"settings.{key}", pace_words(key, code)) for key, code in problems(settings).items()]


def has_audience(audience: dict[str, Any]) -> bool:
    return any(audience.get(key) for key in AUDIENCE if key != "skip_recent")


def is_too_fast(settings: dict[str, Any]) -> bool:
    value = settings.get("delay_min_ms")
    return value is not None and value < FASTEST_HUMAN_MS


_ODD = re.compile(r"\b(ltda|mei|eireli|s/?a|me|epp|cnpj|teste?|test|cliente|contato|whats(app)?)\b", re.IGNORECASE)


def odd_name(name: str) -> str | None:
    """Why a greeting by this name would look strange: empty, digits, company, caps, short, symbols."""
    plain = name.strip()
    if not plain:
        return "empty"
    if any(char.isdigit() for char in plain):
        return "digits"
    if _ODD.search(plain):
        return "company"
    letters = [char for char in plain if char.isalpha()]
    if len(letters) < 2:
        return "short"
    if len(letters) > 3 and plain.isupper():
        return "caps"
    return "symbols" if re.search(r"[@#_*/\\|<>{}\[\]=+]", plain) else None


ODD_SQL = (
    r"(^\s*$)|[0-9]|\m(ltda|mei|eireli|s/?a|me|epp|cnpj|teste?|test|cliente|contato|whats(app)?)\M|[@#_*/\\|<>{}=+]"
)

_BY_ENDING = {
    "image": ("jpg", "jpeg", "png", "webp", "gif"),
    "video": ("mp4", "3gp", "mov"),
    "audio": ("mp3", "ogg", "oga", "opus", "m4a", "aac", "amr", "wav"),
}


def kind_of_url(url: str) -> str:
    """The message type of a file by its address's ending; what nobody knows goes as a document."""
    ending = url.split("?")[0].split("#")[0].rpartition(".")[2].lower()
    return next((kind for kind, endings in _BY_ENDING.items() if ending in endings), "document")
