import pytest
from bs4 import BeautifulSoup
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from app.core.errors import Forbidden, NotFound, Unauthorized
from tests.ui.conftest import make_site

HERE = {"Referer": "http://localhost/contacts?page=2"}


@pytest.mark.parametrize("status", [400, 403, 404, 413, 422, 429, 500, 503])
def test_every_error_page_says_what_to_do(client: FlaskClient, status: int):
    answer = client.get(f"/_ui/error/{status}")
    page = BeautifulSoup(answer.data, "html.parser")
    assert answer.status_code == status
    assert page.h1.text.strip()
    assert len(page.select_one(".oops__text").text) > 30
    assert page.select_one(".oops__actions a[href='/']")
    assert str(status) in page.select_one(".oops__code").text


def test_a_conflict_after_a_form_goes_back_to_it_with_a_flash(client: FlaskClient):
    answer = client.post("/_ui/error/409", headers=HERE)
    assert (answer.status_code, answer.location) == (303, "/contacts?page=2")
    assert "A campanha já foi concluída." in client.get("/_ui").text


def test_a_foreign_referrer_is_not_followed(client: FlaskClient):
    assert client.post("/_ui/error/409", headers={"Referer": "https://evil.example/x"}).status_code == 409


def test_a_fragment_gets_a_short_answer_without_a_redirect(client: FlaskClient):
    answer = client.post("/_ui/error/409", headers={**HERE, "X-Requested-With": "fetch"})
    assert answer.status_code == 409
    assert "<html" not in answer.text
    assert "A campanha já foi concluída." in answer.text


def raising(error: Exception) -> FlaskClient:
    site = make_site()
    site.config["PROPAGATE_EXCEPTIONS"] = False

    def view() -> str:
        raise error

    for path in ("/boom", "/api/v1/boom"):
        site.add_url_rule(path, path, view, methods=["GET", "POST"])
    return site.test_client()


def test_strangers_are_sent_to_sign_in_and_back():
    answer = raising(Unauthorized()).get("/boom?x=1&y=2")
    assert (answer.status_code, answer.location) == (302, "/login?next=%2Fboom%3Fx%3D1%26y%3D2")


def test_a_fragment_of_a_stranger_is_401_so_that_the_page_reloads():
    assert raising(Unauthorized()).get("/boom", headers={"HX-Request": "true"}).status_code == 401


@pytest.mark.parametrize(("error", "status"), [(NotFound(), 404), (Forbidden(), 403), (ZeroDivisionError(), 500)])
def test_machines_get_problem_json(error: Exception, status: int):
    answer = raising(error).get("/api/v1/boom")
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert answer.json["status"] == status


def test_a_lost_database_is_503_and_asks_for_patience():
    answer = raising(OperationalError("SELECT 1", {}, Exception("gone"))).get("/boom")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "gone" not in answer.text


def test_a_crash_shows_no_detail():
    answer = raising(RuntimeError("secret detail")).get("/boom")
    assert answer.status_code == 500
    assert "secret detail" not in answer.text


def test_the_wrong_method_says_which_ones_exist():
    answer = raising(NotFound()).put("/boom")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_a_form_without_its_token_is_refused_kindly():
    site: Flask = make_site(csrf=True)
    answer = site.test_client().post("/_ui/action", headers={"Referer": "http://localhost/_ui"})
    assert (answer.status_code, answer.location) == (303, "/_ui")
