"""What people call the columns we know, in Portuguese and English, accents and case aside."""

from __future__ import annotations

import re

from app.core.text import fold

PHONE, PHONE_EXTRA, AREA = "phone", "phone_extra", "area"
NAME, LAST_NAME, EMAIL, TAGS, GROUP = "name", "last_name", "email", "tags", "group"
CUSTOM, IGNORE = "custom", "ignore"
TARGETS = (PHONE, PHONE_EXTRA, AREA, NAME, LAST_NAME, EMAIL, TAGS, GROUP, CUSTOM, IGNORE)
SINGLE = frozenset((PHONE, AREA, NAME, LAST_NAME, EMAIL))  # at most one column each

# Earlier words win when several columns could be the same field.
_WORDS: dict[str, str] = {
    PHONE: (
        "whatsapp|whats app|whats|wpp|zap|zapzap|numero do whatsapp|numero whatsapp|"
        "telefone whatsapp|celular whatsapp|whatsapp number|celular|cel|telefone celular|"
        "tel celular|celular 1|numero celular|numero do celular|celular com ddd|mobile|mobile phone|"
        "mobile number|cell|cell phone|cellphone|telefone|fone|tel|telefone 1|fone 1|tel 1|"
        "telefone principal|telefone com ddd|ddd telefone|ddd e telefone|telefones|"
        "numero de telefone|numero do telefone|telefone do cliente|telefone cliente|"
        "telefone de contato|telefone contato|phone|phone number|telephone|phone 1|msisdn|numero|"
        "num|number|recipient|destinatario|contato"
    ),
    PHONE_EXTRA: (
        "telefone 2|fone 2|tel 2|celular 2|telefone 3|fone 3|celular 3|telefone fixo|fixo|"
        "telefone residencial|residencial|telefone comercial|tel comercial|outro telefone|"
        "telefone alternativo|telefone recado|phone 2|home phone|work phone|other phone|"
        "secondary phone"
    ),
    AREA: "ddd|codigo de area|area code|cod area",
    NAME: (
        "nome|nome completo|nome do cliente|nome cliente|cliente|name|full name|fullname|"
        "customer name|customer|contact name|nome do contato|nome contato|primeiro nome|first name|"
        "firstname|razao social|nome fantasia|paciente|aluno|nome do aluno|nome do paciente|pessoa|"
        "titular|client|client name"
    ),
    LAST_NAME: "sobrenome|ultimo nome|last name|lastname|surname|family name",
    EMAIL: "email|e mail|email do cliente|endereco de email|correio eletronico|mail|email address",
    TAGS: "etiqueta|etiquetas|tag|tags|marcador|marcadores|label|labels",
    GROUP: "grupo|grupos|group|groups|lista|categoria|category",
}
_TABLE: dict[str, tuple[str, int]] = {
    word: (target, rank) for target, words in _WORDS.items() for rank, word in enumerate(words.split("|"))
}
_NOT_WORDS = re.compile(r"[^a-z0-9]+")


def recognise(name: str) -> tuple[str, int] | None:
    """(target, rank): a lower rank is a better match for that target."""
    return _TABLE.get(_NOT_WORDS.sub(" ", fold(name)).strip())


def custom_key(name: str) -> str:
    """The name as a template variable: "Data de Nascimento" gives data_de_nascimento."""
    return _NOT_WORDS.sub("_", fold(name)).strip("_")[:50].strip("_")
