"""Which passwords will do, and what is wrong with the others, in the person's language."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from zxcvbn import zxcvbn

from app.accounts.rules import COMMON_WORDS, LEAST_PASSWORD, LEAST_STRENGTH, password_problem
from app.core.errors import FieldError
from app.core.hashing import MOST_BYTES
from app.green import run_blocking

_PROBLEMS = {
    "short": _l("A senha precisa de pelo menos %(least)s letras.", least=LEAST_PASSWORD),
    "long": _l("A senha é comprida demais (até 72 letras)."),
    "same_as_email": _l("A senha não pode ser o próprio e-mail."),
}
_WORSE = {
    "Straight rows of keys are easy to guess.": _l("Teclas em fila são fáceis de adivinhar."),
    "Short keyboard patterns are easy to guess.": _l("Desenhos curtos no teclado são fáceis de adivinhar."),
    'Repeats like "aaa" are easy to guess.': _l("Repetições como “aaa” são fáceis de adivinhar."),
    'Repeats like "abcabcabc" are only slightly harder to guess than "abc".': _l(
        "Repetir “abcabcabc” protege quase tão pouco quanto “abc”."
    ),
    'Sequences like "abc" or "6543" are easy to guess.': _l("Sequências como “abc” ou “6543” são fáceis de adivinhar."),
    "Recent years are easy to guess.": _l("Anos recentes são fáceis de adivinhar."),
    "Dates are often easy to guess.": _l("Datas são fáceis de adivinhar."),
    "This is a top-10 common password.": _l("Esta é uma das dez senhas mais usadas do mundo."),
    "This is a top-100 common password.": _l("Esta é uma das cem senhas mais usadas do mundo."),
    "This is a very common password.": _l("Esta senha é muito comum."),
    "This is similar to a commonly used password.": _l("Esta senha é parecida com uma muito comum."),
    "A word by itself is easy to guess.": _l("Uma palavra sozinha é fácil de adivinhar."),
    "Names and surnames by themselves are easy to guess.": _l("Nomes sozinhos são fáceis de adivinhar."),
    "Common names and surnames are easy to guess.": _l("Nomes comuns são fáceis de adivinhar."),
}


def problems(password: str, *personal: str, field: str = "password", strict: bool = True) -> list[FieldError]:
    """`personal`: e-mail, names; what somebody who knows the person would try first. Not `strict`: form only."""
    email = next((word for word in personal if "@" in word), "")
    known = password_problem(password, email)
    if known:
        return [FieldError(field, str(_PROBLEMS[known]))]
    weakness = find_weakness(password, personal) if strict else None
    return [FieldError(field, weakness)] if weakness else []


def find_weakness(password: str, personal: tuple[str, ...] = ()) -> str | None:
    """None for a password that takes long to guess."""
    words = [part for word in personal for part in (word, *word.replace("@", " ").split()) if part]
    found = run_blocking(zxcvbn, password[:MOST_BYTES], user_inputs=[*words, *COMMON_WORDS])
    if found["score"] >= LEAST_STRENGTH:
        return None
    reason = _WORSE.get(found["feedback"]["warning"], _("Esta senha é fácil de adivinhar."))
    return _("%(reason)s Junte mais uma ou duas palavras incomuns.", reason=str(reason))
