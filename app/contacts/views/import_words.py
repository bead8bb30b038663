"""What the pages of an import say: names of fields, an example to imitate, and the doctor's cards."""

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.contacts.importing import synonyms
from app.contacts.importing.problems import RULES, SWITCHABLE, Severity
from app.contacts.models import Import

TARGET_NAMES: dict[str, Any] = {
    synonyms.PHONE: _l("Telefone"),
    synonyms.NAME: _l("Nome"),
    synonyms.EMAIL: _l("E-mail"),
    synonyms.PHONE_EXTRA: _l("Outro telefone"),
    synonyms.AREA: _l("DDD"),
    synonyms.LAST_NAME: _l("Sobrenome"),
    synonyms.GROUP: _l("Grupo"),
    synonyms.TAGS: _l("Etiquetas"),
    synonyms.CUSTOM: _l("Campo do contato"),
    synonyms.IGNORE: _l("Não importar"),
}
_TONES = {Severity.ERROR: "danger", Severity.REPAIR: "success", Severity.NOTICE: "warning", Severity.TIDY: "neutral"}
_ICONS = {Severity.ERROR: "circle-x", Severity.REPAIR: "wand", Severity.NOTICE: "info-circle", Severity.TIDY: "check"}


@dataclass(frozen=True)
class Card:
    """One kind of problem: how many rows, what it means, what can be done for all of them."""

    code: str
    count: int
    title: Any
    reason: Any
    severity: str
    tone: str
    icon: str
    repair: Any = None
    is_on: bool = True
    asks_area: bool = False


def doctor_cards(found: Import) -> dict[str, list[Card]]:
    """By severity, the most frequent first. A repair that is switched off counts among the errors."""
    off = set(found.options.get("off", []))
    cards = [_card(code, count, code not in off) for code, count in found.analysis.get("kinds", {}).items()]
    for code in off & SWITCHABLE - set(found.analysis.get("kinds", {})):
        cards.append(_card(code, 0, False))
    cards.sort(key=lambda card: -card.count)
    return {kind.value: [card for card in cards if card.severity == kind.value] for kind in Severity}


def _card(code: str, count: int, is_on: bool) -> Card:
    rule = RULES[code]
    severity = rule.severity if is_on or code == "name_capitals" else Severity.ERROR
    return Card(
        code,
        count,
        rule.title,
        rule.reason,
        severity.value,
        _TONES[severity],
        _ICONS[severity],
        rule.repair,
        is_on,
        code == "phone_area_missing",
    )


def example_rows() -> list[list[str]]:
    return [
        [_("Nome"), _("Telefone"), _("E-mail"), _("Cidade")],
        ["Maria de Souza", "(11) 98765-4321", "maria@loja.com", "São Paulo"],
        ["João Araújo", "21 99876-5432", "", "Niterói"],
    ]
