"""The editor in a real browser: what one types shows as it will arrive, files are uploaded as they are chosen."""

import pytest
from playwright.sync_api import expect

from app.core.context import acting
from app.templates import queries
from tests.browsers import serving, visiting
from tests.factories import PASSWORD
from tests.media import samples

pytestmark = pytest.mark.browser


@pytest.fixture
def editor(app, browser, company):
    with serving(app) as url, visiting(browser) as page:
        page.goto(f"{url}/login?next=/templates/new")
        page.fill("[name=email]", company.emails["manager"])
        page.fill("[name=password]", PASSWORD)
        page.click("form[action*=login] button[type=submit], main button[type=submit]")
        page.wait_for_url("**/templates/new")
        yield page


def choose(page, name, data):
    page.set_input_files("input[type=file]", {"name": name, "mimeType": "application/x-any", "buffer": data})


def test_writing_shows_the_bubble(editor):
    editor.click("[data-insert^='{nome|']")
    area = editor.locator("[name=content]")
    expect(area).to_have_value("{nome|cliente}")
    area.press("End")
    area.press_sequentially(", sua {cor} *chegou*")
    bubble = editor.locator("#preview .bubble")
    expect(bubble.locator(".variable")).to_have_text(["cliente", "cor"])
    expect(bubble.locator("strong")).to_have_text("chegou")
    expect(area).to_be_focused()


def test_a_file_is_uploaded_shown_taken_out_and_saved(editor, company):
    choose(editor, "foto.png", samples.picture(size=(40, 30)))
    expect(editor.locator(".file-card")).to_contain_text("foto.png")
    expect(editor.locator("#preview .bubble img")).to_have_count(1)
    editor.click("[data-media-remove]")
    expect(editor.locator(".file-card")).to_have_count(0)
    expect(editor.locator("#preview .bubble")).to_have_count(0)
    choose(editor, "tabela.pdf", samples.PDF)
    expect(editor.locator("#preview .bubble")).to_contain_text("tabela.pdf")
    editor.fill("[name=name]", "Tabela")
    editor.fill("[name=content]", "Segue a tabela, {nome}")
    editor.click("#template-form button[type=submit]")
    expect(editor.locator(".template-card")).to_contain_text("tabela.pdf")
    with acting(company.actor()):
        assert queries.list_templates().items[0].media_id is not None


def test_a_refused_file_says_why(editor):
    choose(editor, "setup.exe", samples.EXE)
    expect(editor.locator("[data-toasts]")).to_contain_text("programas não podem ser enviados")
    expect(editor.locator(".file-card")).to_have_count(0)
    expect(editor.locator("[data-media-choose]")).to_be_visible()
