"""Kept connections, and receivers who answer one byte at a time."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from app.core import outbound
from app.core.errors import Invalid
from app.core.outbound import Line, OutboundError, client, fetch, request
from tests.hooks.receiver import receiver

FOR_EVER = 120.0


@pytest.fixture(autouse=True)
def _allow_loopback(config) -> Iterator[None]:
    outbound.configure(["127.0.0.1/32"])
    yield
    outbound.configure(config.outbound_allow)


@contextmanager
def dripping(beginning: bytes, drop: bytes) -> Iterator[int]:
    """Says `beginning` at once and then `drop` ten times a second until it is hung up on."""
    over = threading.Event()

    def serve(server: socket.socket) -> None:
        while not over.is_set():
            try:
                peer, _address = server.accept()
            except OSError:
                return
            with peer:
                try:
                    peer.recv(65536)
                    peer.sendall(beginning)
                    while not over.wait(0.1):
                        peer.sendall(drop)
                except OSError:
                    pass

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        try:
            yield server.getsockname()[1]
        finally:
            over.set()


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n"


@pytest.mark.parametrize(
    ("beginning", "drop"),
    [(b"", b"H"), (b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"), (HEAD + b"\r\n", b"x")],
    ids=["status", "headers", "body"],
)
def test_whoever_drips_is_left_when_the_time_is_over(beginning, drop):
    """Each byte comes in time; the answer doesn't."""
    with dripping(beginning, drop) as port:
        url, started = f"http://127.0.0.1:{port}/", time.monotonic()
        for call in (
            lambda: request("POST", url, body=b"{}", timeout=0.5),
            lambda: Line(url).post(b"{}", {}, timeout=0.5, max_bytes=8000),
            lambda: fetch(url, 200_000, 0.5),
        ):
            with pytest.raises(OutboundError):
                call()
        assert time.monotonic() - started < FOR_EVER


def test_a_line_keeps_its_connection():
    with receiver() as site:
        opened, accept = [], socket.socket.accept
        line = Line(site.url("/"))
        try:
            socket.socket.accept = lambda self: opened.append(1) or accept(self)  # type: ignore[method-assign]
            answers = [line.post(b"{}", {"X-N": str(n)}, timeout=30, max_bytes=8000) for n in range(20)]
        finally:
            socket.socket.accept = accept  # type: ignore[method-assign]
            line.close()
    assert {answer.status for answer in answers} == {200}
    assert answers[0].body == b'{"ok": true}'
    assert [heard.headers["x-n"] for heard in site.heard] == [str(n) for n in range(20)]
    assert len(opened) < 20


def test_a_line_looks_the_name_up_again_and_refuses_what_turned_private(monkeypatch):
    with receiver() as site:
        answers, real = ["127.0.0.1", "127.0.0.1", "10.0.0.1"], socket.getaddrinfo

        def look_up(host, port, *args, **kwargs):
            if host != "loja.example":
                return real(host, port, *args, **kwargs)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (answers.pop(0), port))]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        line = Line(f"http://loja.example:{site.port}/")
        assert line.post(b"1", {}, timeout=30, max_bytes=10).status == 200
        monkeypatch.setattr(client, "FRESH", -1.0)
        assert line.post(b"2", {}, timeout=30, max_bytes=10).status == 200
        with pytest.raises(Invalid, match="rede interna"):
            line.post(b"3", {}, timeout=30, max_bytes=10)
        assert [heard.headers["host"] for heard in site.heard] == [f"loja.example:{site.port}"] * 2
        line.close()


def test_a_long_answer_is_cut_and_the_next_call_still_works():
    with receiver() as site:
        line = Line(site.url("/"))
        assert line.post(b"1", {}, timeout=30, max_bytes=4).body == b'{"ok'
        assert line.post(b"2", {}, timeout=30, max_bytes=400).body == b'{"ok": true}'
        line.close()
