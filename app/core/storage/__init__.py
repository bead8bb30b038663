"""The one place for people's files: a folder under RECADO_DATA, or a bucket, by STORAGE_URL.

Scratch files of this machine (uploaded sheets on their way in) are `core.files`.
"""

import hashlib
import uuid
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from app.config import ConfigError
from app.core import clock, ids
from app.core.storage.local import LocalStorage
from app.core.storage.port import CHUNK, Storage
from app.green import run_blocking

__all__ = ["Storage", "configure", "fingerprint", "make_storage", "new_key", "storage"]
_store: Storage | None = None


def configure(url: str, data_dir: Path) -> None:
    global _store
    _store = make_storage(url, data_dir)


def make_storage(url: str, data_dir: Path) -> Storage:
    """`file:` (under `data_dir`), `file:/other/folder` or `s3://bucket/prefix`."""
    parts = urlsplit(url)
    if parts.scheme == "file" and not parts.netloc:
        return LocalStorage(Path(parts.path) if parts.path.strip("/") else data_dir / "media")
    if parts.scheme == "s3" and parts.netloc:
        from app.core.storage.s3 import S3Storage  # boto3 costs every process 20 MB and most need none of it

        return S3Storage(parts.netloc, parts.path)
    raise ConfigError(f"STORAGE_URL must be file: or s3://bucket, not {url!r}")


def storage() -> Storage:
    if _store is None:
        raise RuntimeError("storage.configure() was not called")
    return _store


def new_key(tenant_id: uuid.UUID) -> str:
    """tenant/yyyy/mm/uuid: nothing of the user's file name."""
    return f"{tenant_id}/{clock.now():%Y/%m}/{ids.new_id().hex}"


def fingerprint(source: bytes | BinaryIO) -> str:
    """SHA-256 in hex of the bytes, or of a stream from where it stands, which is put back there."""
    return run_blocking(_fingerprint, source)


def _fingerprint(source: bytes | BinaryIO) -> str:
    if isinstance(source, bytes):
        return hashlib.sha256(source).hexdigest()
    here, digest = source.tell(), hashlib.sha256()
    while chunk := source.read(CHUNK):
        digest.update(chunk)
    source.seek(here)
    return digest.hexdigest()
