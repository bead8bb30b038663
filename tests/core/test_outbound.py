"""Addresses of strangers: what may be called, and that the call goes where the check looked."""

import datetime
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import certifi
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.config import ConfigError
from app.core import outbound
from app.core.errors import Invalid
from app.core.outbound import OutboundError, check_url, fetch, request


@pytest.fixture(autouse=True)
def _allow_first_loopback_only(config: Any) -> Iterator[None]:
    """127.0.0.1 stands for the public internet here; everything else private stays forbidden."""
    outbound.configure(["127.0.0.1/32"])
    yield
    outbound.configure(config.outbound_allow)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """A name server of our own: each look-up takes the next answer, the last one stays."""
    answers: dict[str, list[str]] = {}
    real = socket.getaddrinfo

    def look_up(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        if host not in answers:
            return real(host, port, *args, **kwargs)
        known = answers[host]
        address = known.pop(0) if len(known) > 1 else known[0]
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return answers


class Site:
    def __init__(self) -> None:
        self.pages: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.seen: list[tuple[str, dict[str, str], bytes]] = []
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                site.seen.append((self.path, dict(self.headers), body))
                status, headers, answer = site.pages[self.path]
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer)

            do_POST = do_GET

            def log_message(self, *_args: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.server.shutdown()
    site.server.server_close()


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.2",
        "10.0.0.8",
        "172.16.3.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fd00:ec2::254",
        "::ffff:10.0.0.8",
        "64:ff9b::a00:8",
        "2002:a00:8::1",
        "ff02::1",
    ],
)
def test_private_addresses_are_refused_after_the_name_is_resolved(names, address):
    names["loja.example"] = [address]
    with pytest.raises(Invalid, match="rede interna"):
        check_url("https://loja.example/foto.jpg")
    host = f"[{address}]" if ":" in address else address
    with pytest.raises(Invalid):
        check_url(f"http://{host}/")


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:93.184.216.34"])
def test_public_addresses_may_be_called(names, address):
    names["loja.example"] = [address]
    check_url("https://loja.example/foto.jpg?x=1#y")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://loja.example/a",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "//loja.example/a",
        "loja.example/a",
        "http://",
        "http://loja.example:0/",
        "http://loja.example:99999/",
        "http://user:pw@loja.example/",
        "http://user@loja.example/",
        "http://loja.example\\@127.0.0.1/",
        "http://loja.example/a b",
        "http://loja.example/\r\nX: y",
        "http://[::1/",
        "https://" + "a" * 2100,
        "http://2130706434/",
        "http://0177.0.0.2/",
        "http://localhost.localdomain.invalid/",
    ],
)
def test_odd_addresses_are_refused(names, url):
    names["loja.example"] = ["93.184.216.34"]
    with pytest.raises(Invalid) as caught:
        check_url(url, "media_url")
    assert caught.value.errors[0].field == "media_url"


def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch):
    rows = [(2, 1, 6, "", (address, 80)) for address in ("93.184.216.34", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: rows)
    with pytest.raises(Invalid, match="rede interna"):
        check_url("http://loja.example/")


def test_a_file_is_fetched_with_the_name_that_was_asked(site, names):
    names["loja.example"] = ["127.0.0.1"]
    site.pages["/a%20%C3%A7.png?b=1"] = (200, {"Content-Type": "Image/PNG; x=y"}, b"png")
    found = fetch(site.url("/a%20ç.png?b=1", "loja.example"), 100, 5)
    with found.body:
        assert (found.body.read(), found.size, found.mime_type) == (b"png", 3, "image/png")
    assert site.seen[0][1]["Host"] == f"loja.example:{site.port}"


def test_the_call_goes_to_the_address_that_was_checked(site, names):
    """A name server that answers something private the second time has no second time."""
    names["loja.example"] = ["127.0.0.1", "127.0.0.2"]
    site.pages["/"] = (200, {}, b"ok")
    assert fetch(site.url("/", "loja.example"), 100, 5).body.read() == b"ok"
    with pytest.raises(Invalid, match="rede interna"):
        fetch(site.url("/", "loja.example"), 100, 5)


def test_redirects_are_followed_and_checked(site):
    site.pages["/a"] = (302, {"Location": "/b"}, b"")
    site.pages["/b"] = (301, {"Location": site.url("/c")}, b"")
    site.pages["/c"] = (200, {}, b"here")
    site.pages["/inside"] = (302, {"Location": site.url("/c", "127.0.0.2")}, b"")
    site.pages["/other"] = (302, {"Location": "file:///etc/passwd"}, b"")
    assert fetch(site.url("/a"), 100, 5).body.read() == b"here"
    for path in ("/inside", "/other"):
        with pytest.raises(Invalid):
            fetch(site.url(path), 100, 5)


def test_a_ring_of_redirects_ends(site):
    site.pages["/a"] = (302, {"Location": "/a"}, b"")
    with pytest.raises(OutboundError, match="vezes demais") as caught:
        fetch(site.url("/a"), 100, 5)
    assert caught.value.permanent
    assert len(site.seen) == 4


@pytest.mark.parametrize("claimed", [{}, {"Content-Length": "101"}, {"Content-Length": "x"}])
def test_too_many_bytes_are_refused_whatever_was_claimed(site, claimed):
    site.pages["/"] = (200, claimed, b"x" * 101)
    with pytest.raises(OutboundError, match="grande demais") as caught:
        fetch(site.url("/"), 100, 5)
    assert caught.value.permanent


def test_packed_answers_are_not_unpacked(site):
    site.pages["/"] = (200, {"Content-Encoding": "gzip"}, b"\x1f\x8b")
    with pytest.raises(OutboundError, match="compactado"):
        fetch(site.url("/"), 100, 5)


@pytest.mark.parametrize(
    ("status", "permanent"), [(404, True), (403, True), (204, False), (429, False), (500, False), (503, False)]
)
def test_a_refusal_says_whether_to_try_again(site, status, permanent):
    site.pages["/"] = (status, {}, b"")
    with pytest.raises(OutboundError, match=str(status)) as caught:
        fetch(site.url("/"), 100, 5)
    assert caught.value.permanent is permanent


def test_nobody_there_is_worth_another_try():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(OutboundError, match="não respondeu") as caught:
        fetch(f"http://127.0.0.1:{port}/", 100, 2)
    assert not caught.value.permanent


def test_a_server_that_never_ends_is_left(site):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        with pytest.raises(OutboundError):
            fetch(f"http://127.0.0.1:{silent.getsockname()[1]}/", 100, 0.3)


def test_a_post_keeps_redirects_as_answers(site):
    site.pages["/hook"] = (307, {"Location": "http://10.0.0.1/"}, b"moved" * 100)
    answer = request("POST", site.url("/hook"), body=b"{}", headers={"X-Signature": "s"}, max_bytes=5)
    assert (answer.status, answer.body) == (307, b"moved")
    path, headers, body = site.seen[0]
    assert (path, body, headers["X-Signature"]) == ("/hook", b"{}", "s")


def test_certificates_are_checked_against_the_name(site, names, tmp_path, monkeypatch):
    pem = _certificate("loja.example", tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    site.server.socket = context.wrap_socket(site.server.socket, server_side=True)
    monkeypatch.setattr(certifi, "where", lambda: str(pem))
    names["loja.example"] = names["outra.example"] = ["127.0.0.1"]
    site.pages["/"] = (200, {}, b"safe")
    assert fetch(f"https://loja.example:{site.port}/", 100, 5).body.read() == b"safe"
    with pytest.raises(OutboundError, match="não respondeu"):
        fetch(f"https://outra.example:{site.port}/", 100, 5)


def _certificate(host: str, folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, start, start.replace(year=2040))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    certificate = builder.sign(key, hashes.SHA256())
    pem = folder / "pair.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return pem


def test_a_setting_that_is_no_network_is_one_clear_line():
    with pytest.raises(ConfigError, match="OUTBOUND_ALLOW"):
        outbound.configure(["10.0.0.0/99"])
