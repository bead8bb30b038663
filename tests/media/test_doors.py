import io
import uuid

import pytest

from app.core.context import acting
from app.core.storage import storage
from app.media import service
from tests.media import samples


@pytest.fixture
def stored(company):
    """`stored(data, name)`: the id of a file of the company."""

    def store(data, name):
        with acting(company.actor()):
            return service.store_upload(io.BytesIO(data), name).id

    return store


def upload(client, data, name, **headers):
    token = client.csrf_token()
    body = {"file": (io.BytesIO(data), name)}
    return client.post("/media", data=body, headers={"X-CSRFToken": token, **headers})


def test_a_page_uploads_and_gets_json(client_for):
    answer = upload(client_for("agent"), samples.picture(), "foto.png")
    assert answer.status_code == 201
    assert answer.json["mime_type"] == "image/png"
    assert answer.json["url"] == f"/media/{answer.json['id']}"


def test_our_scripts_get_a_card(client_for):
    answer = upload(client_for(), samples.picture(), '"><script>x.png', **{"X-Requested-With": "fetch"})
    assert answer.status_code == 201
    page = answer.get_data(as_text=True)
    assert 'data-media-kind="image"' in page
    assert "<script" not in page


def test_a_refusal_says_why(client_for):
    answer = upload(client_for(), samples.EXE, "a.exe", **{"X-Requested-With": "fetch"})
    assert answer.status_code == 422
    assert "programas não podem" in answer.get_data(as_text=True)


def test_uploading_needs_a_file_a_token_and_the_permission(client_for, client, app):
    admin = client_for()
    assert admin.submit("/media", headers={"X-Requested-With": "fetch"}).status_code == 422
    assert upload(client_for("viewer"), samples.PDF, "a.pdf", **{"X-Requested-With": "fetch"}).status_code == 403
    assert upload(client, samples.PDF, "a.pdf").status_code in (302, 401)


def test_files_over_the_usual_limit_of_forms_still_arrive(client_for, monkeypatch, app):
    monkeypatch.setitem(app.config, "MAX_CONTENT_LENGTH", 1000)
    answer = upload(client_for(), samples.PDF + b" " * 5000, "grande.pdf")
    assert answer.status_code == 201


def test_a_picture_is_shown_and_never_run(client_for, stored):
    media_id = stored(samples.picture(), "promoção.png")
    answer = client_for("viewer").get(f"/media/{media_id}")
    assert (answer.status_code, answer.data) == (200, samples.picture())
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["Cache-Control"] == "private, max-age=3600"
    disposition = answer.headers["Content-Disposition"]
    assert disposition == "inline; filename=\"promo__o.png\"; filename*=UTF-8''promo%C3%A7%C3%A3o.png"


@pytest.mark.parametrize(("data", "name"), [(samples.SVG, "a.svg"), (samples.HTML, "a.html"), (samples.PDF, "a.pdf")])
def test_what_could_run_is_only_downloaded(client_for, stored, data, name):
    answer = client_for().get(f"/media/{stored(data, name)}")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment;")


def test_any_file_can_be_saved(client_for, stored):
    answer = client_for().get(f"/media/{stored(samples.picture(), 'a.png')}?download=1")
    assert answer.headers["Content-Disposition"].startswith("attachment;")


def test_players_get_the_part_they_ask_for(client_for, stored):
    media_id, client = stored(samples.OGG, "voz.ogg"), client_for()
    part = client.get(f"/media/{media_id}", headers={"Range": "bytes=4-9"})
    assert (part.status_code, part.data) == (206, samples.OGG[4:10])
    assert part.headers["Content-Range"] == f"bytes 4-9/{len(samples.OGG)}"
    assert client.get(f"/media/{media_id}", headers={"Range": "bytes=9999-"}).status_code == 416
    stale = client.get(f"/media/{media_id}", headers={"Range": "bytes=4-9", "If-Range": '"other"'})
    assert stale.status_code == 200


def test_an_unchanged_file_is_not_sent_again(client_for, stored):
    media_id, client = stored(samples.picture(), "a.png"), client_for()
    first = client.get(f"/media/{media_id}")
    again = client.get(f"/media/{media_id}", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_another_companys_file_does_not_exist(client_for, api_client, stored, outsider):
    media_id = stored(samples.PDF, "a.pdf")
    assert client_for("admin", outsider).get(f"/media/{media_id}").status_code == 404
    for path in (f"/media/{media_id}", f"/media/{media_id}/content"):
        assert api_client("admin", outsider).get(path).status_code == 404


def test_developers_see_no_files(client_for, api_client, stored):
    media_id = stored(samples.PDF, "a.pdf")
    assert client_for("developer").get(f"/media/{media_id}").status_code == 403
    assert api_client("developer").get(f"/media/{media_id}").status_code == 403


def test_strangers_see_no_files(client, stored):
    media_id = stored(samples.PDF, "a.pdf")
    assert client.get(f"/media/{media_id}").status_code in (302, 401)
    assert client.get(f"/api/v1/media/{media_id}").status_code == 401


def test_the_api_takes_a_file_and_gives_it_back(api_client):
    api = api_client("manager")
    made = api.post("/media", data={"file": (io.BytesIO(samples.PDF), "tabela.pdf")})
    assert made.status_code == 201
    assert made.json["mime_type"] == "application/pdf"
    assert made.json["size"] == len(samples.PDF)
    assert api.get(f"/media/{made.json['id']}").json == made.json
    assert made.json["url"].startswith("/api/v1/")
    assert api.get(made.json["url"].removeprefix("/api/v1")).data == samples.PDF


def test_the_api_says_which_field_is_wrong(api_client):
    api = api_client()
    missing = api.post("/media", data={})
    assert (missing.status_code, missing.json["errors"][0]["field"]) == (422, "file")
    program = api.post("/media", data={"file": (io.BytesIO(samples.EXE), "a.exe")})
    assert (program.status_code, program.json["errors"][0]["field"]) == (422, "file")
    assert api_client("viewer").post("/media", data={"file": (io.BytesIO(samples.PDF), "a.pdf")}).status_code == 403
    assert api.get(f"/media/{uuid.uuid4()}").status_code == 404


def test_a_file_that_the_storage_lost_is_not_found(client_for, api_client, as_admin):
    media = service.store_upload(io.BytesIO(samples.picture()), "foto.png")
    storage().delete(media.storage_key)
    assert client_for("admin").get(f"/media/{media.id}").status_code == 404
    answer = api_client("admin").get(f"/media/{media.id}/content")
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
