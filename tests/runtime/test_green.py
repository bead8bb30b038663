"""The green web server, as a process of its own."""

import contextlib
import resource
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from app import green
from tests.servers import ROOT


class Site:
    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.runtime.green_probe"]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def get(self, path: str) -> requests.Response:
        return requests.get(f"http://127.0.0.1:{self.port}{path}", timeout=20)


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.process.kill()
    site.process.wait()


def test_requests_wait_together_not_in_line(site: Site) -> None:
    site.get("/quick")
    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(site.get, ["/slow"] * 8))
    assert [answer.text for answer in answers] == ["slow but answered"] * 8
    assert time.monotonic() - began < 4


def test_hashing_passwords_does_not_stall_the_others(site: Site) -> None:
    """Six sign-ins at once are more than a second of pure computing; hashed in the hub, one request waits for it."""
    site.get("/hash")
    with ThreadPoolExecutor(6) as pool:
        sign_ins = [pool.submit(site.get, "/hash") for _ in range(6)]
        waits = []
        while not all(sign_in.done() for sign_in in sign_ins):
            began = time.monotonic()
            site.get("/quick")
            waits.append(time.monotonic() - began)
    assert all(sign_in.result().text.startswith("$2b$12$") for sign_in in sign_ins)
    assert statistics.median(waits) < 0.1
    assert len(waits) > 5


def test_sigterm_finishes_the_request_under_way_and_accepts_no_more(site: Site) -> None:
    with ThreadPoolExecutor(1) as pool:
        under_way = pool.submit(site.get, "/slow")
        time.sleep(0.3)  # the request has to be inside the server
        site.process.send_signal(signal.SIGTERM)
        assert under_way.result().text == "slow but answered"
    assert site.process.wait(5) == 0
    with pytest.raises(requests.ConnectionError):
        site.get("/quick")


def test_open_socket_does_not_hold_the_shutdown(site: Site) -> None:
    with socket.create_connection(("127.0.0.1", site.port)) as idle:
        idle.sendall(b"GET /quick HTTP/1.1\r\nHost: x\r\n")  # never finished
        site.get("/quick")
        began = time.monotonic()
        site.process.send_signal(signal.SIGTERM)
        assert site.process.wait(green.GRACE_SECONDS + 5) == 0
        assert time.monotonic() - began < green.GRACE_SECONDS + 3


def test_more_than_a_thousand_sockets_stay_open_at_once(site: Site) -> None:
    """eventlet stops at 1024 connections by default and the usual limit of files is 1024 too."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    with contextlib.ExitStack() as held:
        for _ in range(1100):
            held.enter_context(socket.create_connection(("127.0.0.1", site.port), timeout=10))
        assert site.get("/quick").text == "quick"


def test_taken_port_is_an_error_not_a_second_server(site: Site) -> None:
    script = f"from app import green; green.patch(); green.listen('127.0.0.1', {site.port})"
    answer = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "Address already in use" in answer.stderr


def test_outside_the_server_blocking_calls_simply_run() -> None:
    assert not green.is_green()
    assert green.run_blocking(max, 3, 5) == 5


def test_patching_comes_before_every_other_import() -> None:
    """The package must not pull anything in on the way to `app.green`."""
    script = "import sys; from app import green; print('flask' in sys.modules, 'sqlalchemy' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["False", "False"]
