import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.templates.rules import Literal, Variable, empty_names, fill, key_of, lookup, parse, render, variables


def test_a_text_is_literals_and_variables_in_order():
    assert parse("Olá {nome|cliente}, seu código é {codigo}.") == [
        Literal("Olá "),
        Variable("nome", "cliente"),
        Literal(", seu código é "),
        Variable("codigo"),
        Literal("."),
    ]


@pytest.mark.parametrize("text", ["", "sem nada", "a { b", "a } b", "{}", "{ }", "{|x}", "{a-b}", "{a\nb}", "{ola!}"])
def test_braces_that_form_no_variable_are_literal(text):
    assert "".join(part.text for part in parse(text)) == text
    assert len(parse(text)) <= 1


@pytest.mark.parametrize(
    ("text", "shown"),
    [("{{nome}}", "{nome}"), ("{{", "{"), ("}}", "}"), ("{{{nome}}}", "{Ana}"), ("{nome}}", "Ana}"), ("{{{{", "{{")],
)
def test_doubled_braces_mean_themselves(text, shown):
    assert render(text, {"nome": "Ana"}) == shown


@pytest.mark.parametrize("written", ["nome", "NOME", " Nome ", "nóme"])
def test_names_are_found_whatever_case_accents_and_spaces(written):
    assert render(f"{{{written}}}", {"Nome": "Ana"}) == "Ana"


@pytest.mark.parametrize("written", ["Data de Nascimento", "data_de_nascimento", "DATA  de nascimento"])
def test_spaces_and_underscores_of_a_column_are_the_same(written):
    assert render(f"{{{written}}}", {"data_de_nascimento": "01/02/1990"}) == "01/02/1990"


def test_accents_typed_as_two_characters_are_letters():
    decomposed = unicodedata.normalize("NFD", "{endereço}")
    assert render(decomposed, {"Endereço": "Rua A"}) == "Rua A"


def test_names_in_other_alphabets_keep_their_letters():
    assert render("{имя}", {"Имя": "Анна"}) == "Анна"
    assert key_of("имя") != key_of("год")


def test_a_blank_value_takes_the_default():
    for blank in (None, "", "   "):
        assert render("Olá {nome|cliente}", {"nome": blank}) == "Olá cliente"
    assert render("Olá {nome}", {}) == "Olá "


def test_an_empty_default_is_a_choice_and_a_missing_one_a_hole():
    parts = parse("{a} {b|} {c|x} {d} {A}")
    assert empty_names(parts, lookup({"d": "1"})) == ["a"]


def test_values_are_never_parsed_again():
    assert render("{a}", {"a": "{b}", "b": "secret"}) == "{b}"


def test_numbers_are_written_as_texts():
    assert render("{n}", {"n": 42}) == "42"


def test_each_variable_is_listed_once_with_the_first_default_given():
    assert variables("{Nome}, {nome|cliente}, {cidade} {NOME|você}") == [
        Variable("Nome", "cliente"),
        Variable("cidade"),
    ]


@given(st.text(alphabet="ab{}| ", max_size=40))
def test_any_text_can_be_parsed_and_filled(text):
    parts = parse(text)
    assert all(isinstance(part, Literal | Variable) for part in parts)
    assert not any(isinstance(a, Literal) and isinstance(b, Literal) for a, b in pairwise(parts))
    assert len(fill(parts, {})) <= len(text)


@given(st.text(max_size=60))
def test_escaped_text_renders_as_itself(text):
    assert render(text.replace("{", "{{").replace("}", "}}"), {}) == text
