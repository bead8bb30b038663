"""Things that go wrong, on demand and always the same for the same seed."""

import random
from dataclasses import dataclass, field
from typing import Any

from simulator import ids

BEFORE, AFTER, RECEIPT, WEBHOOK = "before", "after", "receipt", "webhook"
# kind -> (stage, label shown on the page, default parameters)
KINDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "latency": (BEFORE, "Resposta lenta", {"ms": 2000}),
    "status_429": (BEFORE, "Responder 429 (muitos pedidos)", {}),
    "status_500": (BEFORE, "Responder 500", {}),
    "status_502": (BEFORE, "Responder 502", {}),
    "status_503": (BEFORE, "Responder 503", {}),
    "license": (BEFORE, "Licença não ativada (503 LICENSE_REQUIRED)", {"on": "all"}),
    "reset_before": (BEFORE, "Cortar a conexão sem enviar", {}),
    "hang_before": (BEFORE, "Nunca responder, sem enviar", {}),
    "onwhatsapp": (BEFORE, "Erro 500 onWhatsApp", {}),
    "connection_closed": (BEFORE, "Connection Closed", {}),
    "rate_overlimit": (BEFORE, "Recusar: rate-overlimit", {}),
    "timed_out": (BEFORE, "Recusar: Timed Out (sem enviar)", {}),
    "accept_reset": (AFTER, "Enviar e cortar a conexão", {}),
    "accept_hang": (AFTER, "Enviar e nunca responder", {}),
    "accept_empty": (AFTER, "Enviar e responder 201 sem corpo", {}),
    "accept_error": (AFTER, "Enviar e responder 400 “Error: …”", {"text": "Timed Out"}),
    "accept_status": (AFTER, "Enviar e responder 504", {"status": 504}),
    "double_send": (AFTER, "Um pedido, dois envios", {}),
    "error_ack": (RECEIPT, "WhatsApp recusa depois de aceitar (463)", {}),
    "no_ack": (RECEIPT, "Conectado, mas morto: nada é entregue", {"arrives": False}),
    "early_ack": (RECEIPT, "Recibos antes da resposta", {}),
    "repeat_ack": (RECEIPT, "Recibos repetidos", {"copies": 2}),
    "reverse_ack": (RECEIPT, "Recibos fora de ordem", {}),
    "webhook_off": (WEBHOOK, "Avisos desligados (webhook)", {}),
    "webhook_duplicate": (WEBHOOK, "Avisos duplicados", {"copies": 2}),
    "webhook_delay": (WEBHOOK, "Avisos atrasados", {"ms": 5000}),
    "webhook_reorder": (WEBHOOK, "Avisos fora de ordem", {"ms": 3000}),
}


class BadFault(ValueError):
    """A fault that does not exist or has impossible values."""


@dataclass
class Rule:
    """instance None = every number; count None = until removed; until = unix seconds or None."""

    id: int
    kind: str
    instance: str | None = None
    count: int | None = None
    probability: float = 1.0
    until: float | None = None
    params: dict[str, Any] = field(default_factory=dict)
    hits: int = 0

    def spent(self) -> bool:
        late = self.until is not None and ids.now() > self.until
        return late or (self.count is not None and self.hits >= self.count)


class Faults:
    """The rules in force. `take` says whether one strikes now, and counts it."""

    def __init__(self, seed: int) -> None:
        """The same seed and the same rules in the same order give the same accidents."""
        self.seed = seed
        self._last = 0
        self._rules: dict[int, Rule] = {}
        self._chance: dict[int, random.Random] = {}

    def add(self, body: dict[str, Any]) -> Rule:
        values = dict(body)
        kind = values.pop("kind", None)
        if kind not in KINDS:
            raise BadFault(f"unknown kind {kind!r}; known: {', '.join(KINDS)}")
        seconds = values.pop("seconds", None)
        rule = Rule(
            id=self._last + 1,
            kind=kind,
            instance=values.pop("instance", None) or None,
            count=_whole(values.pop("count", None)),
            probability=_chance(values.pop("probability", 1.0)),
            until=None if seconds is None else ids.now() + float(seconds),
            params={**KINDS[kind][2], **values},
        )
        self._last = rule.id
        self._rules[rule.id] = rule
        self._chance[rule.id] = random.Random(f"{self.seed}:{rule.id}")
        return rule

    def list(self) -> list[Rule]:
        self._rules = {number: rule for number, rule in self._rules.items() if not rule.spent()}
        return list(self._rules.values())

    def remove(self, rule_id: int) -> bool:
        return self._rules.pop(rule_id, None) is not None

    def clear(self, instance: str | None = None) -> None:
        kept = {n: r for n, r in self._rules.items() if instance is not None and r.instance != instance}
        self._rules = kept

    def take(self, kind: str, instance: str | None, **context: str) -> Rule | None:
        """The first rule of this kind that strikes here. `on` and `events` narrow a rule."""
        if not self._rules:
            return None
        for rule in self._rules.values():
            concerned = rule.kind == kind and _concerns(rule, instance, context) and not rule.spent()
            if concerned and self._chance[rule.id].random() < rule.probability:
                rule.hits += 1
                return rule
        return None


def _concerns(rule: Rule, instance: str | None, context: dict[str, str]) -> bool:
    if rule.instance is not None and rule.instance != instance:
        return False
    if "area" in context and rule.params.get("on", "send") not in ("all", context["area"]):
        return False
    events = rule.params.get("events")
    return not events or "event" not in context or context["event"] in events


def _whole(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise BadFault("count must be a whole number above zero")
    return value


def _chance(value: Any) -> float:
    if not isinstance(value, int | float) or not 0 <= value <= 1:
        raise BadFault("probability must be between 0 and 1")
    return float(value)
