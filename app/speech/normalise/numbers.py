"""Numbers in Brazilian Portuguese words, in both genders."""

import itertools

_ONES = (
    "zero um dois três quatro cinco seis sete oito nove dez onze doze treze catorze quinze dezesseis dezessete dezoito "
    "dezenove"
).split()
_TENS = "_ _ vinte trinta quarenta cinquenta sessenta setenta oitenta noventa".split()
_HUNDREDS = ("_ cento duzentos trezentos quatrocentos quinhentos seiscentos setecentos oitocentos novecentos").split()
_SCALES = (("", ""), ("mil", "mil"), ("milhão", "milhões"), ("bilhão", "bilhões"), ("trilhão", "trilhões"))
LIMIT = 10**15
_ROWS = {8: (4, 4), 9: (5, 4), 10: (2, 4, 4), 11: (3, 3, 3, 2), 12: (2, 2, 4, 4), 13: (2, 2, 5, 4), 14: (2, 3, 3, 4, 2)}
_ORDINAL_ONES = "_ primeiro segundo terceiro quarto quinto sexto sétimo oitavo nono".split()
_ORDINAL_TENS = (
    "_ décimo vigésimo trigésimo quadragésimo quinquagésimo sexagésimo septuagésimo octogésimo nonagésimo"
).split()
_ORDINAL_HUNDREDS = (
    "_ centésimo ducentésimo trecentésimo quadringentésimo quingentésimo sexcentésimo septingentésimo octingentésimo "
    "nongentésimo"
).split()


def cardinal(number: int, feminine: bool = False) -> str:
    """Beyond a quadrillion digit by digit."""
    if number < 0:
        return f"menos {cardinal(-number, feminine)}"
    if number >= LIMIT:
        return digits(str(number))
    if number < 1000:
        return _below_thousand(number, feminine)
    groups = []
    scale, rest = 0, number
    while rest:
        rest, group = divmod(rest, 1000)
        if group:
            groups.append((group, scale))
        scale += 1
    return _joined([(group, _group(group, at, feminine)) for group, at in reversed(groups)])


def _group(group: int, scale: int, feminine: bool) -> str:
    if scale == 0:
        return _below_thousand(group, feminine)
    if scale == 1:
        return "mil" if group == 1 else f"{_below_thousand(group, feminine)} mil"
    return f"{_below_thousand(group, False)} {_SCALES[scale][group > 1]}"


def _joined(groups: list[tuple[int, str]]) -> str:
    """ "mil e cem", "mil e vinte", but "mil cento e vinte"."""
    *before, (last, words) = groups
    if not before:
        return words
    link = " e " if last < 100 or last % 100 == 0 else " "
    return " ".join(text for _, text in before) + link + words


def _below_thousand(number: int, feminine: bool) -> str:
    if number == 100:
        return "cem"
    hundreds, rest = divmod(number, 100)
    parts = []
    if hundreds:
        word = _HUNDREDS[hundreds]
        parts.append(word[:-2] + "as" if feminine and hundreds > 1 else word)
    if rest or not hundreds:
        parts += _below_hundred(rest, feminine)
    return " e ".join(parts)


def _below_hundred(number: int, feminine: bool) -> list[str]:
    tens, ones = divmod(number, 10)
    if number < 20:
        return [_gendered(number, feminine)]
    return [_TENS[tens]] + ([_gendered(ones, feminine)] if ones else [])


def _gendered(number: int, feminine: bool) -> str:
    return {1: "uma", 2: "duas"}.get(number, _ONES[number]) if feminine else _ONES[number]


def ordinal(number: int, feminine: bool = False) -> str:
    """Up to 999; above it nobody says one, so "número mil"."""
    if not 0 < number < 1000:
        return cardinal(number, feminine)
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    tables = ((_ORDINAL_HUNDREDS, hundreds), (_ORDINAL_TENS, tens), (_ORDINAL_ONES, ones))
    words = [table[at] for table, at in tables if at]
    return " ".join(word[:-1] + "a" for word in words) if feminine else " ".join(words)


def digits(text: str) -> str:
    """One by one; anything between them is a short pause, and so are the places where people group a long row."""
    written = "".join(char if char.isdecimal() else " " for char in text).split()
    groups = [group for row in written for group in _grouped(row)]
    return ", ".join(" ".join(_ONES[int(digit)] for digit in group) for group in groups)


def _grouped(row: str) -> list[str]:
    """CPF and mobile number (11), CNPJ (14), telephone (8 to 10, with 55 to 13); others by four."""
    size = len(row)
    lengths: tuple[int, ...] = (size,) if size < 7 else _ROWS.get(size, (4,) * -(-size // 4))
    if size == 11 and row[2] == "9":
        lengths = (2, 5, 4)
    ends = list(itertools.accumulate(lengths))
    return [row[end - length : end] for end, length in zip(ends, lengths, strict=True)]


def number(text: str, feminine: bool = False) -> str:
    """As written in Brazil: 1.234,5 or 1234,5; codes (leading zeros, seven digits and more) digit by digit."""
    whole, comma, fraction = text.partition(",")
    whole = whole.replace(".", "")
    read = _whole(whole, "." in text, feminine)
    return f"{read} vírgula {_fraction(fraction)}" if comma and fraction.strip("0") else read


def _whole(text: str, grouped: bool, feminine: bool) -> str:
    is_code = (len(text) > 6 and not grouped) or (len(text) > 2 and text[0] == "0")
    return digits(text) if is_code or len(text) > 15 else cardinal(int(text), feminine)


def _fraction(text: str) -> str:
    if text[0] == "0" or len(text) > 2:
        return digits(text)
    return cardinal(int(text))
