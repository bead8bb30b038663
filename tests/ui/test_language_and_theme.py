import pytest
from bs4 import BeautifulSoup

from app.ui.i18n import language_chosen, safe_next
from tests.ui.conftest import make_site


def language_of(role: str | None = None, **headers: str) -> str:
    client = make_site(role).test_client()
    if cookie := headers.pop("cookie", None):
        client.set_cookie("recado_lang", cookie)
    page = client.get("/_ui/auth", headers=headers)
    return BeautifulSoup(page.data, "html.parser").html["lang"]


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("", "pt-BR"), ("en-GB,en;q=0.9", "en"), ("pt-PT", "pt-BR"), ("fr,de;q=0.8", "pt-BR"), ("fr,en;q=0.5", "en")],
)
def test_strangers_are_met_in_their_browsers_language(accepted: str, language: str):
    assert language_of(**{"Accept-Language": accepted}) == language


def test_the_cookie_wins_over_the_browser():
    assert language_of(cookie="en", **{"Accept-Language": "pt-BR"}) == "en"
    assert language_of(cookie="xx") == "pt-BR"


def test_a_signed_in_person_reads_their_own_language():
    assert language_of("agent", cookie="en", **{"Accept-Language": "en"}) == "pt-BR"


def test_choosing_a_language_tells_whoever_listens():
    heard = []
    listener = lambda _sender, locale: heard.append(locale)  # noqa: E731
    language_chosen.connect(listener)
    answer = make_site().test_client().post("/ui/language", data={"locale": "en", "next": "/contacts?q=1"})
    language_chosen.disconnect(listener)
    assert heard == ["en"]
    assert (answer.status_code, answer.location) == (303, "/contacts?q=1")


def test_an_unknown_language_changes_nothing(client):
    assert "Set-Cookie" not in client.post("/ui/language", data={"locale": "../x"}).headers


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", ""]
)
def test_next_stays_on_this_site(target: str):
    assert not safe_next(target).startswith(("//", "/\\", "http"))


@pytest.mark.parametrize(("choice", "painted"), [("dark", "dark"), ("light", "light"), ("system", "light")])
def test_the_theme_is_in_the_first_byte(client, choice: str, painted: str):
    client.post("/ui/theme", data={"theme": choice})
    html = BeautifulSoup(client.get("/_ui").data, "html.parser").html
    assert (html["data-bs-theme"], html["data-theme-choice"]) == (painted, choice)


def test_theme_cookies_are_checked_on_the_way_in(client):
    client.set_cookie("recado_theme", '"><script>')
    assert BeautifulSoup(client.get("/_ui").data, "html.parser").html["data-theme-choice"] == "system"
