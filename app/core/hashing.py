"""Passwords: bcrypt at cost 12, run where it doesn't stall the other requests."""

import bcrypt

from app.green import run_blocking

COST = 12
MOST_BYTES = 72  # bcrypt reads no further
# bcrypt of nothing in particular at the same cost: an unknown account takes as long as a known one.
_DUMMY = b"$2b$12$Zwpx2rZYs/a/S0Gq0wTavOClAQPpELjusYqFoeHVtIhUPzFlvzAri"


def hash_password(password: str) -> str:
    """Raises ValueError past MOST_BYTES."""
    return run_blocking(bcrypt.hashpw, password.encode(), bcrypt.gensalt(COST)).decode()


def check_password(password: str, hashed: str | None) -> bool:
    """The same time whether or not there is a hash to compare with."""
    candidate = password.encode()
    known = hashed is not None and len(candidate) <= MOST_BYTES
    found = run_blocking(bcrypt.checkpw, candidate[:MOST_BYTES], hashed.encode() if known and hashed else _DUMMY)
    return found and known
