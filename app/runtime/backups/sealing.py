"""Encryption of streams: nobody without the key reads them, and a file that was cut or changed says so.

    RECADO1 | 16 bytes of salt | 8 bytes that know the key | chunks of (length, AES-256-GCM)

The nonce counts the chunks and marks the last one, so that chunks can't be dropped, reordered or left off at the end.
"""

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.runtime.failure import Failure

MAGIC = b"RECADO1\n"
CHUNK = 1024 * 1024
_SALT, _CHECK, _TAG = 16, 8, 16
_LENGTH = struct.Struct(">I")


def seal(source: BinaryIO, target: BinaryIO, key: str) -> int:
    """Encrypt all of `source`; the bytes written."""
    salt = os.urandom(_SALT)
    box, check = _derive(key, salt)
    written = target.write(MAGIC + salt + check)
    number, chunk = 0, source.read(CHUNK)
    while True:
        following = source.read(CHUNK)
        sealed = box.encrypt(_nonce(number, last=not following), chunk, None)
        written += target.write(_LENGTH.pack(len(sealed)) + sealed)
        if not following:
            return written
        number, chunk = number + 1, following


def unseal(source: BinaryIO, key: str) -> Iterator[bytes]:
    """The plain chunks. Raises Failure: not a backup, another key, cut short or changed."""
    beginning = source.read(len(MAGIC) + _SALT + _CHECK)
    if not beginning.startswith(MAGIC) or len(beginning) < len(MAGIC) + _SALT + _CHECK:
        raise Failure("Este arquivo não é uma cópia do Recado, ou está cortado no começo (not a backup, or truncated)")
    box, check = _derive(key, beginning[len(MAGIC) : -_CHECK])
    if check != beginning[-_CHECK:]:
        raise Failure("A BACKUP_KEY não é a desta cópia (wrong key): use a que estava no servidor quando ela foi feita")
    number, sealed = 0, _next(source)
    while True:
        following = _next(source)
        yield _open(box, number, sealed, last=not following)
        if not following:
            return
        number, sealed = number + 1, following


def _open(box: AESGCM, number: int, sealed: bytes, *, last: bool) -> bytes:
    try:
        return box.decrypt(_nonce(number, last=last), sealed, None)
    except InvalidTag:
        # The end of the file isn't the end that was written, or a chunk is another one.
        what = "cortada (truncated)" if last else "danificada (corrupt)"
        raise Failure(f"A cópia está {what}: use outra") from None


def _next(source: BinaryIO) -> bytes:
    length = source.read(_LENGTH.size)
    if not length:
        return b""
    wanted = _LENGTH.unpack(length)[0] if len(length) == _LENGTH.size else 0
    chunk = source.read(wanted) if 0 < wanted <= CHUNK + _TAG else b""
    if len(chunk) != wanted or not wanted:
        raise Failure("A cópia está cortada (truncated): use outra")
    return chunk


def _derive(key: str, salt: bytes) -> tuple[AESGCM, bytes]:
    """A key of its own for every file, and a proof of which key it was that tells nothing of it."""
    if len(key) < 32:
        raise Failure("BACKUP_KEY está vazia ou curta (missing or short): são precisos 32 caracteres ou mais")
    made = HKDF(SHA256(), 32 + _CHECK, salt, b"recado backup").derive(key.encode())
    return AESGCM(made[:32]), made[32:]


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\1" if last else b"\0")
