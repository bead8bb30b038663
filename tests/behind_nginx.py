"""The committed nginx.conf, with the paths and ports of a test, and a real nginx that runs it."""

import contextlib
import datetime
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.ports import free_port
from tests.servers import ROOT

CONFIGURATION = ROOT / "nginx.conf"
NAME = "localhost"
# As systemd does it: the socket is open before the process, and outlives it.
LAUNCHER = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.executable, [sys.executable, "-u", "wsgi.py"])
"""


def binary() -> str:
    """Debian keeps it where an ordinary user's PATH does not look."""
    found = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if found is None:
        pytest.skip("nginx is not installed here, and only root could install it (apt-get install nginx)")
    return found


def render(folder: Path, ports: list[int], http: int, https: int) -> Path:
    """The file as the installer would write it, but for this folder. Everything that is replaced must be there."""
    text = CONFIGURATION.read_text()
    paths = {
        # Test folders are closed to everybody else.
        "user www-data;": "daemon off;" + (" user root;" if os.geteuid() == 0 else ""),
        "pid /run/nginx.pid;": f"pid {folder}/nginx.pid; error_log {folder}/error.log;",
        "include /etc/nginx/modules-enabled/*.conf;": "",
        "include /etc/nginx/sites-enabled/*.conf;": "",
        "/etc/recado/tls/": f"{folder}/",
        "/var/log/nginx/": f"{folder}/",
        "root /srv/recado;": f"root {folder};",
        "alias /srv/recado/media/;": f"alias {folder}/media/;",
        "recado.example.com": NAME,
    }
    for was, now in paths.items():
        assert was in text, was
        text = text.replace(was, now)
    # No IPv6 in many a container; the addresses are the same otherwise.
    text = re.sub(r"\n *listen \[::\].*", "", text)
    text = text.replace("listen 443 ", f"listen 127.0.0.1:{https} ").replace("listen 80", f"listen 127.0.0.1:{http}")
    for was, port in zip((5001, 5002, 5003), ports, strict=True):
        text = text.replace(f"server 127.0.0.1:{was} ", f"server 127.0.0.1:{port} ")
    temporary = "\n".join(f"    {kind}_temp_path {folder}/tmp-{kind};" for kind in _BODIES)
    rendered = folder / "nginx.conf"
    rendered.write_text(text.replace("http {", "http {\n" + temporary, 1))
    return rendered


_BODIES = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def certificate(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False).sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "fullchain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    (folder / "privkey.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )


@dataclass
class Web:
    """A web process on a socket that outlives it."""

    env: dict[str, str] = field(repr=False)
    log: Path | None = None
    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0), backlog=512))
    process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def start(self) -> None:
        handle = self.listener.fileno()
        command = [sys.executable, "-c", LAUNCHER, str(handle)]
        with open(self.log or os.devnull, "ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.env, pass_fds=(handle,), stderr=log)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(30)


@dataclass(frozen=True)
class Site:
    """Three web processes behind nginx."""

    url: str
    plain_url: str
    folder: Path
    webs: list[Web]

    def ask(self, method: str, path: str, **options: object) -> requests.Response:
        certificate = str(self.folder / "fullchain.pem")
        return requests.request(method, self.url + path, verify=certificate, timeout=60, **options)  # type: ignore[arg-type]


@contextlib.contextmanager
def standing(folder: Path, env: dict[str, str], log: Path | None = None) -> Iterator[Site]:
    """`env`: of an installation that is up; its files are served from `folder/media`. `log`: of the web processes."""
    nginx = binary()
    http, https = free_port(), free_port()
    ours = env | {
        "PUBLIC_URL": f"https://{NAME}:{https}",
        "TRUSTED_PROXIES": "1",
        "ACCEL_REDIRECT": "/_media/",
        "STORAGE_URL": f"file:{folder}/media",
    }
    webs = [Web(ours, log) for _ in range(3)]
    certificate(folder)
    (folder / "media").mkdir()
    configuration = render(folder, [web.port for web in webs], http, https)
    site = Site(f"https://{NAME}:{https}", f"http://{NAME}:{http}", folder, webs)
    for web in webs:
        web.start()
    server = subprocess.Popen([nginx, "-p", str(folder), "-c", str(configuration)], stderr=subprocess.DEVNULL)
    try:
        _wait_for(site, server)
        yield site
    finally:
        server.terminate()
        server.wait(20)
        for web in webs:
            web.stop()
            web.listener.close()


def _wait_for(site: Site, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(requests.ConnectionError, requests.Timeout):
            if site.ask("GET", "/healthz").ok:
                return
        time.sleep(0.2)
    raise AssertionError((site.folder / "error.log").read_text())
