"""A whole installation behind nginx, with the settings of docs/sizing.md for this size, and a pretend WhatsApp."""

import contextlib
import json
import ssl
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.common import ROOT, Stack, process, wait_for_http
from tests import behind_nginx
from tests.ports import free_port

WORKERS = ("events", "send", "default", "voice", "bulk", "hooks", "cron")
POOL = 8
SIMULATOR_KEY = "load"
# deploy/postgresql.conf is for 16 GB of memory; this is its column for two cores.
SMALLER = {"listen_addresses": "", "max_connections": "150", "shared_buffers": "1GB", "effective_cache_size": "2GB",
           "max_wal_size": "2GB"}  # fmt: skip
WATCHED = {"shared_preload_libraries": "pg_stat_statements", "pg_stat_statements.track_utility": "off"}


@dataclass(frozen=True)
class Site:
    """`trust`: nginx's certificate is its own. `folder`: logs, one a process."""

    url: str
    port: int
    folder: Path
    trust: ssl.SSLContext
    simulator: str
    servers: Stack

    def play(self, method: str, path: str, body: Any = None) -> Any:
        """One call of the simulator, its control API included."""
        headers = {"apikey": SIMULATOR_KEY, "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(self.simulator + path, data, headers, method=method)
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return json.load(answer)


def database_settings() -> dict[str, str]:
    lines = (ROOT / "deploy" / "postgresql.conf").read_text().splitlines()
    pairs = [line.partition(" = ")[::2] for line in lines if " = " in line and not line.startswith("#")]
    return {name: value.strip("'") for name, value in pairs} | SMALLER | WATCHED


@contextlib.contextmanager
def standing(servers: Stack) -> Iterator[Site]:
    """nginx, three web processes, the simulator. The workers follow (`working`), once there is a company."""
    folder, port = servers.folder / "site", free_port()
    for path in (folder, servers.folder / "metrics"):
        path.mkdir()
    folder.chmod(0o755)
    simulator = f"http://127.0.0.1:{port}"
    env = _environment(servers, simulator)
    with behind_nginx.standing(folder, env, folder / "web.log") as nginx:
        trusted = folder / "fullchain.pem"
        speak = ("-m", "simulator", "--port", str(port), "--api-key", SIMULATOR_KEY, "--speed", "50")
        told = env | {"SSL_CERT_FILE": str(trusted)}
        with process(speak, told, folder / "simulator.log"):
            wait_for_http(f"{simulator}/_sim/healthz")
            trust = ssl.create_default_context(cafile=str(trusted))
            yield Site(nginx.url, int(nginx.url.rpartition(":")[2]), folder, trust, simulator, servers)


@contextlib.contextmanager
def working(site: Site) -> Iterator[None]:
    env = _environment(site.servers, site.simulator)
    env |= {"PUBLIC_URL": site.url, "STORAGE_URL": f"file:{site.folder}/media"}
    with contextlib.ExitStack() as closing:
        for queue in WORKERS:
            closing.enter_context(process(["worker.py", queue], env, site.folder / f"{queue}.log"))
        yield


def _environment(servers: Stack, simulator: str) -> dict[str, str]:
    return servers.environment(
        SQL_POOL_SIZE=str(POOL),
        EVOLUTION_API_URL=simulator,
        EVOLUTION_API_KEY=SIMULATOR_KEY,
        PROMETHEUS_MULTIPROC_DIR=str(servers.folder / "metrics"),
        JWT_ACCESS_MINUTES="120",
    )
