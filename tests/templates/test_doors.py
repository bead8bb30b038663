import uuid

import pytest

from app.core.context import acting
from app.templates import queries, service
from app.templates.views import with_variables


@pytest.fixture
def made(company):
    with acting(company.actor()):
        return service.create_template("Aviso", "Oi {nome|cliente}, *{valor}*").id


def names(company):
    with acting(company.actor()):
        return [template.name for template in queries.list_templates().items]


def test_the_list_shows_each_text_with_its_variables(client_for, made):
    page = client_for("viewer").page("/templates")
    card = page.select_one(".template-card")
    assert card.select_one(".template-card__name").get_text(strip=True) == "Aviso"
    assert [mark.get_text() for mark in card.select(".bubble .variable")] == ["cliente", "valor"]
    assert "senão “cliente”" in card.select_one(".variable-list").get_text()
    assert not page.select("form[action$='/delete']")


def test_the_list_can_be_searched_and_filtered(client_for, made):
    client = client_for()
    assert len(client.page("/templates?q=avi").select(".template-card")) == 1
    assert not client.page("/templates?q=zebra").select(".template-card")
    assert not client.page("/templates?category=reply").select(".template-card")
    assert len(client.page("/templates?category=spam").select(".template-card")) == 1


def test_an_empty_list_invites_to_write(client_for):
    assert client_for().page("/templates").select_one(".empty-state a[href='/templates/new']")
    assert not client_for("agent").page("/templates").select("a[href='/templates/new']")


def test_a_template_is_written_and_changed(client_for, company):
    client = client_for("manager")
    assert client.page("/templates/new").select_one("textarea[name=content]")
    fields = {"name": "Aviso", "category": "utility", "content": "Oi {nome}"}
    saved = client.submit("/templates/new", fields)
    assert (saved.status_code, saved.location) == (303, "/templates")
    with acting(company.actor()):
        made = queries.list_templates().items[0]
        assert (made.category, made.variables) == ("utility", [{"name": "nome", "default": None}])
        made_id = made.id
    assert "Oi {nome}" in client.page(f"/templates/{made_id}").select_one("textarea[name=content]").get_text()
    assert client.submit(f"/templates/{made_id}", {**fields, "name": "Recado"}).status_code == 303
    assert names(company) == ["Recado"]


def test_mistakes_stay_on_the_page_beside_their_field(client_for, made):
    client = client_for()
    empty = client.submit("/templates/new", {"name": "", "category": "utility", "content": ""})
    assert empty.status_code == 422
    assert "Escreva a mensagem." in empty.get_data(as_text=True)
    taken = client.submit("/templates/new", {"name": "Aviso", "category": "utility", "content": "Oi"})
    assert taken.status_code == 422
    assert "Já existe um modelo com este nome." in taken.get_data(as_text=True)


def test_copy_and_delete(client_for, made, company):
    client = client_for()
    assert client.submit(f"/templates/{made}/copy").status_code == 303
    assert names(company) == ["Aviso", "Aviso (cópia)"]
    assert client.submit(f"/templates/{made}/delete").status_code == 303
    assert names(company) == ["Aviso (cópia)"]


def test_the_preview_marks_what_will_change(client_for):
    client = client_for()
    answer = client.submit("/templates/preview", {"content": "Oi {nome} <b>{cor}</b> {{x}}", "media_id": "junk"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "&lt;b&gt;" in page
    assert "Sem substituto: cor" in page
    assert "Chaves duplas" in page


@pytest.mark.parametrize("text", ["\ue000x\ue001<script>\ue002", "{a|<script>}", "<script>{a}</script>", "{a|\ue000}"])
def test_marks_never_let_html_through(text):
    assert "<script" not in with_variables(text)


def test_marks_live_with_bold_and_lines():
    html = with_variables("*{nome|você}*\noi")
    assert html == '<strong><mark class="variable" title="{nome}">você</mark></strong><br>oi'


def test_readers_may_not_write(client_for, made, company):
    for role in ("agent", "viewer"):
        client = client_for(role)
        assert client.get("/templates/new").status_code == 403
        assert not client.page(f"/templates/{made}").select("textarea")
        for path in ("/templates/new", f"/templates/{made}", f"/templates/{made}/copy", f"/templates/{made}/delete"):
            answer = client.submit(path, {"name": "B", "category": "reply", "content": "Oi"})
            assert answer.status_code == 403
    assert names(company) == ["Aviso"]
    assert client_for("developer").get("/templates").status_code == 403


def test_another_companys_template_does_not_exist(client_for, api_client, made, outsider):
    client, api = client_for("admin", outsider), api_client("admin", outsider)
    assert client.get(f"/templates/{made}").status_code == 404
    for path in (f"/templates/{made}", f"/templates/{made}/copy", f"/templates/{made}/delete"):
        answer = client.submit(path, {"name": "B", "category": "reply", "content": "Oi"})
        assert answer.status_code == 404
    for method, body in (("GET", None), ("PATCH", {"name": "B"}), ("DELETE", None)):
        assert api.call(method, f"/templates/{made}", json=body).status_code == 404


def test_the_api_does_it_all(api_client):
    api = api_client("manager")
    made = api.post("/templates", json={"name": "Aviso", "content": "Oi {nome|cliente}", "category": "utility"})
    assert made.status_code == 201
    assert made.json["variables"] == [{"name": "nome", "default": "cliente"}]
    path = f"/templates/{made.json['id']}"
    assert api.get(path).json == made.json
    assert api.get(f"{path}/status").json["status"] == "approved"
    assert api.patch(path, json={"content": "Olá"}).json["variables"] == []
    replaced = api.put(path, json={"name": "Novo", "content": "Olá"})
    assert (replaced.json["name"], replaced.json["category"]) == ("Novo", "marketing")
    listed = api.get("/templates?search=nov&limit=1").json
    assert (listed["total"], listed["page"], listed["total_pages"]) == (1, 1, 1)
    assert listed["data"][0]["id"] == made.json["id"]
    assert api.delete(path).status_code == 204
    assert api.get(path).status_code == 404


def test_the_api_names_the_wrong_fields(api_client):
    api = api_client()
    answer = api.post("/templates", json={"name": "", "category": "spam", "colour": "red"})
    assert answer.status_code == 422
    assert {error["field"] for error in answer.json["errors"]} == {"name", "content", "category", "colour"}
    assert api.post("/templates", json={"name": "A", "content": " "}).json["errors"][0]["field"] == "content"
    assert api.post("/templates", json={"name": "A", "content": "x", "media_id": str(uuid.uuid4())}).status_code == 404
    assert api_client("agent").post("/templates", json={"name": "A", "content": "x"}).status_code == 403
