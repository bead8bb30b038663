"""Codes of trouble with voices in plain Portuguese."""

from flask_babel import lazy_gettext as _l

PROVIDERS: dict[str, object] = {
    "local": _l("Voz embutida (sem internet)"),
    "google": "Google Cloud",
    "amazon": "Amazon Polly",
    "azure": "Azure Speech",
}
TROUBLES: dict[str, object] = {
    "credentials": _l("O provedor de voz recusou a chave de acesso. Confira as credenciais em Configurações › Voz."),
    "quota": _l("O provedor de voz pediu para esperar: a cota dele acabou por enquanto."),
    "timeout": _l("O provedor de voz demorou demais para responder."),
    "unavailable": _l("O provedor de voz não responde."),
    "unspeakable": _l("Este texto não tem o que falar."),
    "unsupported": _l("Esta voz não aceita esses ajustes."),
    "too_long": _l("O texto é longo demais para este provedor de voz."),
    "budget": _l("O orçamento de voz deste mês acabou."),
    "busy": _l("O áudio ainda está sendo preparado; tente de novo em instantes."),
    "broken": _l("Não foi possível preparar o áudio."),
}
FIELDS: dict[str, str] = {
    "rate": "speaking_rate", "pitch": "pitch", "volume": "volume", "voice_id": "voice_id", "language": "language_code",
    "ssml": "ssml_settings",
}  # fmt: skip
PROBLEMS: dict[str, object] = {
    "out_of_range": _l("Fora do que é aceito."),
    "unsupported": _l("Este provedor não tem este ajuste para esta voz."),
    "unknown": _l("Este provedor não conhece isto."),
    "missing": _l("Escolha a voz."),
}


def trouble(code: str | None) -> object:
    return TROUBLES.get(code or "", TROUBLES["broken"])


def problem(code: str) -> object:
    return PROBLEMS.get(code, PROBLEMS["unsupported"])
