"""Decisions about one number that need no database: name, credentials, what a failure means. Pace is apart."""

import re
import unicodedata
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l

from app.core.crypto import seal, unseal
from app.gateways.port import Credentials


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
