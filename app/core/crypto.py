"""Secrets at rest (MultiFernet, newest key first) and secrets we only compare (SHA-256 of a random token)."""

import base64
import hashlib
import hmac
import json
import secrets
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from app.config import ConfigError

_box: MultiFernet | None = None
_newest: Fernet | None = None


def configure(encryption_keys: list[str], secret_key: str) -> None:
    """Without ENCRYPTION_KEYS the key is derived from SECRET_KEY, which then must never change. With them the derived
    one still opens what it sealed, so that the first key can be set at any time."""
    global _box, _newest
    derived = base64.urlsafe_b64encode(hashlib.sha256(b"recado:" + secret_key.encode()).digest()).decode()
    try:
        keys = [Fernet(key) for key in (*encryption_keys, derived)]
    except ValueError as exc:
        raise ConfigError("ENCRYPTION_KEYS must be Fernet keys (32 bytes, url-safe base64), newest first") from exc
    _box, _newest = MultiFernet(keys), keys[0]


def _keys() -> MultiFernet:
    if _box is None:
        raise RuntimeError("crypto.configure() was not called")
    return _box


def seal(value: dict[str, Any] | list[Any] | str) -> bytes:
    return _keys().encrypt(json.dumps(value).encode())


def unseal(blob: bytes | None) -> Any:
    """Raises ValueError when no configured key opens it."""
    if blob is None:
        return None
    try:
        return json.loads(_keys().decrypt(bytes(blob)))
    except InvalidToken as exc:
        raise ValueError("no configured ENCRYPTION_KEYS opens this secret") from exc


def reseal(blob: bytes) -> bytes | None:
    """The same secret under the newest key; None when it is already. Raises ValueError when no key opens it."""
    newest, keys = _newest, _keys()
    assert newest is not None
    try:
        newest.decrypt(blob)
        return None
    except InvalidToken:
        pass
    try:
        return keys.rotate(blob)
    except InvalidToken as exc:
        raise ValueError("no configured ENCRYPTION_KEYS opens this secret") from exc


def new_key() -> str:
    """For ENCRYPTION_KEYS."""
    return Fernet.generate_key().decode()


def new_token(prefix: str = "") -> str:
    return prefix + secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """For high-entropy tokens only; passwords go through bcrypt."""
    return hashlib.sha256(token.encode()).digest()


def same(left: bytes | str, right: bytes | str) -> bool:
    """Constant time."""
    as_bytes = [part.encode() if isinstance(part, str) else part for part in (left, right)]
    return hmac.compare_digest(*as_bytes)
