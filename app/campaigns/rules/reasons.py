"""Codes in plain Portuguese: why a campaign stopped, why somebody was left out; why a message failed is `messages`'."""

from flask_babel import lazy_gettext as _l

from app.messages.rules import Reason, failure

__all__ = ["EXCLUDED", "STOPS", "Reason", "exclusion_words", "failure", "stop_words"]

STOPS: dict[str, object] = {
    "by_user": _l("Pausada por uma pessoa"),
    "error_receipts": _l("Parou sozinha: o WhatsApp aceitou e depois recusou várias mensagens seguidas (erro 463)"),
    "failures_in_a_row": _l("Parou sozinha: 10 falhas seguidas"),
    "failure_share": _l("Parou sozinha: das últimas 50 mensagens, 30% falharam"),
    "unacknowledged": _l("Parou sozinha: muitas mensagens aceitas e nenhuma confirmação do WhatsApp"),
    "banned": _l("Parou sozinha: o WhatsApp bloqueou o número"),
    "logged_out": _l("Parou sozinha: o número foi desconectado"),
    "disconnected": _l("Parou sozinha: o número foi desconectado"),
    "missed_schedule": _l("O horário agendado passou com o sistema desligado. Decida se ainda deve ser enviada"),
    "no_recipients": _l("Não saiu: ninguém do público pode receber"),
    "no_instance": _l("Não saiu: nenhum número disponível"),
    "voice_budget": _l("Parou sozinha: o orçamento de voz deste mês acabou"),
    "voice_credentials": _l("Parou sozinha: o provedor de voz recusou a chave de acesso"),
    "voice_unsupported": _l("Parou sozinha: o provedor não aceita os ajustes desta voz"),
    "voice_broken": _l("Parou sozinha: os áudios não puderam ser preparados"),
    "restored": _l("Retida após restaurar uma cópia de segurança; só sai quando alguém liberar"),
}
_STOPPED = _l("Parou sozinha: o número teve um problema")

EXCLUDED: dict[str, object] = {
    "opted_out": _l("Pediram para não receber"),
    "blocked": _l("Bloqueados"),
    "unreachable": _l("Sem telefone ou WhatsApp"),
    "duplicate": _l("Repetidos (mesma pessoa)"),
    "deleted": _l("Excluídos dos contatos"),
    "recent": _l("Receberam mensagem nas últimas 24 h"),
    "empty_text": _l("O texto ficaria vazio"),
    "too_long": _l("O texto passaria de 4.096 caracteres"),
}


def stop_words(reason: str | None) -> object | None:
    """The reason of a pause or a failure; `code:detail` keeps its detail for the log."""
    return STOPS.get(reason.partition(":")[0], _STOPPED) if reason else None


def exclusion_words(reason: str) -> object:
    return EXCLUDED.get(reason, reason)
