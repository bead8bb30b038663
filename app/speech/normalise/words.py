"""Abbreviations and signs of Brazilian messages."""

import re

# With a point; the next word tells "R. das Flores" from the end of a sentence.
_TITLES = {
    "sr": "senhor", "sra": "senhora", "srs": "senhores", "sras": "senhoras", "srta": "senhorita", "dr": "doutor",
    "dra": "doutora", "drs": "doutores", "dras": "doutoras", "prof": "professor", "profa": "professora",
    "profª": "professora", "eng": "engenheiro", "engª": "engenheira", "adv": "advogado", "exmo": "excelentíssimo",
    "exma": "excelentíssima", "ilmo": "ilustríssimo", "ilma": "ilustríssima", "sto": "santo", "sta": "santa",
    "av": "avenida", "al": "alameda", "trav": "travessa", "pç": "praça", "pça": "praça",
    "pca": "praça", "rod": "rodovia", "estr": "estrada", "jd": "jardim", "vl": "vila", "lgo": "largo",
    "ed": "edifício", "cond": "condomínio", "res": "residencial",
}  # fmt: skip
_SHORT = {
    "tel": "telefone", "fone": "fone", "apto": "apartamento", "ap": "apartamento", "apt": "apartamento", "bl": "bloco",
    "cj": "conjunto", "conj": "conjunto", "qd": "quadra", "lt": "lote", "km": "quilômetro", "nº": "número",
    "n°": "número", "núm": "número", "num": "número", "cód": "código", "cod": "código", "ref": "referência",
    "obs": "observação", "qtd": "quantidade", "qtde": "quantidade", "pág": "página", "pag": "página",
    "ltda": "limitada", "cia": "companhia", "depto": "departamento", "máx": "máximo", "mín": "mínimo",
    "aprox": "aproximadamente", "venc": "vencimento", "parc": "parcela", "compl": "complemento",
    "desc": "desconto", "etc": "etcétera", "ex": "exemplo", "att": "atenciosamente", "atte": "atenciosamente",
    "cel": "celular",
}  # fmt: skip
# Without a point, as people type.
_TYPED = {
    "vc": "você", "vcs": "vocês", "tb": "também", "tbm": "também", "pq": "porque", "hj": "hoje", "obg": "obrigado",
    "obgd": "obrigado", "blz": "beleza", "msg": "mensagem", "msgs": "mensagens", "qdo": "quando", "qq": "qualquer",
    "p/": "para", "c/": "com", "s/": "sem", "e/ou": "e ou", "s/a": "esse á", "s.a.": "esse á", "a/c": "aos cuidados de",
    "n/a": "não se aplica", "p.ex.": "por exemplo", "sr": "senhor", "sra": "senhora", "dr": "doutor",
    "dra": "doutora", "ltda": "limitada",
}  # fmt: skip


def _any(table: dict[str, str]) -> str:
    return "|".join(sorted(map(re.escape, table), key=len, reverse=True))


_NEXT_IS_NAME = r"(?=\s?[^\W_])"
_TITLE = re.compile(
    rf"(?<![\w.])({'|'.join(sorted(map(re.escape, _TITLES), key=len, reverse=True))})\.{_NEXT_IS_NAME}", re.I
)
_STREET = re.compile(r"(?<![\w.])R\.\s?(?=(?:d[aeo]s?\s)?[A-ZÀ-Ý]|\d)")
_NUMBER = re.compile(r"(?<!\w)(?:[nN][º°]\.?|[nN]r\.|[nN]ro\.?|N[oO]\.)\s?(?=\d)|#\s?(?=\d)")
_DAYS = {"seg": "segunda", "ter": "terça", "qua": "quarta", "qui": "quinta", "sex": "sexta", "sáb": "sábado",
    "sab": "sábado", "dom": "domingo"}  # fmt: skip
# "ter." alone may be the verb at the end of its sentence: a day goes on in lower case, or comes after "a" or "e".
_DAY = re.compile(r"(?<!\w)((?i:seg|ter|qua|qui|sex|sáb|sab|dom))\.(?=\s?[a-zà-ú\d,;/)-])")
_LAST_DAY = re.compile(r"(?<=\b[aeàAE] )((?i:seg|ter|qua|qui|sex|sáb|sab|dom))\.(?!\w)")
_ANY_DAY = "|".join(_DAYS)
_DAY_SPAN = re.compile(
    rf"(?<!\w)(?:{_ANY_DAY})\.?(?:(?: ?- ?|, | a | à | e | até )(?:{_ANY_DAY})(?!\w)(?:\.(?!\s?$))?){{1,6}}", re.I
)
_EACH_DAY = re.compile(rf"({_ANY_DAY})\.?| ?(-) ?", re.I)
_DAY_HOUR = re.compile(r"(?<!\w)(seg|qua|qui|sex|sáb|sab|dom)\.?(?= \d{1,2}(?:h|:))", re.I)
_BOTH_GENDERS = re.compile(r"(?<=[^\W\d_])\((?:a|o|as|os|es)\)")
_STATES = {
    "AC": "Acre", "AL": "Alagoas", "AM": "Amazonas", "AP": "Amapá", "BA": "Bahia", "CE": "Ceará",
    "DF": "Distrito Federal", "ES": "Espírito Santo", "GO": "Goiás", "MA": "Maranhão", "MG": "Minas Gerais",
    "MS": "Mato Grosso do Sul", "MT": "Mato Grosso", "PA": "Pará", "PB": "Paraíba", "PE": "Pernambuco", "PI": "Piauí",
    "PR": "Paraná", "RJ": "Rio de Janeiro", "RN": "Rio Grande do Norte", "RO": "Rondônia", "RR": "Roraima",
    "RS": "Rio Grande do Sul", "SC": "Santa Catarina", "SE": "Sergipe", "SP": "São Paulo", "TO": "Tocantins",
}  # fmt: skip
_STATE = re.compile(rf"(?<=[a-zà-ÿ])(?: ?/ ?| - |-)({'|'.join(_STATES)})(?!\w)")
_WEEKDAY = re.compile(r"(?<!\w)([2-6])[aª]s?[ -]?feira", re.I)
_WEEKDAYS = dict(zip("23456", "segunda terça quarta quinta sexta".split(), strict=True))
_MONTH_YEAR = re.compile(r"(?<!\w)(jan|fev|mar|abr|mai|jun|jul|ago|set|out|nov|dez)/(?=(?:20)?\d{2}(?!\d))", re.I)
_MONTHS = "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro".split()
_MONTH = re.compile(rf"(?<=\d)(?: de |/| (?=\w{{3}}\.))({'|'.join(month[:3] for month in _MONTHS)})\b\.?", re.I)
_CAPITALISED = re.compile(r"[A-ZÀ-Ý][a-zà-ÿ]+ $")
_SHORTENED = re.compile(rf"(?<![\w.])({_any(_SHORT)})\.(?!\w)", re.I)
_AS_TYPED = re.compile(rf"(?<![\w/.])({'|'.join(sorted(map(re.escape, _TYPED), key=len, reverse=True))})(?![\w])", re.I)
_ENDS = re.compile(r"\s?(?:$|\n)")
_SIGN_WORDS = (
    (re.compile(r" +/ +"), ", "),
    (re.compile(r"(?<!\w)kg(?!\w)", re.I), "quilo"),
    (re.compile(r"(?<!\w)km(?!\w)", re.I), "quilômetro"),
    (re.compile(r"\s?&\s?"), " e "),
    (re.compile(r"\s?%"), " por cento"),
    (re.compile(r"(?<=\w)\s?=\s?(?=\w)"), " igual a "),
    (re.compile(r"(?<=\w)\s?\+\s?(?=\w)"), " mais "),
    (re.compile(r"(?<=[^\W\d_])/(?=[^\W\d_])"), " ou "),
    (re.compile(r"±"), " mais ou menos "),
    (re.compile(r"\s?×\s?"), " vezes "),
    (re.compile(r"÷"), " dividido por "),
    (re.compile(r"²"), " ao quadrado "),
    (re.compile(r"³"), " ao cubo "),
    (re.compile(r"½"), " meio "),
    (re.compile(r"¼"), " um quarto "),
    (re.compile(r"¾"), " três quartos "),
    (re.compile(r"[°ºª=+/@$€£¥§¬¦¢]"), " "),
)


def expanded(text: str) -> str:
    text = _BOTH_GENDERS.sub("", text)
    text = _STATE.sub(lambda match: f", {_STATES[match.group(1)]}", text)
    text = _TITLE.sub(lambda match: f"{_cased(match, _TITLES)} ", text)
    text = _STREET.sub(_street, text)
    text = _NUMBER.sub("número ", text)
    text = _WEEKDAY.sub(lambda match: f"{_WEEKDAYS[match.group(1)]}-feira", text)
    text = _MONTH_YEAR.sub(lambda match: f"{_month(match.group(1))} de ", text)
    text = _MONTH.sub(lambda match: f" de {_month(match.group(1))}", text)
    text = _DAY_SPAN.sub(lambda match: _EACH_DAY.sub(_day_of_span, match.group()), text)
    text = _DAY_HOUR.sub(lambda match: _cased(match, _DAYS), text)
    text = _DAY.sub(lambda match: _cased(match, _DAYS), text)
    text = _LAST_DAY.sub(lambda match: _cased(match, _DAYS) + _point(text, match.end()), text)
    text = _SHORTENED.sub(lambda match: _cased(match, _SHORT) + _point(text, match.end()), text)
    return _AS_TYPED.sub(lambda match: _cased(match, _TYPED), text)


def signs(text: str) -> str:
    """Signs that are said, once the figures around them are words."""
    for pattern, said in _SIGN_WORDS:
        text = pattern.sub(said, text)
    return text


def _street(match: re.Match[str]) -> str:
    """Not the initial in the middle of a name."""
    before = match.string[max(0, match.start() - 30) : match.start()]
    return match.group() if _CAPITALISED.search(before) else "rua "


def _day_of_span(match: re.Match[str]) -> str:
    return " a " if match.group(2) else _cased(match, _DAYS)


def _month(short: str) -> str:
    return next(month for month in _MONTHS if month.startswith(short.lower()))


def _cased(match: re.Match[str], table: dict[str, str]) -> str:
    word = table[match.group(1).lower()]
    return word.capitalize() if match.group(1)[0].isupper() else word


def _point(text: str, end: int) -> str:
    """The point of an abbreviation that ends its line ends the sentence as well."""
    return "." if _ENDS.match(text, end) else ""
