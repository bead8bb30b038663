"""Files in a bucket of S3 or of anything that speaks like it. Keys and region come from boto3's own variables."""

import os
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO, ParamSpec, TypeVar

import boto3
from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.client import Config as ClientConfig
from botocore.exceptions import BotoCoreError, ClientError

from app.core.errors import Unavailable
from app.core.storage.port import CHUNK, check_key

P = ParamSpec("P")
T = TypeVar("T")
_MISSING = {"404", "NoSuchKey", "NotFound"}


# One call takes 5 GB at most; a backup may be larger, and one part that fails is sent again alone.
IN_PARTS_FROM = 128 * 1024 * 1024
PART = 32 * 1024 * 1024


class S3Storage:
    def __init__(self, bucket: str, prefix: str = ""):
        self._bucket = bucket
        self._prefix = prefix.strip("/")

    @cached_property
    def _client(self) -> Any:
        settings = ClientConfig(
            connect_timeout=5,
            read_timeout=60,
            retries={"max_attempts": 3, "mode": "standard"},
            # Other makers' stores refuse the newer checksum trailers.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        # boto3 reads the other variables itself, but not this widely used one.
        region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
        return boto3.client("s3", region_name=region, config=settings)

    def put(self, key: str, source: bytes | BinaryIO, mime: str) -> int:
        size = len(source) if isinstance(source, bytes) else _remaining(source)
        where = self._where(key)
        if isinstance(source, bytes) or size < IN_PARTS_FROM:
            _ask(self._client.put_object, **where, Body=source, ContentLength=size, ContentType=mime)
        else:
            parts = TransferConfig(multipart_threshold=IN_PARTS_FROM, multipart_chunksize=PART, use_threads=False)
            _ask(self._client.upload_fileobj, source, **where, ExtraArgs={"ContentType": mime}, Config=parts)
        return size

    def read(self, key: str) -> bytes:
        body = _ask(self._client.get_object, **self._where(key))["Body"]
        with body:
            return _ask(body.read)

    def open(self, key: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        end = "" if length is None else str(start + length - 1)
        part = {"Range": f"bytes={start}-{end}"} if start or length is not None else {}
        return _chunks(_ask(self._client.get_object, **self._where(key), **part)["Body"])

    def size(self, key: str) -> int:
        return _ask(self._client.head_object, **self._where(key))["ContentLength"]

    def exists(self, key: str) -> bool:
        try:
            self.size(key)
        except FileNotFoundError:
            return False
        return True

    def delete(self, key: str) -> None:
        _ask(self._client.delete_object, **self._where(key))

    def keys(self) -> Iterator[str]:
        prefix = f"{self._prefix}/" if self._prefix else ""
        more: dict[str, str] = {}
        while True:
            page = _ask(self._client.list_objects_v2, Bucket=self._bucket, Prefix=prefix, **more)
            yield from (found["Key"].removeprefix(prefix) for found in page.get("Contents", ()))
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def local_path(self, key: str) -> Path | None:
        return None

    def _where(self, key: str) -> dict[str, str]:
        check_key(key)
        return {"Bucket": self._bucket, "Key": f"{self._prefix}/{key}" if self._prefix else key}


def _ask(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        return call(*args, **kwargs)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code")
        if code in _MISSING:
            raise FileNotFoundError(kwargs.get("Key")) from error
        raise Unavailable from error
    except (BotoCoreError, Boto3Error) as error:
        raise Unavailable from error


def _chunks(body: Any) -> Iterator[bytes]:
    with body:
        yield from body.iter_chunks(CHUNK)


def _remaining(stream: BinaryIO) -> int:
    here = stream.tell()
    end = stream.seek(0, os.SEEK_END)
    stream.seek(here)
    return end - here
