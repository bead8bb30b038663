"""Files by address: fetched once by us, checked like an upload."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.core.errors import Invalid
from app.core.outbound import OutboundError
from app.media.service import read_remote, remote
from tests.media import samples
from tests.media.site import site


@pytest.fixture
def web(ctx):
    remote.forget_remote()
    with site() as found:
        yield found
    remote.forget_remote()


def test_a_file_is_what_its_bytes_say(web):
    web.pages["/foto%20da%20loja.png?v=2"] = (200, samples.picture("JPEG"))
    found = read_remote(web.url("/foto%20da%20loja.png?v=2"))
    assert (found.mime_type, found.file_name) == ("image/jpeg", "foto da loja.jpg")
    assert found.data == samples.picture("JPEG")


def test_many_messages_are_one_fetch(web):
    web.pages["/a.pdf"] = (200, samples.PDF)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _n: read_remote(web.url("/a.pdf")).data, range(40)))
    assert set(found) == {samples.PDF}
    assert web.asked == ["/a.pdf"]


def test_a_dead_address_is_asked_once_in_a_while(web, monkeypatch):
    for _message in range(3):
        with pytest.raises(OutboundError, match="404"):
            read_remote(web.url("/gone.pdf"))
    assert web.asked == ["/gone.pdf"]
    monkeypatch.setattr(remote, "FAILED_SECONDS", 0)
    remote.forget_remote()
    for _message in range(2):
        with pytest.raises(OutboundError):
            read_remote(web.url("/gone.pdf"))
    assert len(web.asked) == 3


def test_hostile_files_are_refused(web):
    web.pages["/a.png"] = (200, samples.EXE)
    web.pages["/inside"] = (302, b"http://10.0.0.1/secret.png")
    for path, reason in (("/a.png", "programas"), ("/inside", "rede interna")):
        with pytest.raises(Invalid, match=reason):
            read_remote(web.url(path))


def test_old_files_make_room(web, monkeypatch):
    monkeypatch.setattr(remote, "KEEP_BYTES", len(samples.PDF) + 10)
    for path in ("/a.pdf", "/b.pdf", "/b.pdf", "/a.pdf"):
        web.pages[path] = (200, samples.PDF)
        read_remote(web.url(path))
    assert web.asked == ["/a.pdf", "/b.pdf", "/a.pdf"]
