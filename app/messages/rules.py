"""Codes of failures in plain Portuguese: why a message did not go, and what to do. Pure."""

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l


@dataclass(frozen=True)
class Reason:
    what: object
    do: object


_FAILURES: dict[str, Reason] = {
    "not_on_whatsapp": Reason(
        _l("Este número não tem WhatsApp"), _l("Confira o número com a pessoa e corrija o contato.")
    ),
    "error_receipt": Reason(
        _l("O WhatsApp aceitou e depois recusou a mensagem"),
        _l("Acontece com quem nunca falou com este número (erro 463). Diminua o ritmo e espere algumas horas."),
    ),
    "disconnected": Reason(
        _l("O número de envio estava desconectado"), _l("Conecte o número de novo e tente outra vez.")
    ),
    "invalid_request": Reason(
        _l("O WhatsApp não aceitou o conteúdo"), _l("Confira o texto e o arquivo; depois tente de novo.")
    ),
    "text_required": Reason(_l("A mensagem ficou vazia"), _l("Use um valor padrão na variável, como {nome|cliente}.")),
    "media_failed": Reason(
        _l("O arquivo não pôde ser enviado"), _l("Confira se o endereço abre e se o formato é aceito pelo WhatsApp.")
    ),
    "media_missing": Reason(
        _l("O arquivo da mensagem não existe mais"), _l("Envie o arquivo de novo em outra campanha.")
    ),
    "rate_limited": Reason(
        _l("O WhatsApp pediu para diminuir o ritmo"), _l("Aumente o intervalo entre mensagens e tente mais tarde.")
    ),
    "unavailable": Reason(_l("O serviço do WhatsApp ficou fora do ar"), _l("Tente de novo; costuma ser passageiro.")),
    "unreachable": Reason(
        _l("Não houve conexão com o serviço do WhatsApp"), _l("Tente de novo; se continuar, avise o administrador.")
    ),
    "auth": Reason(
        _l("O serviço do WhatsApp recusou a chave de acesso"), _l("Peça ao administrador para conferir o número.")
    ),
    "license": Reason(_l("A Evolution API está sem licença ativa"), _l("Peça ao administrador para ativá-la.")),
    "instance_missing": Reason(_l("O número não existe mais no servidor do WhatsApp"), _l("Conecte o número de novo.")),
    "banned": Reason(_l("O WhatsApp bloqueou o número de envio"), _l("Abra o WhatsApp no celular e peça análise.")),
    "recipient_blocked": Reason(
        _l("A pessoa bloqueou este número"), _l("Não insista; marque o contato como bloqueado.")
    ),
    "no_result": Reason(
        _l("Não sabemos se saiu: a conexão caiu no meio do envio"),
        _l("Veja a conversa no celular antes de enviar de novo, para não repetir."),
    ),
    "not_found": Reason(
        _l("Não encontramos a mensagem no WhatsApp"),
        _l("Pode não ter saído. Confira no celular e decida se envia de novo."),
    ),
    "timeout": Reason(_l("O serviço do WhatsApp demorou demais"), _l("Confira no celular antes de enviar de novo.")),
    "unknown": Reason(_l("Não sabemos se a mensagem saiu"), _l("Confira no celular antes de enviar de novo.")),
    "voice_unspeakable": Reason(
        _l("O texto não tem o que falar"), _l("Escreva ao menos uma palavra; emojis e sinais não têm som.")
    ),
    "voice_too_long": Reason(
        _l("O texto é longo demais para a voz escolhida"), _l("Encurte o texto ou escolha outra voz.")
    ),
    "voice_broken": Reason(
        _l("Não foi possível preparar o áudio"), _l("Ouça o texto em Configurações › Voz e tente de novo.")
    ),
    "opted_out": Reason(_l("A pessoa pediu para não receber mensagens"), _l("Nada a fazer: respeitamos o pedido.")),
    "blocked": Reason(_l("O contato está bloqueado"), _l("Desbloqueie o contato se quiser enviar.")),
    "deleted": Reason(_l("O contato foi excluído"), _l("Nada a fazer.")),
    "duplicate": Reason(_l("A mesma pessoa já recebeu esta campanha"), _l("Nada a fazer: evitamos repetir.")),
    "number_deleted": Reason(
        _l("O número foi excluído"), _l("Crie uma campanha por outro número para quem ficou sem receber.")
    ),
    "cancelled": Reason(_l("A campanha foi cancelada"), _l("Crie outra campanha para quem ficou sem receber.")),
}
_SAME = {
    "error_receipt": ("463", "receipt_error", "error", "error_receipts", "reachout"),
    "disconnected": ("connection_closed", "logged_out", "closed"),
    "invalid_request": ("bad_request", "schema", "invalid", "not_supported"),
    "text_required": ("empty",),
    "media_failed": ("media", "media_url", "media_missing", "media_unreadable", "too_large"),
    "rate_limited": ("rate_overlimit", "rate-overlimit", "too_many"),
    "unavailable": ("503", "route_missing"),
    "unreachable": ("connect", "dns", "tls"),
    "auth": ("unauthorized", "401"),
    "instance_missing": ("404",),
    "voice_broken": ("voice_credentials", "voice_budget", "voice_unsupported"),
    "no_result": ("lost", "reset", "lease"),
    "unknown": ("after_error", "stalled", "forbidden", "empty_answer", "server_error", "unexpected_answer", "crash"),
    "not_on_whatsapp": ("number_missing", "exists_false", "no_address"),
    "cancelled": ("campaign_cancelled", "cancelled_by_person"),
}
_KNOWN = {alias: name for name, aliases in _SAME.items() for alias in aliases}
_OTHER = Reason(_l("O WhatsApp recusou a mensagem"), _l("Tente de novo; se continuar, veja o detalhe técnico."))


def failure(code: str | None) -> Reason | None:
    """None when nothing went wrong."""
    if not code:
        return None
    plain = code.strip().lower()
    return _FAILURES.get(_KNOWN.get(plain, plain), _OTHER)
