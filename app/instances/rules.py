"""Decisions about one number that need no database: its pace, its credentials, what a failure means."""

import re
import unicodedata
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core.crypto import seal, unseal
from app.core.errors import FieldError, Invalid
from app.gateways.port import Credentials

HUMAN_PACE_MS = 900
NEW_FOR = timedelta(days=14)
DAYS = range(1, 8)  # ISO: Monday is 1
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


@dataclass(frozen=True)
class Pace:
    """How fast one number sends. `hours` is {start, end, days} in the tenant's zone, None = any time; `warm_up` is
    {start, growth}: messages on the first day, times `growth` each day after."""

    delay_min_ms: int = 900
    delay_max_ms: int = 1400
    batch_size: int = 100
    batch_pause_s: float = 30
    daily_cap: int | None = None
    warm_up: dict[str, Any] | None = None
    hours: dict[str, Any] | None = None


_LIMITS = {
    "delay_min_ms": (0, 3_600_000),
    "delay_max_ms": (0, 3_600_000),
    "batch_size": (1, 100_000),
    "batch_pause_s": (0, 86_400),
    "daily_cap": (1, 1_000_000),
}
_NAMES = tuple(field.name for field in fields(Pace))


def pace_of(stored: dict[str, Any] | None) -> Pace:
    """The stored settings over the defaults; unknown keys of later versions are left alone."""
    return Pace(**{name: value for name, value in (stored or {}).items() if name in _NAMES})


def clean_pace(given: dict[str, Any], before: dict[str, Any] | None = None) -> dict[str, Any]:
    """`before` with the given fields changed; None puts a field back to its default. Raises Invalid."""
    merged = {**(before or {}), **{name: value for name, value in given.items() if name in _NAMES}}
    merged = {name: value for name, value in merged.items() if value is not None}
    errors = [error for name, value in merged.items() if (error := _pace_error(name, value))]
    if not errors:
        pace = pace_of(merged)
        if pace.delay_min_ms > pace.delay_max_ms:
            errors.append(FieldError("pace.delay_max_ms", _("O intervalo máximo é menor que o mínimo.")))
    if errors:
        raise Invalid(errors=errors)
    return merged


def _pace_error(name: str, value: Any) -> FieldError | None:
    field = f"pace.{name}"
    if name == "warm_up":
        return None if _is_warm_up(value) else FieldError(field, _("Informe quantas mensagens no primeiro dia."))
    if name == "hours":
        return _hours_error(field, value)
    low, high = _LIMITS[name]
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        return FieldError(field, _("Use um número inteiro de %(low)s a %(high)s.", low=low, high=high))
    return None


def _is_warm_up(value: Any) -> bool:
    if not isinstance(value, dict):
        return False
    start, growth = value.get("start"), value.get("growth", 1.5)
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in (start, growth))
    return numbers and 1 <= start <= 10_000 and 1 < growth <= 5


def _hours_error(field: str, value: Any) -> FieldError | None:
    if not isinstance(value, dict):
        return FieldError(field, _("Informe início, fim e dias."))
    start, end, days = value.get("start"), value.get("end"), value.get("days", list(DAYS))
    if not all(isinstance(one, str) and _CLOCK.fullmatch(one) for one in (start, end)):
        return FieldError(field, _("Use horários como 08:00."))
    if start >= end:
        return FieldError(field, _("O fim precisa ser depois do início."))
    if not isinstance(days, list) or not days or any(day not in DAYS for day in days):
        return FieldError(field, _("Escolha pelo menos um dia da semana."))
    return None


def is_new_number(first_go_at: datetime | None, now: datetime) -> bool:
    return first_go_at is None or now - first_go_at < NEW_FOR


def pace_warnings(pace: Pace, *, is_new: bool) -> list[str]:
    """What a careful colleague would say; nothing here forbids."""
    found = []
    if pace.delay_min_ms < HUMAN_PACE_MS:
        found.append(_("Abaixo de 900 ms entre mensagens o WhatsApp pode bloquear este número."))
    if pace.delay_max_ms - pace.delay_min_ms < 200:
        found.append(_("Um intervalo quase fixo parece robô: deixe pelo menos 200 ms entre mínimo e máximo."))
    if is_new and not (pace.warm_up and pace.daily_cap):
        found.append(_("Número novo: ligue o aquecimento e um limite diário nas primeiras semanas."))
    if is_new and pace.hours is None:
        found.append(_("Defina um horário de envio: mensagens de madrugada geram bloqueios e denúncias."))
    return found


def external_name(name: str, tail: str) -> str:
    """The number's name at the gateway: short, plain, unique by its tail."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:24].strip("-")
    return f"recado-{slug or 'numero'}-{tail}"


def seal_credentials(base_url: str, api_key: str, token: str) -> bytes:
    return seal({"base_url": base_url, "api_key": api_key, "token": token})


def credentials_of(external_name: str, sealed: bytes | None) -> Credentials:
    """What the gateway needs to act for this number. Raises ValueError when no key opens the secret."""
    stored = unseal(sealed) or {}
    known = {name: stored[name] for name in ("base_url", "api_key", "token") if stored.get(name)}
    return Credentials(**{"base_url": "", **known}, instance_name=external_name)


@dataclass(frozen=True)
class Trouble:
    """A failure in the words of the person who must act on it."""

    title: object
    advice: object


TROUBLES = {
    "unreachable": Trouble(
        _l("Não conseguimos falar com o gateway do WhatsApp"),
        _l("O serviço Evolution API não respondeu. Confira se ele está no ar; tentaremos de novo sozinhos."),
    ),
    "timeout": Trouble(_l("O gateway do WhatsApp demorou demais"), _l("Espere um minuto e tente conectar de novo.")),
    "reset": Trouble(_l("A conexão com o gateway caiu no meio"), _l("Tente de novo em instantes.")),
    "auth": Trouble(
        _l("O gateway recusou a chave"),
        _l("Confira EVOLUTION_API_KEY na configuração do servidor: ela não é a mesma da Evolution API."),
    ),
    "license": Trouble(
        _l("A Evolution API pede ativação de licença"),
        _l("Esta versão só funciona depois de ativada. Ative no endereço abaixo ou use a versão 2.3.7."),
    ),
    "unavailable": Trouble(_l("O gateway está fora do ar"), _l("Tentaremos de novo sozinhos.")),
    "instance_missing": Trouble(
        _l("Este número não existe mais no gateway"),
        _l("Ele foi apagado por fora. Clique em conectar para criá-lo de novo e escanear o QR code."),
    ),
    "logged_out": Trouble(
        _l("O aparelho foi desconectado pelo celular"),
        _l("Alguém encerrou a sessão em Aparelhos conectados. Conecte de novo pelo QR code."),
    ),
    "banned": Trouble(
        _l("O WhatsApp bloqueou este número"),
        _l("Abra o WhatsApp no celular para ver o motivo e pedir análise. As campanhas dele foram paradas."),
    ),
    "refused": Trouble(
        _l("O WhatsApp recusou a conexão"), _l("Abra o WhatsApp no celular, veja se há avisos e tente de novo.")
    ),
    "closed": Trouble(_l("A conexão foi encerrada"), _l("Conecte de novo pelo QR code.")),
    "by_user": Trouble(_l("Desconectado por alguém da equipe"), _l("Conecte quando quiser voltar a usar.")),
    "qr_exhausted": Trouble(
        _l("O QR code expirou sem ser lido"), _l("Clique em gerar novo QR code quando estiver com o celular.")
    ),
    "qr_missing": Trouble(
        _l("O gateway não conseguiu gerar o QR code"),
        _l("Ele pode estar sem internet ou desatualizado para o WhatsApp. Tente de novo; se continuar, reinicie-o."),
    ),
    "duplicate_number": Trouble(
        _l("Este telefone já está conectado em outro número da sua empresa"),
        _l("Use o outro cadastro ou leia o QR code com um telefone diferente."),
    ),
    "reconnecting": Trouble(
        _l("A conexão caiu e o gateway está tentando voltar"),
        _l("Confira se o celular está ligado e com internet. Se não voltar em minutos, reinicie a conexão."),
    ),
}
_UNKNOWN = Trouble(
    _l("Algo deu errado com este número"), _l("Tente conectar de novo; se continuar, veja o detalhe técnico.")
)


def trouble_of(reason: str | None) -> Trouble | None:
    return TROUBLES.get(reason, _UNKNOWN) if reason else None


_CLOSINGS = {
    401: ("disconnected", "logged_out"),
    402: ("failed", "refused"),
    403: ("failed", "banned"),
    406: ("failed", "refused"),
    428: ("disconnected", "qr_exhausted"),
}


def closing_reason(code: int | None) -> tuple[str, str]:
    """WhatsApp's code of a final disconnection → our status and reason."""
    return _CLOSINGS.get(code or 0, ("disconnected", "closed"))
