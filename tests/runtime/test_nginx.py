"""nginx.conf says what the application and the units say, and nginx itself accepts it."""

import contextlib
import re
import socket
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from app.media.service import LARGEST, photos
from app.ui import publish, statics
from app.webhooks import evolution
from tests import behind_nginx
from tests.ports import free_port
from tests.servers import ROOT

TEXT = (ROOT / "nginx.conf").read_text()


def location(beginning: str) -> str:
    found = re.search(rf"location {re.escape(beginning)}.*?\{{(.*?)\n        \}}", TEXT, re.S)
    assert found, beginning
    return found.group(1)


def body_limit(block: str) -> int:
    found = re.search(r"client_max_body_size (\d+)m;", block)
    assert found, block
    return int(found.group(1)) * 1024 * 1024


def test_nginx_accepts_it(tmp_path: Path) -> None:
    binary = behind_nginx.binary()
    behind_nginx.certificate(tmp_path)
    rendered = behind_nginx.render(tmp_path, [5001, 5002, 5003], 18080, 18443)
    told = subprocess.run([binary, "-t", "-p", tmp_path, "-c", rendered], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    assert "[warn]" not in told.stderr


class _Named(BaseHTTPRequestHandler):
    """Answers with its own port."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = str(self.server.server_address[1]).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        pass


def test_a_gateways_calls_are_spread_and_those_of_one_number_stay_together(tmp_path: Path) -> None:
    """All of them come from one address."""
    binary, https = behind_nginx.binary(), free_port()
    tmp_path.chmod(0o755)
    behind_nginx.certificate(tmp_path)
    with contextlib.ExitStack() as closing:
        webs = [closing.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), _Named)) for _ in range(3)]
        for web in webs:
            threading.Thread(target=web.serve_forever, args=(0.05,), daemon=True).start()
            closing.callback(web.shutdown)
        rendered = behind_nginx.render(tmp_path, [web.server_address[1] for web in webs], free_port(), https)
        server = subprocess.Popen([binary, "-p", tmp_path, "-c", rendered], stderr=subprocess.DEVNULL)
        closing.callback(server.wait, 20)
        closing.callback(server.terminate)
        site = behind_nginx.Site(f"https://localhost:{https}", "", tmp_path, [])
        while server.poll() is None and not _listens(https):
            time.sleep(0.05)
        answers = {n: {_asked(site, n) for _ in range(3)} for n in range(40)}
    assert all(len(one) == 1 for one in answers.values())
    assert set().union(*answers.values()) == {str(web.server_address[1]) for web in webs}


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _asked(site: behind_nginx.Site, number: int) -> str:
    return site.ask("POST", f"/webhooks/evolution/{number}", data=b"{}").text


def test_large_bodies_pass_where_the_application_takes_them_and_nowhere_else() -> None:
    assert body_limit(location("/webhooks/")) == evolution.MAX_BODY
    assert body_limit(location("~ ^/(api/v1/)?media$")) == LARGEST + 1024 * 1024
    limits = [int(one) for one in re.findall(r"client_max_body_size (\d+)m;", TEXT)]
    assert body_limit(location("= /settings/profile/photo")) == photos.LARGEST + 1024 * 1024
    assert sorted(limits) == [1, 3, 6, 64, 101, 140]


def test_addresses_that_open_an_account_are_written_down_nowhere() -> None:
    block = location("~ ^/(reset|invite|register)(/|$)")
    assert "access_log off;" in block
    assert "limit_req zone=sign_in" in block


def test_ports_are_those_of_the_web_units() -> None:
    ports = re.findall(r"server 127\.0\.0\.1:(\d+) ", TEXT)
    target = (ROOT / "systemd" / "recado.target").read_text()
    assert ports == re.findall(r"recado-web@(\d+)\.service", target)


def test_a_build_is_published_once_compressed_and_the_last_few_stay(ctx, tmp_path: Path) -> None:
    for old in ("a", "b", "c", "d"):
        (tmp_path / old).mkdir()
    folder = publish.publish(tmp_path)
    assert folder.name == statics.build_id()
    assert publish.publish(tmp_path) == folder
    assert (folder / "css" / "tokens.css.gz").stat().st_size < (folder / "css" / "tokens.css").stat().st_size
    assert (folder / "css" / "tokens.css").stat().st_mode & 0o777 == 0o644
    assert len(list(tmp_path.iterdir())) == publish.KEPT_BUILDS
