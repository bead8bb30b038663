from __future__ import annotations

from typing import Any

import pytest

from app.contacts.importing.headers import find_header
from app.contacts.importing.mapping import Mapping, MappingError, corrected, from_request, guess


def mapped(*rows: list[Any]) -> Mapping:
    sample = list(enumerate(rows, start=1))
    return guess(find_header(sample), sample)


def targets(mapping: Mapping) -> list[str]:
    return [column.key or column.target for column in mapping.columns]


DATA = ["Ana Souza", "5511987654321", "ana@x.com.br"]


@pytest.mark.parametrize(
    "header",
    [
        ["Nome", "Telefone", "E-mail"], ["NOME COMPLETO", "CELULAR", "EMAIL"], ["name", "phone", "email"],
        ["Cliente", "WhatsApp", "e-Mail"], ["Razão Social", "Nº Telefone:", "Correio Eletrônico"],
        ["Full Name", "Mobile Number", "Email address"], ["nome_cliente", "telefone_contato", "e_mail"],
    ],
)  # fmt: skip
def test_columns_are_recognised_in_both_languages(header: list[str]) -> None:
    assert targets(mapped(header, DATA, DATA, DATA)) == ["name", "phone", "email"]


def test_header_may_come_after_titles() -> None:
    mapping = mapped(["Relatório de vendas"], ["Nome", "Fone"], ["Ana", "11987654321"])
    assert mapping.header_row == 2
    assert targets(mapping) == ["name", "phone"]


def test_without_header_contents_decide() -> None:
    rows = [[f"Ana Souza {'I' * n}", f"55119876543{n}{n}", f"a{n}@x.com"] for n in range(1, 6)]
    mapping = mapped(*rows)
    assert mapping.header_row is None
    assert targets(mapping) == ["name", "phone", "email"]
    assert [column.name for column in mapping.columns] == ["Coluna A", "Coluna B", "Coluna C"]


def test_contents_overrule_a_header_that_lies() -> None:
    rows = [["Telefone", "Nome"]] + [["Ana Souza", f"551198765432{n}"] for n in range(5)]
    mapping = mapped(*rows)
    assert targets(mapping) == ["name", "phone"]
    assert [column.note for column in mapping.columns] == ["header_lies", "header_lies"]


def test_unknown_header_over_data_is_still_a_header() -> None:
    mapping = mapped(["Responsável", "Canal"], ["Ana Souza", "5511987654321"], ["Bia Melo", "5511987654322"])
    assert mapping.header_row == 1
    assert targets(mapping) == ["name", "phone"]


def test_cpf_postal_codes_and_dates_are_no_phones() -> None:
    rows = [["CPF", "CEP", "Nascimento", "Fone"]]
    rows += [["529.982.247-25", "01310-100", "31/12/1990", "11987654321"]] * 4
    assert targets(mapped(*rows)) == ["cpf", "cep", "nascimento", "phone"]


def test_best_phone_column_wins_and_the_other_is_a_second_phone() -> None:
    mapping = mapped(["Telefone", "Celular", "Nome"], ["1133334444", "11987654321", "Ana Souza"])
    assert targets(mapping) == ["phone_extra", "phone", "name"]


def test_other_columns_become_custom_fields_with_keys_of_their_own() -> None:
    mapping = mapped(
        ["Nome", "Fone", "Data de Nascimento", "Obs", "Obs", "Nome"], ["A B", "11987654321", "x", "y", "z", "w"]
    )
    assert targets(mapping) == ["name", "phone", "data_de_nascimento", "obs", "obs_2", "nome_2"]


def test_three_samples_are_shown() -> None:
    mapping = mapped(["Nome", "Fone"], *[[f"Ana {n}", f"1198765432{n}"] for n in range(5)])
    assert mapping.columns[0].samples == ("Ana 0", "Ana 1", "Ana 2")


def test_mapping_survives_json() -> None:
    mapping = mapped(["Nome", "Fone", "Cidade"], ["Ana", "11987654321", "Niterói"])
    assert Mapping.from_json(mapping.as_json()) == mapping


def test_corrections_are_checked() -> None:
    mapping = mapped(["Nome", "Fone", "Apelido"], ["Ana", "11987654321", "Aninha"])
    assert targets(corrected(mapping, {2: "name", 0: "ignore"})) == ["ignore", "phone", "name"]
    with pytest.raises(MappingError, match="phone_unmapped"):
        corrected(mapping, {1: "ignore"})
    with pytest.raises(MappingError, match="duplicate_target:name"):
        corrected(mapping, {2: "name"})


@pytest.mark.parametrize("wanted", [{"phone": "Canal"}, {"Canal": "phone"}, {"phone": "C"}, {"phone": "canal "}])
def test_api_mapping_works_either_way_round(wanted: dict[str, str]) -> None:
    mapping = mapped(["Nome", "Fone", "Canal"], ["Ana", "11987654321", "21987654321"])
    assert targets(from_request(mapping, wanted)) == ["name", "fone", "phone"]


def test_api_mapping_names_the_unknown_column() -> None:
    mapping = mapped(["Nome", "Fone"], ["Ana", "11987654321"])
    with pytest.raises(MappingError, match="unknown_column:Celular"):
        from_request(mapping, {"phone": "Celular"})
