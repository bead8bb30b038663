"""The schema library speaks English; its messages in the caller's language. Ours pass through as they are."""

import re

from flask_babel import lazy_gettext as _l

# In the order of asking: the longer form of a sentence before the shorter one.
_SAID = (
    ("Missing data for required field.", _l("Preencha este campo.")),
    ("Field may not be null.", _l("Este campo não pode ser nulo.")),
    ("Unknown field.", _l("Campo desconhecido.")),
    ("Invalid value.", _l("Valor inválido.")),
    ("Invalid input.", _l("Valor inválido.")),
    ("Invalid type.", _l("O tipo não é o esperado aqui.")),
    ("Invalid input type.", _l("O tipo não é o esperado aqui.")),
    ("Invalid JSON body.", _l("O corpo não é um JSON válido.")),
    ("Not a valid boolean.", _l("Use true ou false.")),
    ("Not a valid string.", _l("Use um texto.")),
    ("Not a valid utf-8 string.", _l("O texto precisa estar em UTF-8.")),
    ("Not a valid integer.", _l("Use um número inteiro.")),
    ("Not a valid number.", _l("Use um número.")),
    ("Number too large.", _l("O número é grande demais.")),
    ("Special numeric values (nan or infinity) are not permitted.", _l("Use um número finito.")),
    ("Not a valid list.", _l("Use uma lista.")),
    ("Not a valid tuple.", _l("Use uma lista.")),
    ("Not a valid mapping type.", _l("Use um objeto.")),
    ("Not a valid UUID.", _l("Use um identificador (UUID) válido.")),
    ("Not a valid email address.", _l("Este e-mail não é válido.")),
    ("Not a valid URL.", _l("Este endereço não é válido.")),
    ("Not a valid date.", _l("Use uma data como 2026-03-31.")),
    ("Not a valid time.", _l("Use uma hora como 08:30.")),
    ("Not a valid datetime.", _l("Use data e hora em ISO 8601, como 2026-03-31T08:30:00Z.")),
    ("Not a valid aware datetime.", _l("Diga o fuso da data e hora, como em 2026-03-31T08:30:00Z.")),
    ("Not a valid naive datetime.", _l("Use data e hora sem fuso.")),
    ("Not a valid period of time.", _l("Use uma duração válida.")),
    ("String does not match expected pattern.", _l("O texto não tem o formato esperado.")),
    ("Must be one of: {values}.", _l("Use um destes: %(values)s.")),
    ("Must be equal to {values}.", _l("Só aceita %(values)s.")),
    ("One or more of the choices you made was not in: {values}.", _l("Use só estes: %(values)s.")),
    ("One or more of the choices you made was in: {values}.", _l("Não use nenhum destes: %(values)s.")),
    ("Length must be between {low} and {high}.", _l("Use de %(low)s a %(high)s caracteres ou itens.")),
    ("Length must be {low}.", _l("Use exatamente %(low)s caracteres ou itens.")),
    ("Shorter than minimum length {low}.", _l("Use pelo menos %(low)s caracteres ou itens.")),
    ("Longer than maximum length {high}.", _l("Use no máximo %(high)s caracteres ou itens.")),
    (
        "Must be greater than or equal to {low} and less than or equal to {high}.",
        _l("Use um valor de %(low)s a %(high)s."),
    ),
    ("Must be greater than or equal to {low}.", _l("Use um valor de pelo menos %(low)s.")),
    ("Must be greater than {low}.", _l("Use um valor maior que %(low)s.")),
    ("Must be less than or equal to {high}.", _l("Use um valor de no máximo %(high)s.")),
    ("Must be less than {high}.", _l("Use um valor menor que %(high)s.")),
)


def _pattern(said: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+?)", re.escape(said)), re.DOTALL)


_PATTERNS = [(_pattern(said), ours) for said, ours in _SAID]


def in_our_words(message: str) -> str:
    """What the library said, in the language of the request."""
    for pattern, ours in _PATTERNS:
        if found := pattern.fullmatch(message):
            return str(ours) % found.groupdict() if found.groupdict() else str(ours)
    return message
