"""HTTP to a gateway: pooled, bounded in time and size, never retried, never redirected."""

import time
from dataclasses import dataclass
from typing import Any

import orjson
import urllib3
from urllib3 import HTTPHeaderDict
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationValueError,
    NewConnectionError,
    ReadTimeoutError,
)

WRITE_SECONDS = 30
MAX_ANSWER = 200 * 1024 * 1024
CHUNK = 256 * 1024


class NotReached(Exception):
    """No byte of the request left: DNS, connect or TLS failed."""


class Interrupted(Exception):
    """The request may have been acted on; `code` is timeout or reset."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any
    """Parsed JSON, or None where the body is empty or is not JSON."""
    text: str
    retry_after: float | None


class _Http(HTTPConnection):
    def connect(self) -> None:
        super().connect()
        # Else the short connect timeout would also bound the upload of a large body.
        self.sock.settimeout(WRITE_SECONDS)


class _Https(HTTPSConnection):
    def connect(self) -> None:
        try:
            super().connect()
        except ConnectTimeoutError:
            raise
        except (OSError, HTTPError) as error:
            # A failed handshake proves that nothing was sent; urllib3 alone reports it
            # with the same class as a connection cut while reading the answer.
            raise NewConnectionError(self, f"TLS: {error}") from error
        self.sock.settimeout(WRITE_SECONDS)


class _HttpPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _Https


class Transport:
    """Thread-safe. Keeps up to 128 idle connections per gateway."""

    write_seconds = WRITE_SECONDS

    def __init__(self, connect_seconds: float = 5.0) -> None:
        self.connect_seconds = connect_seconds
        self._pools = urllib3.PoolManager(num_pools=20, maxsize=128, block=False, retries=False)
        self._pools.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}

    def call(self, method: str, url: str, *, key: str = "", body: Any = None, read_seconds: float = 30.0) -> Answer:
        headers = {"apikey": key, "accept": "application/json"} if key else {}
        payload = None
        if body is not None:
            payload = orjson.dumps(body)
            headers["content-type"] = "application/json"
        deadline = time.monotonic() + self.connect_seconds + read_seconds
        timeout = urllib3.Timeout(connect=self.connect_seconds, read=read_seconds)
        try:
            return self._exchange(method, url, headers, payload, timeout, deadline)
        except (ConnectTimeoutError, LocationValueError, UnicodeError) as error:
            raise NotReached(_words(error)) from error
        except (ReadTimeoutError, TimeoutError) as error:
            raise Interrupted("timeout", _words(error)) from error
        except (HTTPError, OSError) as error:
            raise Interrupted("reset", _words(error)) from error

    def _exchange(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        payload: bytes | None,
        timeout: urllib3.Timeout,
        deadline: float,
    ) -> Answer:
        response = self._pools.request(
            method,
            url,
            body=payload,
            headers=headers,
            timeout=timeout,
            redirect=False,
            retries=False,
            preload_content=False,
        )
        raw = _read(response, deadline)
        return Answer(
            response.status,
            _json(raw),
            raw[:2000].decode("utf-8", "replace"),
            _retry_after(response.headers),
        )


def _read(response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
    """The read timeout starts anew with every packet, so a trickling server needs the deadline too."""
    parts: list[bytes] = []
    size = 0
    try:
        while chunk := response.read1(CHUNK):
            parts.append(chunk)
            size += len(chunk)
            if size > MAX_ANSWER:
                raise OSError("the answer is too large")
            if time.monotonic() > deadline:
                raise TimeoutError("the answer trickled past its deadline")
    except BaseException:
        response.close()
        raise
    response.release_conn()
    return b"".join(parts)


def _json(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None


def _retry_after(headers: HTTPHeaderDict) -> float | None:
    value = headers.get("retry-after", "")
    return float(value) if value.isdecimal() else None


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]
