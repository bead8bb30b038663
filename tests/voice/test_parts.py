"""Where a text may be cut, and that nothing is lost at the seams."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.voice.rules.parts import cut, values_in


def parts(text: str, *literals: str | None) -> tuple[str, ...]:
    values = values_in(text, literals)
    assert values is not None
    return cut(text, values)


def test_the_greeting_is_personal_and_the_rest_is_shared():
    rest = "sua fatura de R$ 1.234,50 vence amanhã."
    assert parts(f"Olá Maria, {rest}", "Olá ", None, f", {rest}") == ("Olá Maria,", rest)


def test_an_abbreviation_is_no_seam():
    text = "Bom dia, Dra. Ana! Temos novidades para você."
    assert parts(text, "Bom dia, Dra. ", None, "! Temos novidades para você.")[0] == "Bom dia, Dra. Ana!"


@pytest.mark.parametrize("name", ["", "Ana, a primeira. E única! Oi", "Zé"])
def test_a_value_is_never_cut(name):
    text = f"Olá {name}. Nossa loja abre às oito horas."
    assert parts(text, "Olá ", None, ". Nossa loja abre às oito horas.")[0] == f"Olá {name}."


def test_short_leftovers_are_no_part():
    assert parts("Olá Maria! Tchau.", "Olá ", None, "! Tchau.") == ("Olá Maria! Tchau.",)


def test_a_text_of_another_template_is_not_cut():
    assert values_in("Bom dia, Ana.", ["Olá ", None, "."]) is None
    assert values_in("Olá Ana", ["Olá ", None, " tudo bem, Ana"]) is None


words = st.text(st.sampled_from("abc ,.!?\nDr"), max_size=20)


@given(st.lists(st.one_of(words, st.none()), max_size=6), st.lists(words, min_size=6, max_size=6))
def test_the_parts_are_the_text(literals, values):
    filled = [one if one is not None else values[at] for at, one in enumerate(literals)]
    text = "".join(filled)
    found = values_in(text, literals)
    assert found is not None
    assert all(start <= end for start, end in found)
    assert "".join("".join(cut(text, found)).split()) == "".join(text.split())
