"""One contract, two places: a real folder, and a bucket behind moto's HTTP server."""

import io
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from app.config import ConfigError
from app.core.errors import Unavailable
from app.core.storage import make_storage, new_key, s3
from app.core.storage.port import Storage


@pytest.fixture(scope="module")
def bucket_server() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Storage:
    if request.param == "folder":
        return make_storage("file:", tmp_path)
    url = request.getfixturevalue("bucket_server")
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": "sa-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    bucket = f"recado-{uuid.uuid4().hex}"
    client = boto3.client("s3", region_name="sa-east-1")
    client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "sa-east-1"})
    return make_storage(f"s3://{bucket}/files/", tmp_path)


@pytest.fixture
def key() -> str:
    return new_key(uuid.uuid4())


def test_what_is_put_is_read_back(store, key):
    assert store.put(key, b"abc", "image/png") == 3
    assert (store.read(key), store.size(key), store.exists(key)) == (b"abc", 3, True)


def test_what_is_large_goes_in_parts(store, key, monkeypatch):
    """A bucket takes no more than 5 GB in one call."""
    monkeypatch.setattr(s3, "IN_PARTS_FROM", 6 * 2**20)
    monkeypatch.setattr(s3, "PART", 5 * 2**20)
    source = io.BytesIO(b"x" * 3 + b"0123456789abcdef" * 2**20)
    source.seek(3)
    assert store.put(key, source, "application/octet-stream") == 16 * 2**20
    assert store.size(key) == 16 * 2**20
    assert store.read(key)[5 * 2**20 :].startswith(b"0123456789abcdef")


def test_a_stream_is_stored_from_where_it_stands(store, key):
    source = io.BytesIO(b"0123456789")
    source.seek(4)
    assert store.put(key, source, "text/plain") == 6
    assert store.read(key) == b"456789"


def test_an_empty_file_is_a_file(store, key):
    assert store.put(key, b"", "text/plain") == 0
    assert (store.read(key), store.exists(key)) == (b"", True)


def test_a_part_can_be_read(store, key):
    store.put(key, b"0123456789", "audio/ogg")
    assert b"".join(store.open(key)) == b"0123456789"
    assert b"".join(store.open(key, 7)) == b"789"
    assert b"".join(store.open(key, 2, 3)) == b"234"


def test_a_second_put_replaces_the_file(store, key):
    store.put(key, b"old and long", "text/plain")
    store.put(key, b"new", "text/plain")
    assert store.read(key) == b"new"


def test_what_is_not_there_is_said_so(store, key):
    assert not store.exists(key)
    for call in (store.read, store.size, store.open):
        with pytest.raises(FileNotFoundError):
            call(key)
    store.delete(key)


def test_deleted_is_gone(store, key):
    store.put(key, b"abc", "text/plain")
    store.delete(key)
    assert not store.exists(key)


@pytest.mark.parametrize(
    "bad", ["../etc/passwd", "/etc/passwd", "a/../b", "", "a//b", "Á/b", "a/.hidden", "a\\b", "a b"]
)
def test_keys_are_ours_never_a_file_name(store, bad):
    with pytest.raises(ValueError):
        store.put(bad, b"", "text/plain")
    with pytest.raises(ValueError):
        store.read(bad)


def test_only_a_folder_has_a_path(store, key):
    store.put(key, b"abc", "text/plain")
    path = store.local_path(key)
    assert path is None or path.read_bytes() == b"abc"


class BrokenStream(io.RawIOBase):
    def readinto(self, _buffer: object) -> int:
        raise OSError("the connection broke")

    def readable(self) -> bool:
        return True


def test_a_broken_upload_leaves_nothing_and_keeps_the_old_file(tmp_path, key):
    store = make_storage("file:", tmp_path)
    store.put(key, b"old", "text/plain")
    with pytest.raises(OSError, match="broke"):
        store.put(key, BrokenStream(), "text/plain")
    assert store.read(key) == b"old"
    assert [path.name for path in (tmp_path / "media" / key).parent.iterdir()] == [key.rsplit("/", 1)[1]]


def test_readers_never_see_half_a_file(tmp_path, key):
    store = make_storage("file:", tmp_path)
    contents = [bytes([n]) * 400_000 for n in range(8)]
    store.put(key, contents[0], "text/plain")
    writers = [threading.Thread(target=store.put, args=(key, c, "text/plain")) for c in contents]
    for writer in writers:
        writer.start()
    seen = [store.read(key) for _ in range(50)]
    for writer in writers:
        writer.join()
    assert all(read in contents for read in seen)


def test_a_bucket_that_is_away_is_unavailable(tmp_path, key, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with pytest.raises(Unavailable):
        make_storage("s3://bucket", tmp_path).read(key)


@pytest.mark.parametrize("url", ["ftp://host", "s3://", "/plain/path", "file://host/path"])
def test_an_unusable_address_is_one_clear_line(url, tmp_path):
    with pytest.raises(ConfigError, match="STORAGE_URL"):
        make_storage(url, tmp_path)


def test_a_folder_of_ones_own(tmp_path, key):
    store = make_storage(f"file:{tmp_path}/elsewhere", tmp_path / "data")
    store.put(key, b"abc", "text/plain")
    assert (tmp_path / "elsewhere" / key).read_bytes() == b"abc"
