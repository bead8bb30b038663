"""People's photos: real pictures only, small, theirs, and seen within the company."""

import io

import pytest
from PIL import Image

from tests.media import samples


def upload(browser, data, name="eu.png"):
    fields = {"csrf_token": browser.csrf_token(), "file": (io.BytesIO(data), name)}
    return browser.post("/settings/profile/photo", data=fields, content_type="multipart/form-data")


def photo_of(browser):
    return browser.page("/settings/profile").select_one("main img.face")


def test_a_photo_is_kept_small_and_shown_to_colleagues(client_for, outsider, company):
    browser = client_for("agent")
    assert upload(browser, samples.picture()).status_code == 303
    address = photo_of(browser)["src"]
    shown = client_for("viewer").get(address)
    assert (shown.status_code, shown.mimetype) == (200, "image/jpeg")
    assert max(Image.open(io.BytesIO(shown.data)).size) <= 256
    assert client_for("admin", outsider).get(address).status_code == 404
    assert browser.submit("/settings/profile/photo/remove").status_code == 303
    assert photo_of(browser) is None
    assert browser.get(address).status_code == 404


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "eu.png"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "eu.svg"),
        (b"<html><script>alert(1)</script></html>", "eu.png"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 64, "eu.png"),
        (b"%PDF-1.7 nada", "eu.pdf"),
    ],
)
def test_what_is_no_picture_is_refused(client_for, data, name):
    browser = client_for("agent")
    answer = upload(browser, data, name)
    assert answer.status_code in (303, 413, 422)
    assert photo_of(browser) is None


def test_a_picture_that_unpacks_to_too_much_is_refused(client_for):
    out = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(out, "PNG")
    browser = client_for("agent")
    upload(browser, out.getvalue())
    assert photo_of(browser) is None
