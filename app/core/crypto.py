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


def configure(encryption_keys: list[str], secret_key: str) -> None:
    """Without ENCRYPTION_KEYS the key is derived from SECRET_KEY, which then must never change."""
    global _box
    derived = base64.urlsafe_b64encode(hashlib.sha256(b"recado:" + secret_key.encode()).digest()).decode()
    try:
        _box = MultiFernet([Fernet(key) for key in (encryption_keys or [derived])])
    except ValueError as exc:
        raise ConfigError("ENCRYPTION_KEYS must be Fernet keys (32 bytes, url-safe base64), newest first") from exc


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


def new_token(prefix: str = "") -> str:
    return prefix + secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """For high-entropy tokens only; passwords go through bcrypt."""
    return hashlib.sha256(token.encode()).digest()


def same(left: bytes | str, right: bytes | str) -> bool:
    """Constant time."""
    as_bytes = [part.encode() if isinstance(part, str) else part for part in (left, right)]
    return hmac.compare_digest(*as_bytes)
