import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from app.runtime import valkey
from app.runtime.failure import Failure


@pytest.fixture
def root() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="recado-") as folder:
        yield Path(folder)


def test_comes_back_at_the_same_address(root: Path) -> None:
    first = valkey.start(root)
    first.process.kill()
    first.process.wait()
    second = valkey.start(root)
    try:
        assert second.url == first.url
        assert redis.Redis.from_url(second.url).ping()
    finally:
        second.stop()
    assert second.process.returncode == 0


def test_refuses_to_forget_when_full_and_listens_on_no_port(root: Path) -> None:
    server = valkey.start(root)
    try:
        client = redis.Redis.from_url(server.url, decode_responses=True)
        assert client.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"
        assert client.config_get("port")["port"] == "0"
        assert server.cache.socket.stat().st_mode & 0o077 == 0
    finally:
        server.stop()


def test_silence_becomes_one_line(root: Path) -> None:
    with pytest.raises(Failure, match="Redis"):
        valkey.wait_until_ready(f"unix://{root}/nobody.sock", patience=0.1)
