import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from app.contacts.queries import people
from app.contacts.service import import_check, import_write
from app.contacts.service.exports import write_export
from app.core.context import acting
from tests.contacts.test_imports import ANA, BIA, sheet
from tests.factories import Company, make_contact

pytestmark = pytest.mark.usefixtures("as_admin")


@pytest.fixture
def api(api_client: Callable[..., Any]) -> Any:
    return api_client("manager")


def test_contact_lives_its_life(api: Any) -> None:
    group = api.post("/groups", json={"name": "Clientes", "color": "red"}).json
    body = {"name": "Ana", "phone": "(11) 98765-4321", "tags": ["VIP"], "group_ids": [group["id"]]}
    made = api.post("/contacts", json=body | {"custom_fields": {"idade": 30}, "opted_in_source": "loja"})
    assert made.status_code == 201
    contact = made.json
    assert (contact["phone"], contact["tags"]) == ("+5511987654321", ["VIP"])
    assert contact["groups"] == [{"id": group["id"], "name": "Clientes"}]
    assert contact["custom_fields"] == {"idade": "30"}
    assert contact["opted_in_at"].endswith("Z")
    path = f"/contacts/{contact['id']}"
    changed = api.patch(path, json={"name": "Ana Lima", "opted_out": True, "is_blocked": True}).json
    assert (changed["name"], changed["is_blocked"], changed["opted_out_source"]) == ("Ana Lima", True, "api")
    assert (changed["phone"], changed["tags"]) == ("+5511987654321", ["VIP"])
    assert api.get(path).json["name"] == "Ana Lima"
    assert api.delete(path).status_code == 204
    assert api.get(path).status_code == 404


def test_taken_phone_is_a_conflict_and_bad_one_is_invalid(api: Any) -> None:
    api.post("/contacts", json={"name": "Ana", "phone": "11987654321"})
    taken = api.post("/contacts", json={"name": "B", "phone": "1187654321"})
    assert (taken.status_code, taken.json["errors"][0]["field"]) == (409, "phone")
    bad = api.post("/contacts", json={"name": "B", "phone": "123"})
    assert (bad.status_code, bad.json["errors"][0]["field"]) == (422, "phone")
    assert api.post("/contacts", json={"nome": "B"}).status_code == 422


def test_lists_are_paged_and_filtered(api: Any) -> None:
    for n in range(5):
        make_contact(f"Pessoa {n}")
    make_contact("Conceição", "5511987654321")
    page = api.get("/contacts?limit=2&page=2").json
    assert (page["total"], page["page"], page["total_pages"], len(page["data"])) == (6, 2, 3, 2)
    assert [row["name"] for row in api.get("/contacts?search=conceicao").json["data"]] == ["Conceição"]
    assert api.get("/contacts?tag=nada").json["total"] == 0
    assert api.get("/contacts?consent=talvez").status_code == 422


def test_cursor_walks_to_the_end(api: Any) -> None:
    for n in range(5):
        make_contact(f"P{n}")
    names, cursor = [], people.previous_cursor(people.list_contacts(people.Filter()), "recent")
    while cursor:
        page = api.get(f"/contacts?limit=2&cursor={cursor}").json
        names += [row["name"] for row in page["data"]]
        cursor = page["next_cursor"]
    assert names == ["P3", "P2", "P1", "P0"]


def test_import_confirms_by_itself_and_reports_rows(api: Any) -> None:
    rows = sheet(ANA, BIA, ["CAIO", "1187654321", "ruim", ""], ["Dora", "não tem", "", ""])
    started = api.post("/contacts/import", data={"file": (rows, "clientes.csv")})
    assert (started.status_code, started.json["status"]) == (202, "pending")
    found_id = started.json["id"]
    import_check.check_import(found_id)
    assert api.get(f"/contacts/imports/{found_id}").json["status"] == "running"
    import_write.write_import(found_id)
    done = api.get(f"/contacts/imports/{found_id}").json
    assert {key: done[key] for key in ("status", "total", "valid", "invalid", "repaired", "duplicates", "created")} == {
        "status": "completed", "total": 4, "valid": 3, "invalid": 1, "repaired": 1, "duplicates": 1, "created": 2,
    }  # fmt: skip
    assert set(done["errors"][0]) == {"row", "column", "value", "problem", "message", "suggestion"}
    assert (done["errors"][0]["row"], done["errors"][0]["problem"]) == (5, "phone_letters")
    assert api.post(f"/contacts/imports/{found_id}/undo").json["status"] == "undone"


def test_import_takes_mapping_group_and_rules(api: Any) -> None:
    group = api.post("/groups", json={"name": "G"}).json
    rows = sheet(["x", "11987654321", "Ana"], header=["Código", "Canal", "Apelido"])
    fields = {"group_id": group["id"], "mapping": json.dumps({"phone": "Canal", "Apelido": "name"}), "repair": "false"}
    found_id = api.post("/contacts/import", data={"file": (rows, "a.csv"), **fields, "duplicates": "keep"}).json["id"]
    import_check.check_import(found_id)
    import_write.write_import(found_id)
    done = api.get(f"/contacts/imports/{found_id}").json
    assert (done["created"], done["repaired"]) == (1, 0)
    (contact,) = api.get(f"/contacts?group_id={group['id']}").json["data"]
    assert (contact["name"], contact["custom_fields"]) == ("Ana", {"codigo": "x"})


@pytest.mark.parametrize(
    "fields", [{}, {"file": (io.BytesIO(b""), "a.csv")}, {"duplicates": "nunca"}, {"mapping": "{"}, {"mapping": "[1]"}]
)
def test_bad_import_requests_are_refused(api: Any, fields: dict[str, Any]) -> None:
    data = fields if not fields or "file" in fields else {"file": (sheet(ANA), "a.csv"), **fields}
    assert api.post("/contacts/import", data=data, content_type="multipart/form-data").status_code == 422


def test_import_of_a_bad_file_fails_in_words(api: Any) -> None:
    data = {"file": (sheet(["Ana", "x"], header=["Nome", "Cor"]), "a.csv")}
    found_id = api.post("/contacts/import", data=data).json["id"]
    import_check.check_import(found_id)
    failed = api.get(f"/contacts/imports/{found_id}").json
    assert (failed["status"], failed["error"]) == ("failed", "columns")
    assert "telefone" in failed["error_message"]


def test_export_answers_where_the_file_will_be_and_then_the_file(api: Any) -> None:
    make_contact("Ana", "5511987654321")
    later = api.get("/contacts/export?wait=0")
    assert (later.status_code, later.json["status"]) == (202, "pending")
    write_export(later.json["id"])
    ready = api.get(f"/contacts/exports/{later.json['id']}").json
    assert (ready["status"], ready["total"]) == ("completed", 1)
    text = api.get(ready["url"].removeprefix("/api/v1"))
    assert text.headers["Content-Type"].startswith("text/csv")
    assert "+55 (11) 98765-4321" in text.get_data(as_text=True)


def test_groups_and_tags_live_their_lives(api: Any) -> None:
    contact = make_contact("Ana")
    for path in ("/groups", "/tags"):
        made = api.post(path, json={"name": "Um"}).json
        assert api.post(path, json={"name": "um"}).status_code == 409
        assert api.post(path, json={"name": ""}).status_code == 422
        assert api.patch(f"{path}/{made['id']}", json={"name": "Dois"}).json["name"] == "Dois"
        assert api.get(path).json["data"][0]["name"] == "Dois"
        if path == "/groups":
            assert (
                api.post(f"{path}/{made['id']}/contacts", json={"contact_ids": [str(contact.id)]}).json["changed"] == 1
            )
            assert api.get(f"{path}/{made['id']}").json["contacts_count"] == 1
        assert api.delete(f"{path}/{made['id']}").status_code == 204
        assert api.get(f"{path}/{made['id']}").status_code == 404


def test_saved_list_is_counted_live(api: Any) -> None:
    make_contact("Ana", custom_fields={"cidade": "Recife"})
    filters = {"match": "all", "conditions": [{"field": "custom", "key": "cidade", "op": "equals", "value": "recife"}]}
    made = api.post("/lists", json={"name": "Recife", "filters": filters})
    assert (made.status_code, made.json["estimated_count"]) == (201, 1)
    make_contact("Bia", custom_fields={"cidade": "RECIFE"})
    preview = api.get(f"/lists/{made.json['id']}/preview").json
    assert (preview["total"], [row["name"] for row in preview["data"]]) == (2, ["Bia", "Ana"])
    bad = api.post(
        "/lists", json={"name": "x", "filters": {"conditions": [{"field": "group", "op": "in", "value": []}]}}
    )
    assert (bad.status_code, bad.json["errors"][0]["field"]) == (422, "filters.conditions.0.value")


def test_roles_and_companies_are_kept_apart(api_client: Callable[..., Any], outsider: Company) -> None:
    contact_id = make_contact("Ana").id
    assert api_client("viewer").post("/contacts", json={"name": "x"}).status_code == 403
    assert api_client("agent").get("/contacts/export?wait=0").status_code == 403
    assert api_client("developer").get("/contacts").status_code == 403
    assert api_client("admin", outsider).get(f"/contacts/{contact_id}").status_code == 404
    with acting(outsider.actor("admin")):
        assert people.count_all() == 0


def test_by_name_and_on_by_cursor_from_the_first_page(api: Any) -> None:
    for name in ("Carla", "Ana", "Beto"):
        api.post("/contacts", json={"name": name})
    first = api.get("/contacts?limit=2&sort=name").json
    assert [row["name"] for row in first["data"]] == ["Ana", "Beto"]
    rest = api.get(f"/contacts?limit=2&sort=name&cursor={first['next_cursor']}").json
    assert [row["name"] for row in rest["data"]] == ["Carla"]
    assert rest["next_cursor"] is None
