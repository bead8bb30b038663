"""Events written straight into browsers' sockets: in order, each once, and nobody who reads slowly holds up another."""

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from websocket import WebSocket, create_connection

from app.core import realtime
from tests.clients import ApiClient
from tests.drills.stage import Gateway, Stage
from tests.inbox.test_storm import PATIENCE, wait_for_web

MANY, WORDS = 3_000, "x" * 2_000  # far more than a socket's buffers hold


@pytest.fixture
def web(app, tmp_path: Path, monkeypatch) -> Iterator[str]:
    stage = Stage(app, app.extensions["recado"], Gateway(tmp_path / "gateway", 1), scale=1.0, log=tmp_path / "log")
    monkeypatch.setattr(realtime, "_emitter", None)
    realtime.connect_emitter(stage.config.redis_url)
    try:
        stage.start("web")
        yield wait_for_web(stage)
    finally:
        stage.close()


def connect(url: str, token: str, **options) -> WebSocket:
    address = url.replace("http", "ws") + "/socket.io/?EIO=4&transport=websocket"
    made = create_connection(address, **options)
    made.recv()
    made.send("40" + json.dumps({"token": token}))
    while not made.recv().startswith("40"):
        pass
    return made


def numbers(link: WebSocket, until: int) -> list[int]:
    found: list[int] = []
    while not found or found[-1] != until:
        said = link.recv()
        if said == "2":
            link.send("3")
        elif "campaign:progress" in said:
            found.append(json.loads(said[2:])[1]["n"])
    return found


def say(company, first: int, last: int) -> None:
    room = realtime.tenant_room(company.tenant_id)
    for n in range(first, last):
        realtime.publish("campaign:progress", {"n": n, "words": WORDS}, room=room)


def test_who_reads_slowly_gets_all_in_order_and_holds_up_nobody(app, company, web):
    token = ApiClient.sign_in(app.test_client(), company, "viewer").token
    quick = connect(web, token)
    slow = connect(web, token, sockopt=((socket.SOL_SOCKET, socket.SO_RCVBUF, 4096),))
    found: list[int] = []
    reader = threading.Thread(target=lambda: found.extend(numbers(quick, MANY - 1)))
    reader.start()
    say(company, 0, MANY)
    reader.join(PATIENCE)
    assert found == list(range(MANY))  # while the other had not read a word
    assert numbers(slow, MANY - 1) == list(range(MANY))
    say(company, MANY, MANY + 10)  # and once it has caught up, it is served as everybody
    assert numbers(slow, MANY + 9) == list(range(MANY, MANY + 10))
    quick.close()
    slow.close()


def test_who_vanishes_disturbs_nobody(app, company, web):
    token = ApiClient.sign_in(app.test_client(), company, "viewer").token
    stays, goes = connect(web, token), connect(web, token)
    goes.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    goes.sock.close()  # a reset, in the middle
    say(company, 0, 50)
    assert numbers(stays, 49) == list(range(50))
    stays.close()


def test_compression_that_browsers_offer_is_declined(app, company, web):
    """A compressor per socket would cost more than the socket."""
    token = ApiClient.sign_in(app.test_client(), company, "viewer").token
    link = connect(web, token, header=["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"])
    assert "sec-websocket-extensions" not in {name.lower() for name in link.getheaders()}
    say(company, 0, 1)
    assert numbers(link, 0) == [0]
    link.close()
