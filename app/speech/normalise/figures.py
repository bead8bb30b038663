"""Money, dates, hours, percentages, ordinals, units and bare numbers."""

import re

from app.speech.normalise.numbers import cardinal, digits, number, ordinal

_MONTHS = "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro".split()
_AMOUNT = r"\d{1,3}(?:\.\d{3}){1,6}(?:,\d{1,9})?|\d{1,15}(?:,\d{1,9})?"
_CURRENCIES = {
    "R$": ("real", "reais", "centavo", "centavos", False),
    "US$": ("dólar", "dólares", "centavo", "centavos", False),
    "$": ("dólar", "dólares", "centavo", "centavos", False),
    "€": ("euro", "euros", "centavo", "centavos", False),
    "£": ("libra", "libras", "pêni", "pence", True),
}
_MONEY = re.compile(
    rf"(?<![\w$])(-\s?)?(R\$|US\$|[$€£])\s?(-)?(\d{{1,12}}\.\d{{2}}(?!\d)|{_AMOUNT})(?!\d)"
    r"(?:\s?(mil|mi|milhão|milhões|bi|bilhão|bilhões|k)\b)?",
    re.I,
)
_SCALES = {"k": "mil", "mi": "milhões", "bi": "bilhões"}
_PER = re.compile(
    r"(?<=\w)\s?/\s?(mês|mes|dia|semana|ano|hora|h|pessoa|kg|g|un|unidade|m²|m|l|litro|par|cada|noite)\b", re.I
)
_EACH = re.compile(r"(?<=reais|tavos) (?:[ao] )?(un|und|unid|kg|quilo)\b(?:\.(?!\s?$))?", re.I)
_EACH_WORDS = {"un": "a unidade", "und": "a unidade", "unid": "a unidade", "kg": "o quilo", "quilo": "o quilo"}
_PER_WORDS = {"mes": "mês", "h": "hora", "kg": "quilo", "g": "grama", "un": "unidade", "m²": "metro quadrado",
    "m": "metro", "l": "litro"}  # fmt: skip
_ISO_DATE = re.compile(r"(?<![\d/-])(\d{4})-(\d{2})-(\d{2})(?![\d-]|/\d)")
_DATE = re.compile(r"(?<![\d/.,-])(\d{1,2})([/.-])(\d{1,2})\2(\d{4}|\d{2})(?![\d]|[/-]\d)")
_FIRST = re.compile(r"(?<![\w.,/])1[º°](?=/\d{1,2}(?!\d))")
_MONTH_OF_YEAR = re.compile(r"(?<![\d/.,-])(0?[1-9]|1[0-2])/((?:19|20)\d{2})(?![\d/-])")
_DAY = re.compile(r"(?<![\d/.,-])(\d{1,2})/(\d{2})(?![\d%]|[/-]\d|,\d)")
_HOUR = re.compile(
    r"(?<![\d:,.])([01]?\d|2[0-4])\s?(?:h|hs|hrs|hora|horas)(?:\s?([0-5]\d)\s?(?:min|m)?)?(?:\s?[0-5]\d\s?s)?(?!\w)",
    re.I,
)
_CLOCK = re.compile(r"(?<![\d:,.])([01]?\d|2[0-4]):([0-5]\d)(?::([0-5]\d))?(?:\s?(?:h|hs|hrs|horas)\b)?(?![:\d])", re.I)
_PERCENT = re.compile(rf"(?<![\w.,])(-)?({_AMOUNT}|\d{{1,9}}\.\d{{1,4}})\s?%")
_RANGE = re.compile(
    r"(?<![\w.,/-])(\d{1,6}(?:,\d{1,3})?\s?(?:h|hs|hrs|%)?(?:[0-5]\d)?)\s?-\s?"
    r"(?=\d{1,6}(?:,\d{1,3})?\s?(?:%|h|hs\b|:|[a-zà-ú]{1,12}\b))",
    re.I,
)
_ORDINAL = re.compile(r"(?<![\d.,])(\d{1,4})\s?([ºª°])(?!\s?[CF]\b)(s)?")
_FRACTIONS = {"½": "meio", "¼": "um quarto", "¾": "três quartos", "1/3": "um terço", "2/3": "dois terços",
    "1/4": "um quarto", "3/4": "três quartos"}  # fmt: skip
_FRACTION = re.compile(r"(?<![\d/.,])(?:(\d{1,3})\s?([½¼¾])|([½¼¾]|[1-3]/[234]))(?![\d/])")
_UNITS = {
    "km/h": ("quilômetro por hora", "quilômetros por hora"), "kwh": ("quilowatt-hora", "quilowatts-hora"),
    "km²": ("quilômetro quadrado", "quilômetros quadrados"), "m²": ("metro quadrado", "metros quadrados"),
    "m2": ("metro quadrado", "metros quadrados"), "m³": ("metro cúbico", "metros cúbicos"),
    "m3": ("metro cúbico", "metros cúbicos"), "cm²": ("centímetro quadrado", "centímetros quadrados"),
    "km": ("quilômetro", "quilômetros"), "cm": ("centímetro", "centímetros"), "mm": ("milímetro", "milímetros"),
    "m": ("metro", "metros"), "kg": ("quilo", "quilos"), "kgs": ("quilo", "quilos"), "mg": ("miligrama", "miligramas"),
    "g": ("grama", "gramas"), "ml": ("mililitro", "mililitros"), "l": ("litro", "litros"),
    "lt": ("litro", "litros"), "lts": ("litro", "litros"), "min": ("minuto", "minutos"), "seg": ("segundo", "segundos"),
    "kw": ("quilowatt", "quilowatts"), "w": ("watt", "watts"), "v": ("volt", "volts"), "gb": ("gigabyte", "gigabytes"),
    "mb": ("megabyte", "megabytes"), "tb": ("terabyte", "terabytes"),
    "mbps": ("megabit por segundo", "megabits por segundo"),
    "°c": ("grau", "graus"), "ºc": ("grau", "graus"), "un": ("unidade", "unidades"), "und": ("unidade", "unidades"),
    "cx": ("caixa", "caixas"), "pct": ("pacote", "pacotes"), "pcs": ("peça", "peças"), "pç": ("peça", "peças"),
    "hrs": ("hora", "horas"), "mi": ("milhão", "milhões"), "bi": ("bilhão", "bilhões"), "k": ("mil", "mil"),
}  # fmt: skip
_FEMININE_UNITS = frozenset({"un", "und", "cx", "pcs", "pç", "hrs"})
_UNIT = re.compile(
    rf"(?<![\w.,])({_AMOUNT})\s?({'|'.join(sorted(map(re.escape, _UNITS), key=len, reverse=True))})(?![\w/²³])", re.I
)
_TIMES = re.compile(r"(?<![\w.,])(\d{1,3})\s?[xX](?!\w)")
_BY = re.compile(r"(?<=\d)\s?[xX×]\s?(?=\d)")
_DECIMAL = re.compile(r"(?<![\w.,])(\d{1,15})\.(\d{1,2}|\d{4,15})(?!\w|[.,]\d)")
_POINT = re.compile(r"(?<=\d)\.(?=\d)")
_SLASH = re.compile(r"(?<=\d)/(?=\d)")
_NEGATIVE = re.compile(r"(?:(?<=\s)|(?<=\()|^)-(?=\d)", re.MULTILINE)
_NUMBER = re.compile(rf"(?<![\w.,])({_AMOUNT})(?![\w]|[.,]\d)")
_NEXT_WORD = re.compile(r"\s+([^\W\d_]{3,30})")
_FIGURE = re.compile(r"[\d½¼¾]")
_DIGITS = re.compile(r"\d+")
_MASCULINE = frozenset(
    "dias problemas programas sistemas temas mapas telefonemas idiomas cinemas esquemas planetas gramas quilogramas "
    "miligramas dia problema programa sistema tema mapa telefonema idioma cinema esquema planeta grama para era pela "
    "toda cada nossa sua essa esta aquela agora ainda fora pelas todas nossas suas essas estas aquelas mesmas outras "
    "será estava já até lá".split()
)
_FEMININE = re.compile(r".*(?:as?|ções|ção|sões|são|dades?|gens|gem|vez|vezes|mãos|mão|mulher|mulheres)$", re.I)


def read(text: str) -> str:
    if not _FIGURE.search(text):
        return text
    text = _MONEY.sub(_money, text)
    text = _EACH.sub(lambda match: f" {_EACH_WORDS[match.group(1).lower()]}", text)
    text = _PER.sub(lambda match: f" por {_PER_WORDS.get(match.group(1).lower(), match.group(1))}", text)
    for pattern, reader in _READERS:
        text = pattern.sub(reader, text)
    return _DIGITS.sub(lambda match: f" {_leftover(match.group())} ", text)


def _leftover(text: str) -> str:
    """Inside a word (B2B, H2O, covid19) or a row of points."""
    return number(text)


def _money(match: re.Match[str]) -> str:
    minus, sign, inner, amount, scale = match.groups()
    one, many, cent, cents, feminine = _CURRENCIES[sign.upper()]
    said = "menos " if minus or inner else ""
    if scale:
        word = scale.lower()
        word = _SCALES.get(word, word)
        if word != "mil" and amount == "1":
            word = word.replace("ões", "ão")
        return f"{said}{number(amount, feminine and word == 'mil')} {word} {'' if word == 'mil' else 'de '}{many}"
    whole, fraction = _parts(amount)
    if len(fraction) > 2:
        return f"{said}{number(amount, feminine)} {many}"
    return said + _coins(int(whole), int(fraction.ljust(2, "0") or 0), one, many, cent, cents, feminine)


def _parts(amount: str) -> tuple[str, str]:
    """1.234,50 and, as systems write it, 1234.50."""
    if "," not in amount and re.fullmatch(r"\d{1,12}\.\d{2}", amount):
        amount = amount.replace(".", ",")
    whole, _, fraction = amount.replace(".", "").partition(",")
    return whole, fraction


def _coins(whole: int, fraction: int, one: str, many: str, cent: str, cents: str, feminine: bool) -> str:
    parts = []
    if whole or not fraction:
        link = "de " if whole >= 10**6 and whole % 10**6 == 0 else ""
        parts.append(f"{cardinal(whole, feminine)} {link}{one if whole == 1 else many}")
    if fraction:
        parts.append(f"{cardinal(fraction)} {cent if fraction == 1 else cents}")
    return " e ".join(parts)


def _iso_date(match: re.Match[str]) -> str:
    year, month, day = match.groups()
    return _date_words(match, day, month, year)


def _date(match: re.Match[str]) -> str:
    day, _, month, year = match.groups()
    return _date_words(match, day, month, year)


def _month_of_year(match: re.Match[str]) -> str:
    return f"{_MONTHS[int(match.group(1)) - 1]} de {cardinal(int(match.group(2)))}"


def _day(match: re.Match[str]) -> str:
    return _date_words(match, match.group(1), match.group(2), "")


def _date_words(match: re.Match[str], day: str, month: str, year: str) -> str:
    if not (1 <= int(day) <= 31 and 1 <= int(month) <= 12):
        return match.group()
    said = "primeiro" if int(day) == 1 else cardinal(int(day))
    full = int(year) + 2000 if len(year) == 2 else int(year or 0)
    return f"{said} de {_MONTHS[int(month) - 1]}" + (f" de {cardinal(full)}" if year else "")


def _hour(match: re.Match[str]) -> str:
    return _hour_words(int(match.group(1)), int(match.group(2) or 0))


def _clock(match: re.Match[str]) -> str:
    said = _hour_words(int(match.group(1)), int(match.group(2)))
    seconds = int(match.group(3) or 0)
    return f"{said} e {cardinal(seconds)} {'segundo' if seconds == 1 else 'segundos'}" if seconds else said


def _hour_words(hours: int, minutes: int) -> str:
    said = f"{cardinal(hours, feminine=True)} {'hora' if hours < 2 else 'horas'}"
    return f"{said} e {cardinal(minutes)} {'minuto' if minutes == 1 else 'minutos'}" if minutes else said


def _percent(match: re.Match[str]) -> str:
    amount = match.group(2)
    if re.fullmatch(r"\d+\.\d{1,2}", amount):
        amount = amount.replace(".", ",")
    return f"{'menos ' if match.group(1) else ''}{number(amount)} por cento"


def _ordinal(match: re.Match[str]) -> str:
    return ordinal(int(match.group(1)), match.group(2) == "ª") + (match.group(3) or "")


def _fraction(match: re.Match[str]) -> str:
    whole, mixed, alone = match.groups()
    if alone in ("½", "1/2"):
        return "meia" if _counts_feminine(match, "1") else "meio"
    if alone in _FRACTIONS:
        return _FRACTIONS[alone]
    if alone:
        return f"{cardinal(int(alone[0]))} sobre {cardinal(int(alone[-1]))}"
    return f"{cardinal(int(whole))} e {_FRACTIONS[mixed]}"


def _unit(match: re.Match[str]) -> str:
    if match.group(2) == "G":
        return f"{number(match.group(1))} gê"
    amount, unit = match.group(1), match.group(2).lower()
    return f"{number(amount, unit in _FEMININE_UNITS)} {_UNITS[unit][amount != '1']}"


def _times(match: re.Match[str]) -> str:
    count = int(match.group(1))
    return f"{cardinal(count, feminine=True)} {'vez' if count == 1 else 'vezes'}"


def _decimal(match: re.Match[str]) -> str:
    return f"{number(match.group(1))} ponto {digits(match.group(2))}"


def _number(match: re.Match[str]) -> str:
    return number(match.group(1), _counts_feminine(match, match.group(1)))


def _counts_feminine(match: re.Match[str], amount: str) -> bool:
    """What is counted, by its ending: "duas caixas", "duzentas pessoas", "dois dias"."""
    follows = _NEXT_WORD.match(match.string, match.end())
    if follows is None:
        return False
    word = follows.group(1).lower()
    plural = word.endswith("s") or word in ("vez", "mulher")
    return word not in _MASCULINE and bool(_FEMININE.fullmatch(word)) and (plural or amount == "1")


_READERS = (
    (_ISO_DATE, _iso_date),
    (_FIRST, "01"),
    (_DATE, _date),
    (_MONTH_OF_YEAR, _month_of_year),
    (_DAY, _day),
    (_RANGE, r"\1 a "),
    (_HOUR, _hour),
    (_CLOCK, _clock),
    (_PERCENT, _percent),
    (_FRACTION, _fraction),
    (_UNIT, _unit),
    (_ORDINAL, _ordinal),
    (_TIMES, _times),
    (_BY, " por "),
    (_DECIMAL, _decimal),
    (_NEGATIVE, "menos "),
    (_SLASH, " barra "),
    (_NUMBER, _number),
    (_POINT, " ponto "),
)
