"""SQL and Python say the same to the letter, whatever people are called and whatever their fields hold."""

import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.campaigns.queries import rendering
from app.campaigns.rules.values import compiled, phone_text, render_for, values_of, variable_keys, variation_of
from app.contacts.models import Contact
from app.core import ids
from app.core.context import acting
from app.core.db import transaction
from tests.factories import Company, make_contact

TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",)), max_size=25)
NAMES = st.one_of(TEXT, st.sampled_from(["Maria Souza", "  José\t da Silva", "\u2003Ana\u00a0Lima", "", " ", "{nome}"]))
PHONES = st.one_of(st.none(), st.sampled_from(["+5511987654321", "+551133334444", "+14155550100", "", "+55119"]), TEXT)
SCALARS = st.one_of(
    TEXT,
    st.booleans(),
    st.none(),
    st.integers(-(10**12), 10**12),
    st.floats(allow_nan=False, allow_infinity=False, min_value=-1e15, max_value=1e15).filter(
        lambda x: x == 0 or abs(x) > 1e-9
    ),
    st.lists(st.integers(), max_size=2),
)
KEYS = st.sampled_from(
    ["cidade", "Cidade", "CIDADE", "data_de_nascimento", "Data de Nascimento", "valor", "nome", "x%s"]
)
WORDS = st.sampled_from(
    ["{nome}", "{primeiro_nome|você}", "{telefone}", "{email|sem e-mail}", "{cidade}", "{Cidade|aí}", "{Data de nascimento}",
     "{valor|0}", "{desconhecida}", "{{nome}}", "{", "}", "%", "%%(x)s", ":a", "'", "\\1", "\n", "*oi* "]
)  # fmt: skip
WORDINGS = st.lists(st.lists(st.one_of(WORDS, TEXT), max_size=6).map("".join), min_size=1, max_size=5)


@given(
    name=NAMES, phone=PHONES, email=st.one_of(st.none(), TEXT), custom=st.dictionaries(KEYS, SCALARS, max_size=5),
    wordings=WORDINGS,
)  # fmt: skip
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_sql_and_python_render_the_same_text(company: Company, name, phone, email, custom, wordings) -> None:
    texts = compiled(wordings[0], wordings[1:])
    with acting(company.system), transaction() as session:
        person = Contact(name=name, phone=phone, email=email, custom_fields=custom)
        session.add(person)
        session.flush()
        session.refresh(person)
        spellings = rendering.spellings_of(list(person.custom_fields), list(variable_keys(texts)))
        expression = rendering.body(Contact, texts, spellings)
        in_sql = session.scalar(select(expression).where(Contact.id == person.id))
        in_python = render_for(person, texts)
        session.delete(person)
    assert in_sql == in_python


def test_a_person_always_gets_the_same_wording_and_all_wordings_are_used() -> None:
    people = [ids.new_id() for _ in range(500)]
    chosen = [variation_of(person, 5) for person in people]
    assert chosen == [variation_of(person, 5) for person in people]
    assert min(chosen.count(at) for at in range(5)) > 50


@pytest.mark.parametrize(
    ("e164", "shown"),
    [("+5511987654321", "(11) 98765-4321"), ("+551133334444", "(11) 3333-4444"), ("+14155550100", "+14155550100")],
)
def test_brazilian_phones_are_written_as_people_write_them(e164: str, shown: str) -> None:
    assert phone_text(e164) == shown


def test_the_default_stands_in_for_a_blank_name(as_admin) -> None:
    person = make_contact("   ")
    assert render_for(person, compiled("Olá {nome|cliente}!", [])) == "Olá cliente!"


def test_a_custom_field_never_replaces_the_name(as_admin) -> None:
    person = make_contact("Ana", custom_fields={"nome": "Outra", "Cidade": "Recife", "nota": math.pi})
    values = values_of(person)
    assert values["nome"] == "Ana"
    assert values["cidade"] == "Recife"
