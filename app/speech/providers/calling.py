"""What the providers' clients share: trying again by kind of error, errors by status, secrets kept out of sight."""

import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from app.speech.port import ErrorCode, Problem, SpeechError

T = TypeVar("T")
SYNTHESIS_SECONDS, LISTING_SECONDS, CONNECT_SECONDS = 30.0, 20.0, 5.0
PAUSES = (0.3, 1.2)
_DETAIL = 300
_SHORTEST_SECRET = 6
_CODES: dict[int, ErrorCode] = {
    400: "unspeakable",
    401: "credentials",
    403: "credentials",
    404: "unsupported",
    408: "timeout",
    413: "too_long",
    429: "quota",
    504: "timeout",
}


def code_of(status: int) -> ErrorCode:
    return _CODES.get(status, "unavailable" if status >= 500 else "unsupported")


def persistent(call: Callable[[], T], sleep: Callable[[float], None] = time.sleep) -> T:
    """A hiccup (reset, 500, 503) is tried twice more at once. A timeout has cost long enough, a quota needs a longer
    wait than a worker has, and the rest does not get better: those are for the caller."""
    for pause in PAUSES:
        try:
            return call()
        except SpeechError as error:
            if error.code != "unavailable" or not error.retryable:
                raise
            sleep(pause)
    return call()


def redacted(detail: object, secrets: Iterable[str]) -> str:
    text = " ".join(str(detail).split())
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "***")
    return text[:_DETAIL]


def refused(problems: list[Problem]) -> SpeechError:
    return SpeechError("unsupported", ", ".join(f"{field}: {code}" for field, code in problems))


def required(credentials: dict[str, str], *names: str) -> None:
    if missing := [name for name in names if not credentials.get(name)]:
        raise SpeechError("credentials", f"missing: {', '.join(missing)}")
