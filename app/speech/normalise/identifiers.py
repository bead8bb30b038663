"""What is read sign by sign: addresses on the net, telephones, documents, codes."""

import re

from app.speech.normalise.numbers import digits

_EMAIL = re.compile(r"(?<![\w.+-])([\w.+-]{1,64})@((?:[\w-]{1,63}\.){1,8}[a-z]{2,24})\b", re.I)
_URL = re.compile(r"\bhttps?://([^\s<>\"]{1,2000})", re.I)
_TOPS = "com|net|org|br|me|io|app|dev|info|biz|shop|store|online|site|ly|gl|link|edu|gov|tv|co|ai|club|pro"
_DOMAIN = re.compile(rf"(?<![\w@.-])((?:[a-z0-9-]{{1,63}}\.){{1,5}}(?:{_TOPS}))(?![\w-])(/[^\s<>\"]{{0,2000}})?", re.I)
_SHORT_PATH = re.compile(r"[\w/-]{1,24}")
_CNPJ = re.compile(r"\b[A-Z0-9]{2}\.[A-Z0-9]{3}\.[A-Z0-9]{3}/[A-Z0-9]{4}-\d{2}\b")
_CPF = re.compile(r"\b\d{3}\.\d{3}\.\d{3}-\d{2}\b")
_CEP = re.compile(r"\b\d{2}\.?\d{3}-\d{3}\b")
_NAMED = re.compile(
    r"\b(CPF|CNPJ|CEP|RG|PIX|protocolo|código|rastreio|telefone|celular|whatsapp|whats|ramal|senha)\b"
    r"([:\s.]{1,3}(?:nº\s?|número\s)?)(\d[\d.\-/]{2,24}\d)(?!\d|[.,/-]\d)",
    re.I,
)
_PHONE = re.compile(
    r"(?<![\w.,/-])(\+\s?\d{1,3}[ .-]?)?(\(\s?0?\d{2}\s?\)\s?|\d{2}[ .-])?"
    r"(\d{4,5}[-. ]\d{4}|(?:\d{2})?9\d{8})(?![\w-]|[.,/]\d)"
)
_TOLL_FREE = re.compile(r"(?<![\w.,/-])0[389]00[ .-]?\d{3}[ .-]?\d{3,4}(?![\w-])")
_INTERNATIONAL = re.compile(r"(?<![\w.,/-])\+\d{7,15}(?!\d)")
_BOLETO = re.compile(r"(?<![\w.,/-])\d{5}\.?\d{5}(?:[ .]{1,3}\d{4,14}){2,7}(?!\d)")
_DIGIT = re.compile(r"\d")
_PIECE = re.compile(r"\d+|[^\W\d_]+|[._/+@-]")
_SAID = {".": "ponto", "-": "hífen", "_": "sublinhado", "/": "barra", "+": "mais", "@": "arroba"}


def read(text: str) -> str:
    text = _URL.sub(lambda match: _address(match.group(1)), text)
    text = _EMAIL.sub(lambda match: _spelt(match.group()), text)
    text = _DOMAIN.sub(lambda match: _address(match.group()), text)
    if not _DIGIT.search(text):
        return text
    text = _BOLETO.sub(_by_digit, text)
    text = _CNPJ.sub(lambda match: _document(match.group()), text)
    text = _NAMED.sub(_named, text)
    for pattern in (_CPF, _TOLL_FREE, _PHONE, _CEP, _INTERNATIONAL):
        text = pattern.sub(_by_digit, text)
    return text


def _by_digit(match: re.Match[str]) -> str:
    before = "mais " if match.group().startswith("+") else ""
    return f" {before}{digits(match.group())} "


def _named(match: re.Match[str]) -> str:
    return f"{match.group(1)}{match.group(2)}{digits(match.group(3))}"


def _document(text: str) -> str:
    """CNPJs have letters since 2026."""
    groups = re.split(r"[./-]", text)
    return ", ".join(" ".join(digits(char) if char.isdecimal() else char for char in group) for group in groups)


def _address(text: str) -> str:
    """The host, and a path that somebody could remember."""
    address = text.rstrip(".,;:!?)]}'\"")
    end = text[len(address) :]
    host, slash, path = address.partition("/")
    host = host.rpartition("@")[2].removeprefix("www.")
    said = _spelt(host.partition("?")[0].partition("#")[0].partition(":")[0])
    path = path.strip("/")
    if slash and path and _SHORT_PATH.fullmatch(path):
        said += f" barra {_spelt(path)}"
    return said + end


def _spelt(text: str) -> str:
    return " ".join(_piece(piece) for piece in _PIECE.findall(text))


def _piece(piece: str) -> str:
    return digits(piece) if piece.isdecimal() else _SAID.get(piece, piece)
