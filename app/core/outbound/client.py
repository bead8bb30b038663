"""One call to a stranger's server, pinned to the address that was checked; redirects are checked like the first.

The name is resolved once per hop and the connection goes to what came back, so that a name server cannot answer
something else the second time. Certificates are still checked against the name.
"""

import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, cast
from urllib.parse import urljoin

import certifi
import urllib3
from flask_babel import gettext as _
from urllib3.exceptions import HTTPError
from urllib3.response import BaseHTTPResponse

from app.core.outbound.addresses import Target, resolve
from app.core.outbound.bounded import BoundedConnection, BoundedTLSConnection

REDIRECTS = 3
SPOOLED = 1024 * 1024
FRESH, IDLE, KEPT = 60.0, 3.0, 8  # of a Line: seconds between look-ups, seconds unused, connections
_CHUNK = 64 * 1024
_MOVED = {301, 302, 303, 307, 308}
_PASSING = {408, 425, 429}
_AGENT = "Recado/1.0"


class OutboundError(Exception):
    """The call didn't work; the message is for people. `permanent`: another try would end the same."""

    def __init__(self, message: object, *, permanent: bool):
        super().__init__(str(message))
        self.permanent = permanent


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass
class Fetched:
    """`body` stands at its start and is the caller's to close."""

    body: BinaryIO
    size: int
    mime_type: str
    url: str


def fetch(url: str, max_bytes: int, timeout: float) -> Fetched:
    """GET a file within `timeout` seconds in all. Raises Invalid for a forbidden address, OutboundError otherwise."""
    deadline = time.monotonic() + timeout
    response, target = _get(url, deadline)
    try:
        _refuse_bad_status(response.status)
        body = cast(BinaryIO, tempfile.SpooledTemporaryFile(max_size=SPOOLED))  # noqa: SIM115 - the caller's to close
        size = _copy(response, body, max_bytes, deadline)
    finally:
        response.release_conn()
        response.close()
    body.seek(0)
    mime = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return Fetched(body, size, mime, target.url)


def request(
    method: str,
    url: str,
    *,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    timeout: float = 10,
    max_bytes: int = 64 * 1024,
) -> Answer:
    """One call without redirects (a 3xx is an answer); of the answer's body at most `max_bytes` are kept."""
    target, deadline = resolve(url), time.monotonic() + timeout
    response = _open(method, target, body, headers or {}, deadline)
    try:
        return Answer(response.status, dict(response.headers), _beginning(response, max_bytes, deadline))
    finally:
        response.close()


class Line:
    """Calls to one address over kept connections, from many threads. The name is looked up again every minute, and a
    connection stays with the address that was checked. Idle ones are dropped before the other side does it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._target: Target | None = None
        self._pools: dict[str, urllib3.HTTPConnectionPool] = {}
        self._looked_up = self._used = 0.0

    def post(self, body: bytes, headers: Mapping[str, str], *, timeout: float, max_bytes: int) -> Answer:
        """As `request`. Raises Invalid for a forbidden address, OutboundError when nobody answers in time."""
        deadline = time.monotonic() + timeout
        response = _first(self._ready(deadline), "POST", body, headers, deadline)
        try:
            return Answer(response.status, dict(response.headers), _beginning(response, max_bytes, deadline))
        finally:
            if not response.closed:
                response.close()  # longer than we read: this connection can't be used again

    def close(self) -> None:
        with self._lock:
            self._drop()

    def _ready(self, deadline: float) -> list[tuple[urllib3.HTTPConnectionPool, Target]]:
        with self._lock:
            now = time.monotonic()
            if now - self._looked_up > FRESH or now - self._used > IDLE:
                self._drop()
            if self._target is None:
                self._target, self._looked_up = resolve(self._url), now
            self._used, target = now, self._target
            for address in target.addresses:
                if address not in self._pools:
                    self._pools[address] = _pool(target, address, deadline - now, size=KEPT)
            return [(self._pools[address], target) for address in target.addresses]

    def _drop(self) -> None:
        for pool in self._pools.values():
            pool.close()
        self._pools, self._target = {}, None


def _get(url: str, deadline: float) -> tuple[BaseHTTPResponse, Target]:
    for _hop in range(REDIRECTS + 1):
        target = resolve(url)
        response = _open("GET", target, b"", {}, deadline)
        location = response.headers.get("Location")
        if response.status not in _MOVED or not location:
            return response, target
        response.close()
        url = urljoin(target.url, location)
    raise OutboundError(_("O endereço redireciona vezes demais."), permanent=True)


def _open(method: str, target: Target, body: bytes, headers: Mapping[str, str], deadline: float) -> BaseHTTPResponse:
    """The first of the target's addresses that answers."""
    left = deadline - time.monotonic()
    pools = [(_pool(target, address, left), target) for address in target.addresses]
    return _first(pools, method, body, headers, deadline)


def _first(
    pools: Sequence[tuple[urllib3.HTTPConnectionPool, Target]],
    method: str,
    body: bytes,
    headers: Mapping[str, str],
    deadline: float,
) -> BaseHTTPResponse:
    failure: HTTPError | None = None
    host = ""
    for pool, target in pools:
        left, host = deadline - time.monotonic(), target.host
        if left <= 0:
            break
        try:
            return _call(pool, method, target, body, headers, left)
        except HTTPError as error:
            failure = error
    raise OutboundError(_("O servidor “%(host)s” não respondeu.", host=host), permanent=False) from failure


def _pool(target: Target, address: str, timeout: float, size: int = 1) -> urllib3.HTTPConnectionPool:
    pool: urllib3.HTTPConnectionPool
    if target.scheme == "http":
        pool = urllib3.HTTPConnectionPool(address, target.port, timeout=timeout, maxsize=size)
        pool.ConnectionCls = BoundedConnection
        return pool
    pool = urllib3.HTTPSConnectionPool(
        address,
        target.port,
        timeout=timeout,
        maxsize=size,
        cert_reqs="CERT_REQUIRED",
        ca_certs=certifi.where(),
        server_hostname=target.host,
        assert_hostname=target.host,
    )
    pool.ConnectionCls = BoundedTLSConnection
    return pool


def _call(
    pool: urllib3.HTTPConnectionPool,
    method: str,
    target: Target,
    body: bytes,
    headers: Mapping[str, str],
    timeout: float,
) -> BaseHTTPResponse:
    ours = {"Host": target.authority, "User-Agent": _AGENT, "Accept-Encoding": "identity"}
    return pool.urlopen(
        method,
        target.path,
        body=body or None,
        headers={**headers, **ours},
        timeout=urllib3.Timeout(connect=min(5, timeout), read=timeout),
        retries=False,
        redirect=False,
        preload_content=False,
    )


def _beginning(response: BaseHTTPResponse, max_bytes: int, deadline: float) -> bytes:
    """Of the answer's body, what comes in time, up to so much."""
    kept = b""
    try:
        while len(kept) < max_bytes and (chunk := response.read1(max_bytes - len(kept), decode_content=False)):
            kept += chunk
            if time.monotonic() > deadline:
                raise OutboundError(_("O servidor interrompeu a resposta."), permanent=False)
    except HTTPError as error:
        raise OutboundError(_("O servidor interrompeu a resposta."), permanent=False) from error
    return kept


def _refuse_bad_status(status: int) -> None:
    if status != 200:
        permanent = 400 <= status < 500 and status not in _PASSING
        raise OutboundError(_("O servidor respondeu com o erro %(status)s.", status=status), permanent=permanent)


def _copy(response: BaseHTTPResponse, target: BinaryIO, max_bytes: int, deadline: float) -> int:
    """Counts what really arrives, whatever the answer claims; nothing is unpacked, so nothing can grow."""
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise OutboundError(_("O servidor mandou o arquivo compactado de um jeito que não lemos."), permanent=True)
    claimed = response.headers.get("Content-Length", "")
    _check(int(claimed) if claimed.isdecimal() else 0, max_bytes, deadline)
    size = 0
    try:
        while chunk := response.read1(_CHUNK, decode_content=False):  # what is there, however slowly it drips
            size += len(chunk)
            _check(size, max_bytes, deadline)
            target.write(chunk)
    except HTTPError as error:
        raise OutboundError(_("O servidor interrompeu o envio do arquivo."), permanent=False) from error
    return size


def _check(size: int, max_bytes: int, deadline: float) -> None:
    if size > max_bytes:
        raise OutboundError(_("O arquivo desse endereço é grande demais."), permanent=True)
    if time.monotonic() > deadline:
        raise OutboundError(_("O servidor demorou demais para mandar o arquivo."), permanent=False)
