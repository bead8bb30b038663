"""What Evolution's answers mean (contract section 2)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.gateways.errors import GatewayError, NotSupported, Proof, Scope, SendError
from app.gateways.evolution.transport import Answer, Interrupted, NotReached


@dataclass(frozen=True, slots=True)
class Verdict:
    code: str
    scope: Scope
    proof: Proof = "unsent"
    permanent: bool = False


LICENSE = Verdict("license", "instance")
AUTH = Verdict("auth", "instance")
INSTANCE_MISSING = Verdict("instance_missing", "instance")
ROUTE_MISSING = Verdict("route_missing", "instance")
NAME_TAKEN = Verdict("name_taken", "instance", "unknown")
RATE_LIMITED = Verdict("rate_limited", "instance")
UNAVAILABLE = Verdict("unavailable", "instance")
DISCONNECTED = Verdict("disconnected", "instance")
NOT_ON_WHATSAPP = Verdict("not_on_whatsapp", "recipient", permanent=True)
INVALID_REQUEST = Verdict("invalid_request", "message", permanent=True)
UNSUPPORTED = Verdict("not_supported", "message", permanent=True)
STALLED = Verdict("stalled", "instance", "unknown")
AFTER_ERROR = Verdict("after_error", "message", "unknown")
FORBIDDEN = Verdict("forbidden", "instance", "unknown")
EMPTY_ANSWER = Verdict("empty_answer", "message", "unknown")
SERVER_ERROR = Verdict("server_error", "instance", "unknown")
UNEXPECTED = Verdict("unexpected_answer", "instance", "unknown")

BY_STATUS = {401: AUTH, 403: FORBIDDEN, 429: RATE_LIMITED, 503: UNAVAILABLE}

# Looked for in this order, in answers 400 and 500 only.
BY_TEXT = (
    ("rate-overlimit", RATE_LIMITED),
    ("Connection Closed", DISCONNECTED),
    # The timeout surrounds the socket write, so these two prove nothing.
    ("Timed Out", STALLED),
    ("Precondition Required", STALLED),
)

# Checks of the body that the gateway makes before it touches WhatsApp.
BODY_CHECKS = (
    "Text is required",
    "Owned media must be a url or base64",
    "For base64 the file name must be informed",
)


def verdict_of(answer: Answer) -> Verdict:
    body = answer.body if isinstance(answer.body, dict) else {}
    if body.get("code") == "LICENSE_REQUIRED":
        return LICENSE
    if answer.status == 404:
        return _not_found(answer)
    if answer.status in BY_STATUS:
        return BY_STATUS[answer.status]
    if 200 <= answer.status < 300:
        return EMPTY_ANSWER
    if answer.status == 400:
        return _bad_request(answer)
    return _server_error(answer)


def _not_found(answer: Answer) -> Verdict:
    text = " ".join(messages(answer.body))
    gone = "instance does not exist" in text or ("Instance " in text and "not found" in text)
    return INSTANCE_MISSING if gone else ROUTE_MISSING


def _bad_request(answer: Answer) -> Verdict:
    found = _message(answer.body)
    if isinstance(found, list):
        if any(isinstance(item, list) for item in found):
            return INVALID_REQUEST
        if any(isinstance(item, dict) and item.get("exists") is False for item in found):
            return NOT_ON_WHATSAPP
    text = _text(answer)
    for needle, verdict in BY_TEXT:
        if needle in text:
            return verdict
    if text.startswith("Method not available"):
        return UNSUPPORTED
    return INVALID_REQUEST if text.startswith(BODY_CHECKS) else AFTER_ERROR


def _server_error(answer: Answer) -> Verdict:
    if answer.status == 500:
        text = _text(answer)
        if "reading 'onWhatsApp'" in text:
            return DISCONNECTED
        for needle, verdict in BY_TEXT:
            if needle in text:
                return verdict
    return SERVER_ERROR if answer.status >= 500 else UNEXPECTED


def send_error(answer: Answer) -> SendError:
    verdict = verdict_of(answer)
    return SendError(verdict.code, _text(answer), proof=verdict.proof, **_rest(verdict, answer))


def call_error(answer: Answer) -> GatewayError:
    """For everything but sends."""
    verdict = verdict_of(answer)
    if verdict is UNSUPPORTED:
        return NotSupported(_text(answer))
    if verdict is FORBIDDEN and "already in use" in _text(answer):
        verdict = NAME_TAKEN
    return GatewayError(verdict.code, _text(answer), **_rest(verdict, answer))


def _rest(verdict: Verdict, answer: Answer) -> dict[str, Any]:
    body = answer.body if isinstance(answer.body, dict) else {}
    url = body.get("register_url")
    return {
        "scope": verdict.scope,
        "permanent": verdict.permanent,
        "retry_after": answer.retry_after,
        "help_url": url if isinstance(url, str) else None,
    }


def broken_send(error: NotReached | Interrupted) -> SendError:
    if isinstance(error, NotReached):
        return SendError("unreachable", str(error), proof="unsent")
    return SendError(error.code, str(error), proof="unknown")


def broken_call(error: NotReached | Interrupted) -> GatewayError:
    code = "unreachable" if isinstance(error, NotReached) else error.code
    return GatewayError(code, str(error))


def _message(body: Any) -> Any:
    """`response.message`, or `message` on the routes that answer without `response`."""
    if not isinstance(body, dict):
        return None
    response = body.get("response")
    if isinstance(response, dict) and "message" in response:
        return response["message"]
    output = body.get("output")
    if isinstance(output, dict):
        return output.get("payload") or output
    return body.get("message")


def messages(body: Any) -> list[str]:
    return list(_flat(_message(body)))


def _flat(found: Any) -> Iterator[str]:
    if isinstance(found, str):
        yield found
    elif isinstance(found, list):
        for item in found:
            yield from _flat(item)
    elif isinstance(found, dict):
        yield " ".join(f"{key}={value}" for key, value in found.items())


def _text(answer: Answer) -> str:
    return ("; ".join(messages(answer.body)) or answer.text or f"HTTP {answer.status}")[:1000]
