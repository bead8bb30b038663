import io
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import text

from app.core.context import acting
from app.core.db import transaction
from app.core.errors import Forbidden, Invalid, NotFound, TooLarge
from app.core.storage import storage
from app.media import queries, rules, service
from tests.media import samples


def store(data: bytes, name: str, kind: str | None = None):
    return service.store_upload(io.BytesIO(data), name, kind)


def test_a_picture_is_stored_under_a_key_of_ours(as_admin):
    data = samples.picture("PNG", (31, 17))
    media = store(data, "../<b>Promoção</b>.png")
    assert (media.file_name, media.mime_type, media.kind) == ("b_.png", "image/png", "image")
    assert (media.width, media.height, media.size) == (31, 17, len(data))
    assert storage().read(media.storage_key) == data
    assert media.storage_key.startswith(f"{as_admin.tenant_id}/")
    assert "promo" not in media.storage_key.lower()


def test_the_same_file_twice_is_one_row(as_admin):
    first, second = store(samples.PDF, "tabela.pdf"), store(samples.PDF, "tabela.pdf")
    assert first.id == second.id


def test_another_name_shares_the_bytes(as_admin):
    first, second = store(samples.PDF, "tabela.pdf"), store(samples.PDF, "preços.pdf")
    assert first.id != second.id
    assert first.storage_key == second.storage_key


def test_another_company_shares_nothing(company, outsider):
    with acting(company.actor()):
        media = store(samples.PDF, "tabela.pdf")
        ours, our_key = media.id, media.storage_key
    with acting(outsider.actor()):
        assert store(samples.PDF, "tabela.pdf").storage_key != our_key
        with pytest.raises(NotFound):
            queries.get_media(ours)
        with pytest.raises(NotFound):
            service.check_uploaded(ours)


def test_bytes_that_got_lost_are_stored_again(as_admin):
    first = store(samples.PDF, "tabela.pdf")
    storage().delete(first.storage_key)
    assert store(samples.PDF, "tabela.pdf").id == first.id
    assert storage().read(first.storage_key) == samples.PDF


def test_photos_are_stored_without_their_place(as_admin):
    media = store(samples.photo(), "foto.jpg")
    kept = storage().read(media.storage_key)
    assert (b"Exif" in kept, b"Maria" in kept) == (False, False)
    assert media.size == len(kept)


@pytest.mark.parametrize(
    ("data", "name", "reason"),
    [
        (b"", "vazio.pdf", "vazio"),
        (samples.EXE, "foto.png", "programas"),
        (samples.EXE, "setup.exe", "programas"),
        (b"alert(1)", "a.js", "programas"),
        (samples.HTML, "foto.jpg", "não é o que o nome diz"),
        (samples.PDF, "video.mp4", "não é o que o nome diz"),
        (samples.picture()[:20], "foto.png", "corrompida"),
        (samples.bomb(), "foto.png", "pontos demais"),
    ],
)
def test_hostile_files_are_refused_with_the_reason(as_admin, data, name, reason):
    with pytest.raises(Invalid, match=reason) as caught:
        store(data, name)
    assert caught.value.errors[0].field == "file"
    with transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM media")) == 0


def test_each_kind_has_its_limit(as_admin, monkeypatch):
    monkeypatch.setitem(rules.LIMITS, "audio", 100)
    with pytest.raises(TooLarge, match="Áudios"):
        store(samples.MP3 + bytes(100), "a.mp3")
    assert store(samples.MP4 + bytes(100), "a.mp4").kind == "video"


def test_who_may_store(act):
    for role in ("viewer", "developer"):
        with act(role), pytest.raises(Forbidden):
            store(samples.PDF, "tabela.pdf")
    with act("agent"):
        assert store(samples.PDF, "tabela.pdf").kind == "document"


def test_storing_is_audited_and_told(as_admin):
    media = store(samples.PDF, "tabela.pdf")
    with transaction() as session:
        row = session.execute(text("SELECT action, resource_id, changes FROM audit_logs")).one()
        fact = session.execute(text("SELECT name, payload FROM facts")).one()
    assert (row.action, row.resource_id, row.changes["file_name"]) == ("media.create", media.id, "tabela.pdf")
    assert (fact.name, fact.payload["media_id"]) == ("media.created", str(media.id))


def test_a_file_can_come_from_an_address(as_admin):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "image/jpeg")
            self.end_headers()
            self.wfile.write(samples.PDF)

        def log_message(self, *_args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        media = service.store_from_url(f"http://127.0.0.1:{server.server_address[1]}/a/tabela.pdf?v=2")
    finally:
        server.shutdown()
        server.server_close()
    assert (media.file_name, media.mime_type) == ("tabela.pdf", "application/pdf")
