"""What every page must hold, seen on the gallery, which holds every component."""

import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from flask.testing import FlaskClient

from app.core.permissions import ROLES
from app.ui.icons import ICONS
from tests.ui.conftest import make_site

README = Path("app/ui/templates/components/README.md")


def test_nothing_inline_that_the_policy_refuses(gallery: BeautifulSoup):
    assert not gallery.select("[style], style")
    assert not [tag for tag in gallery.select("script") if not tag.get("src") and tag.get("type") != "application/json"]
    assert not [name for tag in gallery.find_all(True) for name in tag.attrs if name.startswith("on")]


def test_every_control_has_a_name_and_every_id_is_single(gallery: BeautifulSoup):
    ids = [tag["id"] for tag in gallery.select("[id]")]
    assert len(ids) == len(set(ids))
    for control in gallery.select("input:not([type=hidden]), select, textarea"):
        labelled = (
            control.get("aria-label")
            or control.find_parent("label")
            or gallery.find("label", {"for": control.get("id")})
        )
        assert labelled, control
    for button in gallery.select("button, a"):
        assert button.get_text(strip=True) or button.get("aria-label"), button


def test_every_posting_form_carries_the_token(gallery: BeautifulSoup):
    forms = gallery.select("form[method=post]")
    assert len(forms) > 5
    assert all(form.select_one("[name=csrf_token]")["value"] for form in forms)


def test_forms_do_not_nest(gallery: BeautifulSoup):
    assert not gallery.select("form form")


def test_descriptions_point_at_something(gallery: BeautifulSoup):
    for tag in gallery.select("[aria-describedby], [aria-labelledby], [aria-controls]"):
        for attribute in ("aria-describedby", "aria-labelledby", "aria-controls"):
            for target in (tag.get(attribute) or "").split():
                assert gallery.find(id=target), (attribute, target)


def test_errors_are_tied_to_their_fields(client: FlaskClient):
    answer = client.post("/_ui", data={"email": "maria@", "group": "vip"})
    page = BeautifulSoup(answer.data, "html.parser")
    assert answer.status_code == 422
    field = page.select_one("input[name=name]")
    assert field["aria-invalid"] == "true"
    assert page.find(id=field["aria-describedby"].split()[0]).text.strip() == "Diga como a pessoa se chama."
    assert {link["href"] for link in page.select(".notice__list a")} == {"#name", "#email"}


@pytest.mark.parametrize(
    "header", ["Content-Security-Policy", "X-Frame-Options", "Referrer-Policy", "Permissions-Policy"]
)
def test_every_answer_carries_the_security_headers(client: FlaskClient, header: str):
    for path in ("/_ui", "/_ui/error/404", "/contacts"):
        assert client.get(path).headers[header]


def test_the_policy_allows_no_inline_code(client: FlaskClient):
    policy = client.get("/_ui").headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy


def test_pages_about_people_are_not_stored(client: FlaskClient):
    assert client.get("/_ui").headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("role", sorted(ROLES))
def test_the_menu_shows_what_the_role_may_open(role: str):
    page = BeautifulSoup(make_site(role).test_client().get("/_ui").data, "html.parser")
    shown = {link["href"] for link in page.select(".sidebar__nav a")}
    held = ROLES[role]
    assert ("/contacts" in shown) == ("contacts.read" in held)
    assert ("/campaigns" in shown) == ("campaigns.read" in held)
    assert ("/settings/dead-letters" in shown) == ("dead_letters.manage" in held)
    assert ("/settings" in shown) == ("settings.manage" in held)
    assert "/inbox" not in shown  # its page does not exist here


def test_the_readme_names_only_components_that_exist(client: FlaskClient):
    client.get("/_ui")
    components = client.application.jinja_env.globals["ui"]
    named = set(re.findall(r"\bui\.([a-z_]+)\(", README.read_text()))
    assert len(named) > 40
    with client.application.test_request_context("/"):
        assert all(callable(getattr(components, name)) for name in named)


def test_every_icon_that_a_template_names_is_in_the_sprite():
    named = set()
    for path in Path("app").rglob("*.html"):
        named |= set(re.findall(r"""\b_?icon(?:_name)?\s*(?:\(|=|":)\s*["']([a-z0-9-]+)["']""", path.read_text()))
    assert len(named) > 20
    assert named <= ICONS


def test_the_gallery_is_not_for_customers():
    assert make_site().test_client().get("/_ui").status_code == 200
    assert make_site(testing=False).test_client().get("/_ui").status_code == 404


def test_an_upload_reads_its_redirect_in_a_header(client: FlaskClient):
    answer = client.post("/_ui/action", headers={"X-Upload": "1"})
    assert (answer.status_code, answer.headers["X-Location"]) == (200, "/_ui")
    assert "Recebido" in client.get("/_ui").text
