from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.contacts.models import Contact
from app.contacts.queries.audience import audience
from app.contacts.queries.segments import OPERATORS, check_filters, count_segment, segment_sample
from app.contacts.service import bulk, labels
from app.contacts.service.people import opt_in, opt_out
from app.core import clock
from app.core.db import read_session, transaction
from tests.factories import make_contact

pytestmark = pytest.mark.usefixtures("as_admin")


@pytest.fixture
def crowd() -> dict[str, Any]:
    """Four people who differ in everything a list can ask."""
    vip, tag = labels.create_group("VIP"), labels.create_tag("novo")
    ana = make_contact(
        "Ana Conceição", email="ana@x.com", custom_fields={"cidade": "Recife", "vence": "31/01/2026", "saldo": "10,5"}
    )
    bia = make_contact("Bia", custom_fields={"cidade": "Olinda", "vence": "2026-03-01", "saldo": "200"})
    caio = make_contact("Caio", custom_fields={"vence": "31/02/2026", "saldo": "muito"})
    davi = make_contact("Davi", is_blocked=True)
    bulk.add_to_group(bulk.Choice(ids=[ana.id, bia.id]), vip.id)
    bulk.add_tag(bulk.Choice(ids=[bia.id, caio.id]), "novo")
    opt_in(ana.id, "loja"), opt_out(caio.id, "word")
    with transaction() as session:
        session.get_one(Contact, ana.id).last_message_at = clock.now() - timedelta(days=5)
        session.get_one(Contact, bia.id).last_message_at = clock.now() - timedelta(days=50)
    return {"vip": str(vip.id), "tag": str(tag.id), "ana": ana.id, "davi": davi.id}


def names(*conditions: dict[str, Any], match: str = "all") -> list[str]:
    filters = {"match": match, "conditions": list(conditions)}
    assert check_filters(filters) == []
    found = sorted(contact.name.split()[0] for contact in segment_sample(filters, 50))
    assert count_segment(filters) == len(found)
    return found


def test_groups_and_tags(crowd: dict[str, Any]) -> None:
    in_vip = {"field": "group", "op": "in", "value": [crowd["vip"]]}
    tagged = {"field": "tag", "op": "in", "value": [crowd["tag"]]}
    assert names(in_vip) == ["Ana", "Bia"]
    assert names(in_vip | {"op": "not_in"}) == ["Caio", "Davi"]
    assert names(in_vip, tagged) == ["Bia"]
    assert names(in_vip, tagged, match="any") == ["Ana", "Bia", "Caio"]
    assert names(tagged | {"op": "not_in"}, in_vip) == ["Ana"]


def test_consent_and_block(crowd: dict[str, Any]) -> None:
    assert names({"field": "consent", "op": "is", "value": "opted_in"}) == ["Ana"]
    assert names({"field": "consent", "op": "is", "value": "opted_out"}) == ["Caio"]
    assert names({"field": "consent", "op": "is", "value": "none"}) == ["Bia", "Davi"]
    assert names({"field": "blocked", "op": "is", "value": True}) == ["Davi"]


@pytest.mark.parametrize(
    ("op", "value", "expected"),
    [
        ("equals", "recife", ["Ana"]), ("not_equals", "Recife", ["Bia", "Caio", "Davi"]), ("contains", "ind", ["Bia"]),
        ("filled", None, ["Ana", "Bia"]), ("empty", None, ["Caio", "Davi"]), ("contains", "%", []),
    ],
)  # fmt: skip
def test_custom_texts(crowd: dict[str, Any], op: str, value: Any, expected: list[str]) -> None:
    assert names({"field": "custom", "key": "cidade", "op": op, "value": value}) == expected


def test_custom_dates_compare_as_dates_and_impossible_ones_do_no_harm(crowd: dict[str, Any]) -> None:
    assert names({"field": "custom", "key": "vence", "op": "before", "value": "2026-02-15"}) == ["Ana"]
    assert names({"field": "custom", "key": "vence", "op": "after", "value": "2026-01-31"}) == ["Bia", "Caio"]


def test_custom_numbers_compare_as_numbers(crowd: dict[str, Any]) -> None:
    assert names({"field": "custom", "key": "saldo", "op": "more_than", "value": "99"}) == ["Bia"]
    assert names({"field": "custom", "key": "saldo", "op": "less_than", "value": "10,6"}) == ["Ana"]


def test_last_interaction(crowd: dict[str, Any]) -> None:
    assert names({"field": "last_interaction", "op": "last_days", "value": "30"}) == ["Ana"]
    assert names({"field": "last_interaction", "op": "older_than_days", "value": 30}) == ["Bia"]
    assert names({"field": "last_interaction", "op": "never"}) == ["Caio", "Davi"]


def test_created_by_day(crowd: dict[str, Any]) -> None:
    tomorrow = f"{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}"
    assert len(names({"field": "created", "op": "before", "value": tomorrow})) == 4
    assert names({"field": "created", "op": "after", "value": tomorrow}) == []


def test_names_ignore_accents(crowd: dict[str, Any]) -> None:
    assert names({"field": "name", "op": "contains", "value": "conceicao"}) == ["Ana"]
    assert names({"field": "email", "op": "filled"}) == ["Ana"]


_VALUES = {
    "in": ["00000000-0000-0000-0000-000000000000"], "not_in": ["00000000-0000-0000-0000-000000000000"],
    "last_days": 3, "older_than_days": 3, "before": "2026-01-01", "after": "2026-01-01",
    "more_than": "1,5", "less_than": "2", "contains": "x'\\%_", "equals": "x", "not_equals": "x",
}  # fmt: skip


@pytest.mark.parametrize(("field", "op"), [(field, op) for field, ops in OPERATORS.items() for op in ops])
def test_whatever_can_be_stored_can_be_counted(crowd: dict[str, Any], field: str, op: str) -> None:
    value = {"consent": "none", "blocked": True}.get(field, _VALUES.get(op))
    names({"field": field, "op": op, "key": "cidade", "value": value})


@pytest.mark.parametrize(
    ("filters", "wrong"),
    [
        (None, ["filters"]),
        ({"match": "none"}, ["match"]),
        ({"conditions": {}}, ["conditions"]),
        ({"conditions": [{"field": "senha"}]}, ["conditions.0.field"]),
        ({"conditions": [{"field": "name", "op": "in"}]}, ["conditions.0.op"]),
        ({"conditions": [{"field": "custom", "op": "equals", "value": "x"}]}, ["conditions.0.key"]),
        ({"conditions": [{"field": "group", "op": "in", "value": ["x"]}]}, ["conditions.0.value"]),
        ({"conditions": [{"field": "created", "op": "before", "value": "31/12/2026"}]}, ["conditions.0.value"]),
        ({"conditions": [{"field": "created", "op": "last_days", "value": "-1"}]}, ["conditions.0.value"]),
        ({"conditions": [{"field": "name", "op": "contains", "value": " "}]}, ["conditions.0.value"]),
        ({"conditions": [{}] * 31}, ["conditions"]),
    ],
)
def test_what_cannot_be_asked_is_named(filters: Any, wrong: list[str]) -> None:
    assert check_filters(filters) == wrong


def test_empty_filter_is_everybody(crowd: dict[str, Any]) -> None:
    assert names() == ["Ana", "Bia", "Caio", "Davi"]


def test_count_stops_at_its_bound(crowd: dict[str, Any]) -> None:
    assert count_segment({}, at_most=2) == 3


def test_audience_has_everybody_once(crowd: dict[str, Any]) -> None:
    vip, tag = [crowd["vip"]], [crowd["tag"]]
    saved = labels.create_list("L", filters={"conditions": [{"field": "blocked", "op": "is", "value": True}]})
    everyone = audience(list_id=saved.id, group_ids=vip, tag_ids=tag, contact_ids=[crowd["ana"]])
    found = [contact.name.split()[0] for contact in read_session().scalars(everyone)]
    assert sorted(found) == ["Ana", "Bia", "Caio", "Davi"]
    assert read_session().scalars(audience()).all() == []
