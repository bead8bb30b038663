import io
import re
from collections.abc import Callable
from typing import Any

import pytest

from app.contacts.models import Import
from app.contacts.queries import imports, labels, people
from app.contacts.queries.finding import Filter
from app.contacts.service import bulk, import_check, import_result, import_write, merges
from app.contacts.service import labels as label_service
from app.contacts.service.exports import write_export
from app.contacts.service.people import opt_out
from app.core.context import acting
from tests.contacts.test_imports import ANA, BIA, sheet
from tests.factories import Company, make_contact

pytestmark = pytest.mark.usefixtures("as_admin")
Browser = Any


@pytest.fixture
def browser(client_for: Callable[..., Browser]) -> Browser:
    return client_for("admin")


def last(response: Any) -> str:
    """The path a redirect leads to."""
    assert response.status_code == 303, response.get_data(as_text=True)[:2000]
    return str(response.headers["Location"])


def upload(browser: Browser, stream: Any, name: str = "a.csv") -> str:
    """The page of the new import, without its step."""
    landed = last(browser.submit("/contacts/import", {"file": (stream, name)}))
    assert landed.endswith("?step=columns")
    return landed.removesuffix("?step=columns")


def run_check(found_id: Any) -> Import:
    import_check.check_import(found_id)
    return imports.get_import(found_id)


def test_empty_pages_teach(browser: Browser) -> None:
    assert browser.page("/contacts").select_one(".empty-state a")["href"] == "/contacts/import"
    for path in ("/lists", "/contacts/groups", "/contacts/tags"):
        assert browser.page(path).select_one(".empty-state")


def test_list_shows_people_and_narrows(browser: Browser) -> None:
    make_contact("João Conceição", "5511987654321"), make_contact("Bia Melo", "5521987654321")
    assert len(browser.page("/contacts").select("tbody tr")) == 2
    rows = browser.page("/contacts?q=conceicao").select("tbody tr")
    assert [row.select_one(".person__name").text for row in rows] == ["João Conceição"]
    assert "+55 (11) 98765-4321" in rows[0].text
    assert browser.page("/contacts?q=ninguem").select_one(".empty-state")


def test_list_pages_lead_on_and_back(browser: Browser) -> None:
    for n in range(53):
        make_contact(f"Pessoa {n:02}")
    first = browser.page("/contacts?sort=name")
    second = browser.page(first.select_one("a[rel=next]")["href"])
    assert [row.text for row in second.select("tbody .person__name")] == ["Pessoa 50", "Pessoa 51", "Pessoa 52"]
    back = browser.page(second.select_one("a[rel=prev]")["href"])
    assert back.select_one("tbody .person__name").text == "Pessoa 00"


def test_contact_is_made_shown_and_changed(browser: Browser) -> None:
    group = label_service.create_group("Clientes")
    data = {"name": "Ana", "phone": "11 98765-4321", "tags": "VIP, A", "group_ids": str(group.id)}
    path = last(browser.submit("/contacts/new", data | {"custom_key": "cidade", "custom_value": "Recife"}))
    page = browser.page(path)
    assert page.select_one("h1").text == "Ana"
    assert {"Recife", "+55 (11) 98765-4321"} <= {dd.text for dd in page.select("dd")}
    assert {chip.text.strip() for chip in page.select(".chip")} == {"Clientes", "A", "VIP"}
    form = browser.page(path + "/edit")
    assert form.select_one("input[name=phone]")["value"] == "+5511987654321"
    last(browser.submit(path + "/edit", {"name": "Ana Lima", "phone": "11 98765-4321", "tags": ""}))
    assert browser.page(path).select_one("h1").text == "Ana Lima"
    assert not browser.page(path).select(".chip")


def test_bad_phone_is_explained_beside_its_field(browser: Browser) -> None:
    answer = browser.submit("/contacts/new", {"name": "Ana", "phone": "123"})
    assert answer.status_code == 422
    assert "Faltam dígitos no telefone." in answer.get_data(as_text=True)


def test_consent_and_block_are_recorded(browser: Browser) -> None:
    contact_id = make_contact("Ana").id
    browser.submit(f"/contacts/{contact_id}/consent", {"consent": "out"})
    assert people.get_contact(contact_id).opted_out_source == "page"
    browser.submit(f"/contacts/{contact_id}/consent", {"consent": "in"})
    assert people.get_contact(contact_id).opted_out_at is None
    browser.submit(f"/contacts/{contact_id}/block", {"blocked": "1"})
    assert people.get_contact(contact_id).is_blocked


def test_many_are_changed_and_a_removal_is_undone(browser: Browser) -> None:
    ids = [str(make_contact(f"P{n}").id) for n in range(3)]
    group = label_service.create_group("G")
    browser.submit("/contacts/bulk", {"ids": ids[:2], "action": f"group:{group.id}"})
    assert labels.group_sizes([group.id]) == {group.id: 2}
    browser.submit("/contacts/bulk", {"all": "1", "action": "tag:VIP"})
    (tag,) = labels.list_tags()
    assert labels.tag_sizes([tag.id]) == {tag.id: 3}
    browser.submit("/contacts/bulk", {"ids": ids, "action": "delete"})
    page = browser.page("/contacts")
    at = page.select_one(".toast-note input[name=at]")["value"]
    assert people.count_all() == 0
    browser.submit("/contacts/restore", {"at": at})
    assert people.count_all() == 3


def test_twins_are_joined_and_parted(browser: Browser) -> None:
    one, two = make_contact("Ana", "5511987654321"), make_contact("Ana S", "5521987654321")
    page = browser.page(f"/contacts/{one.id}/merge")
    assert page.select_one("input[name=twin]")["value"] == str(two.id)
    browser.submit(f"/contacts/{one.id}/merge", {"twin": str(two.id)})
    assert browser.get(f"/contacts/{two.id}").headers["Location"] == f"/contacts/{one.id}"
    undo = browser.page(f"/contacts/{one.id}").select_one("form[action*='/merges/']")["action"]
    last(browser.submit(undo))
    assert people.count_all() == 2


def test_sheet_goes_from_upload_to_result(browser: Browser) -> None:
    rows = [
        ANA,
        BIA,
        ["CAIO DE SÁ", "3187654321", "ruim", ""],
        ["Dora", "5,51199E+12", "", ""],
        ["Ana", "1187654321", "", ""],
    ]
    path = upload(browser, sheet(*rows), "clientes.csv")
    found_id = path.rsplit("/", 1)[-1]
    assert "Conferindo" in browser.page(path).text
    run_check(found_id)
    columns = browser.page(path + "?step=columns")
    guessed = {one["name"]: one.select_one("[selected]")["value"] for one in columns.select("select")}
    assert last(browser.submit(path + "/columns", guessed)) == path
    assert imports.get_import(found_id).status == "ready"
    assert columns.select_one("select[name=column-1] option[selected]")["value"] == "phone"
    assert len(columns.select("tbody tr")) == 4
    doctor = browser.page(path)
    assert [one.text for one in doctor.select(".stat__value")] == ["5", "4", "2", "1"]
    assert "Importar 3 contatos" in doctor.select_one("form[action$=confirm] button").text
    assert "Telefone virou notação científica" in doctor.text
    troubled = browser.page(path + "/problems/phone_scientific")
    assert troubled.select_one("tbody th").text == "5"
    assert troubled.select_one("input[name=column]")["value"] == "1"
    fixed = last(browser.submit(path + "/fix", {"row": "5", "column": "1", "value": "41987654321"}))
    assert fixed.startswith(path)
    run_check(found_id)
    assert "Importar 4 contatos" in browser.page(path).text
    last(browser.submit(path + "/confirm", {"expected": "4", "duplicates": "fill"}))
    import_write.write_import(found_id)
    import_result.make_result(found_id)
    done = browser.page(path)
    assert "4 contatos novos" in done.text
    assert browser.get(path + "/result").status_code == 200
    assert len(browser.page(f"/contacts?import={found_id}").select("tbody tr")) == 4
    last(browser.submit(path + "/undo"))
    assert people.count_all() == 0
    assert "Importação desfeita" in browser.page(path).text


def test_changed_counts_stop_the_confirmation(browser: Browser) -> None:
    path = upload(browser, sheet(ANA))
    run_check(path.rsplit("/", 1)[-1])
    browser.submit(path + "/confirm", {"expected": "7", "duplicates": "fill"})
    assert imports.get_import(path.rsplit("/", 1)[-1]).status == "ready"


def test_repair_and_area_are_one_click_for_all(browser: Browser) -> None:
    path = upload(browser, sheet(["Ana", "98765-4321", "", ""], ["Bia", "1187654321", "", ""]))  # fmt: skip
    found_id = path.rsplit("/", 1)[-1]
    run_check(found_id)
    last(browser.submit(path + "/area", {"area": "21"}))
    assert run_check(found_id).valid == 2
    last(browser.submit(path + "/repair", {"code": "phone_ninth_digit", "on": "0"}))
    assert run_check(found_id).invalid == 1
    assert "Acrescentar o 9" in browser.page(path).text


def test_bad_file_says_what_to_do(browser: Browser) -> None:
    path = upload(browser, io.BytesIO(b"%PDF-1.4"))
    run_check(path.rsplit("/", 1)[-1])
    assert "não é uma planilha" in browser.page(path).text


def test_list_is_built_counted_and_saved(browser: Browser) -> None:
    group = label_service.create_group("VIP")
    ana = make_contact("Ana", custom_fields={"cidade": "Recife"})
    make_contact("Bia")
    bulk.add_to_group(bulk.Choice(ids=[ana.id]), group.id)
    rows = {"match": "all", "c-0-field": "group", "c-0-op": "in", "c-0-value": str(group.id)}
    assert ">1<" in browser.submit("/lists/count", rows).get_data(as_text=True).replace(" ", "").replace("\n", "")
    builder = browser.submit("/lists/builder", rows | {"change": "add"}).get_data(as_text=True)
    assert "c-1-field" in builder
    assert "c-1-field" in browser.submit("/lists/new", rows | {"name": "x", "change": "add"}).get_data(as_text=True)
    path = last(browser.submit("/lists/new", rows | {"name": "Os VIP"}))
    assert "Ana" in browser.page(path).select_one("tbody").text
    assert browser.submit("/lists/new", {"name": "Y", "c-0-field": "custom", "c-0-op": "equals"}).status_code == 422
    assert browser.page("/lists").select_one("tbody .cell-num").text == "1"


def test_export_is_written_by_a_job_and_handed_out(browser: Browser) -> None:
    contact = make_contact("=cmd()", "5511987654321", custom_fields={"cidade": "Recife"})
    opt_out(contact.id, "word")
    path = last(browser.submit("/contacts/exports", {"format": "csv"}))
    assert browser.get(path + "/file").status_code == 404
    write_export(path.rsplit("/", 1)[-1])
    text = browser.get(path + "/file").get_data().decode("utf-8-sig")
    header, row = text.splitlines()
    assert header.startswith("Nome;Telefone;E-mail;Grupos;Etiquetas;Consentimento;Bloqueado;cidade")
    assert row.startswith("'=cmd();+55 (11) 98765-4321;;;;Pediu para sair;;Recife")


@pytest.mark.parametrize("role", ["viewer", "agent", "developer"])
def test_doors_hold_for_roles_that_may_not(client_for: Callable[..., Browser], role: str) -> None:
    contact_id = make_contact("Ana").id
    client = client_for(role)
    assert client.get("/contacts/import").status_code == 403
    assert client.submit("/contacts/bulk", {"ids": str(contact_id), "action": "delete"}).status_code == 403
    assert client.submit("/contacts/exports").status_code == 403
    assert client.get("/contacts").status_code == (403 if role == "developer" else 200)
    assert people.count_all() == 1


def test_another_companys_contact_is_not_found(client_for: Callable[..., Browser], outsider: Company) -> None:
    with acting(outsider.actor("admin")):
        theirs = make_contact("Segredo").id
    client = client_for("admin")
    assert client.get(f"/contacts/{theirs}").status_code == 404
    assert client.submit(f"/contacts/{theirs}/block", {"blocked": "1"}).status_code == 404
    assert not re.search("Segredo", client.get("/contacts").get_data(as_text=True))


def test_merge_page_is_for_managers(client_for: Callable[..., Browser]) -> None:
    one, two = make_contact("Ana"), make_contact("Ana")
    assert client_for("agent").submit(f"/contacts/{one.id}/merge", {"twin": str(two.id)}).status_code == 403
    assert merges.merge_contacts(one.id, two.id).winner_id == one.id
    assert people.list_contacts(Filter()).total == 1
