"""Every failure under /api is a problem in JSON that tells enough and no more."""

import io

import pytest

TYPE = "application/problem+json"


def check(answer, status):
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.content_type == TYPE
    assert answer.json["status"] == status
    assert set(answer.json) >= {"type", "title", "detail", "code", "request_id"}
    return answer.json


def test_an_unknown_address_is_a_problem(client):
    check(client.get("/api/v1/nothing-here"), 404)
    check(client.get("/api/v2"), 404)


def test_a_bad_id_in_the_path_is_not_found(api_client):
    check(api_client().get("/contacts/not-a-uuid"), 404)


def test_a_wrong_method_names_the_right_ones(api_client):
    answer = api_client().delete("/auth/me")
    check(answer, 405)
    assert "GET" in answer.headers["Allow"]


def test_each_bad_field_is_named(api_client):
    body = check(api_client().post("/probe", json={"parts": [{"quantity": 0}, {}], "extra": 1}), 422)
    fields = {error["field"] for error in body["errors"]}
    assert fields == {"name", "parts.0.quantity", "parts.1.quantity", "extra"}
    assert body["code"] == "invalid"


def test_a_bad_query_is_named_too(api_client):
    body = check(api_client().get("/probe?page=0&limit=x"), 422)
    assert {error["field"] for error in body["errors"]} == {"page", "limit"}


@pytest.mark.parametrize("data", ["{", "[1", '"text"', "[]", "null", b"\xff\xfe"])
def test_a_broken_body_is_the_callers_fault(api_client, data):
    answer = api_client().post("/probe", data=data, headers={"Content-Type": "application/json"})
    assert 400 <= answer.status_code < 500
    check(answer, answer.status_code)


def test_a_form_where_json_is_meant_is_refused(api_client):
    check(api_client().post("/probe", data={"name": "x"}), 415)


def test_a_body_past_the_limit_is_too_large(api_client, app):
    app.config["MAX_CONTENT_LENGTH"], before = 1000, app.config["MAX_CONTENT_LENGTH"]
    try:
        client = api_client()
        check(client.post("/probe/upload", data={"file": (io.BytesIO(b"x" * 2000), "a.csv")}), 413)
    finally:
        app.config["MAX_CONTENT_LENGTH"] = before


def test_what_services_raise_arrives_with_code_and_field(api_client):
    assert check(api_client().get("/probe/fail/conflict"), 409)["detail"] == "Isto mudou."
    body = check(api_client().get("/probe/fail/invalid"), 422)
    assert body["errors"] == [{"field": "phone", "message": "Telefone errado."}]


def test_a_crash_tells_nothing_but_its_request_id(api_client):
    answer = api_client().get("/probe/fail/crash", headers={"X-Request-Id": "abcdef-123456"})
    body = check(answer, 500)
    assert "secret detail" not in answer.get_data(as_text=True)
    assert body["request_id"] == answer.headers["X-Request-Id"] == "abcdef-123456"


def test_a_database_that_goes_away_is_503(api_client):
    answer = api_client().get("/probe/fail/database")
    check(answer, 503)
    assert answer.headers["Retry-After"]


@pytest.mark.parametrize("given", ["short", "bad id\twith blanks", "x" * 100])
def test_a_strange_request_id_is_replaced(client, given):
    assert client.get("/api/v1/openapi.json", headers={"X-Request-Id": given}).headers["X-Request-Id"] != given


def test_pages_keep_their_own_errors(client):
    answer = client.get("/nothing-here")
    assert answer.status_code == 404
    assert answer.mimetype == "text/html"


def test_problems_speak_the_callers_language(client):
    answer = client.get("/api/v1/auth/me", headers={"Accept-Language": "pt-BR"})
    assert answer.json["detail"] == "Envie as credenciais em Authorization: Bearer."


def test_a_page_of_rows_has_the_promised_envelope(api_client):
    body = api_client().get("/probe?page=2&limit=500").json
    assert len(body["data"]) == 200
    assert (body["total"], body["page"], body["total_pages"]) == (1000, 2, 5)


def test_times_go_out_in_utc(api_client):
    body = api_client().post("/probe", json={"name": "x", "at": "2026-03-01T09:00:00-03:00"}).json
    assert body["at"] == "2026-03-01T12:00:00Z"


@pytest.mark.parametrize("name", ["\x00", "a\x00b", "\ud800"])
def test_characters_that_can_not_be_stored_are_refused(api_client, name):
    check(api_client().post("/probe", json={"name": name}), 422)
    check(api_client().post("/probe", json={"name": "ok", "parts": [{name: 1}]}), 422)


def test_a_nul_in_the_query_is_refused(api_client):
    check(api_client().get("/probe?cursor=%00"), 422)


def test_a_body_of_another_type_is_refused(api_client):
    check(api_client().post("/probe", data="<a/>", headers={"Content-Type": "text/xml"}), 415)


def test_a_body_nested_without_end_is_refused(api_client):
    answer = api_client().post("/probe", data="[" * 100_000, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)


def test_json_has_a_smaller_bound_than_uploads(api_client):
    check(api_client().post("/probe", json={"name": "x" * 1_100_000}), 413)


def test_a_value_the_database_refuses_is_no_crash(api_client):
    assert check(api_client().get("/probe/fail/data"), 422)["code"] == "invalid"
    assert check(api_client().get("/probe/fail/integrity"), 409)["code"] == "conflict"
