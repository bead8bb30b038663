"""Every row of the contract's section 2, and what the wire can do besides, over real HTTP."""

import socket
import time

import pytest

from app.gateways.errors import GatewayError, SendError
from app.gateways.port import Credentials, Outgoing, Recipient
from tests.gateways.stub import cut_short, hang_up, reset

HELLO = Outgoing(Recipient(phone="+5511912345678"), text="Olá")
SENT = {
    "key": {"remoteJid": "551112345678@s.whatsapp.net", "fromMe": True, "id": "3EB0"},
    "status": "PENDING",
    "messageTimestamp": 1772460191,
}
LICENSE = {
    "error": "service not activated",
    "code": "LICENSE_REQUIRED",
    "register_url": "https://exemplo.com/licenca",
    "message": "activate first",
}


def refused(message, status=400):
    return {"status": status, "error": "Bad Request", "response": {"message": message}}


def failure(gateway, creds) -> SendError:
    with pytest.raises(SendError) as caught:
        gateway.send(creds, HELLO)
    return caught.value


NOT_THERE = [{"jid": "5511900001111@s.whatsapp.net", "exists": False, "number": "5511900001111"}]
ROWS = [
    ("wrong key", 401, refused("Unauthorized"), "auth", "unsent", "instance", False),
    (
        "unknown instance",
        404,
        refused(['The "x" instance does not exist']),
        "instance_missing",
        "unsent",
        "instance",
        False,
    ),
    (
        "unknown route",
        404,
        refused(["Cannot POST /message/x"]),
        "route_missing",
        "unsent",
        "instance",
        False,
    ),
    ("page of a proxy", 404, b"<html>nope</html>", "route_missing", "unsent", "instance", False),
    (
        "schema",
        400,
        refused([['instance requires property "text"']]),
        "invalid_request",
        "unsent",
        "message",
        True,
    ),
    ("blank text", 400, refused(["Text is required"]), "invalid_request", "unsent", "message", True),
    (
        "bad media",
        400,
        refused(["Owned media must be a url or base64"]),
        "invalid_request",
        "unsent",
        "message",
        True,
    ),
    ("not on WhatsApp", 400, refused(NOT_THERE), "not_on_whatsapp", "unsent", "recipient", True),
    (
        "other channel",
        400,
        refused(["Method not available on WhatsApp Business API"]),
        "not_supported",
        "unsent",
        "message",
        True,
    ),
    (
        "never connected",
        500,
        refused("Cannot read properties of undefined (reading 'onWhatsApp')"),
        "disconnected",
        "unsent",
        "instance",
        False,
    ),
    ("socket closed", 500, refused("Connection Closed"), "disconnected", "unsent", "instance", False),
    (
        "socket closed, cached",
        400,
        refused(["Error: Connection Closed"]),
        "disconnected",
        "unsent",
        "instance",
        False,
    ),
    ("rate", 400, refused(["Error: rate-overlimit"]), "rate_limited", "unsent", "instance", False),
    ("429", 429, refused("slow down"), "rate_limited", "unsent", "instance", False),
    ("503", 503, b"", "unavailable", "unsent", "instance", False),
    ("licence", 503, LICENSE, "license", "unsent", "instance", False),
    ("timed out", 400, refused(["Error: Timed Out"]), "stalled", "unknown", "instance", False),
    (
        "boom",
        400,
        {"isBoom": True, "output": {"statusCode": 428, "payload": {"message": "Precondition Required"}}},
        "stalled",
        "unknown",
        "instance",
        False,
    ),
    ("after it left", 400, refused(["Error: boom"]), "after_error", "unknown", "message", False),
    (
        "type error",
        400,
        refused(["TypeError: x is undefined"]),
        "after_error",
        "unknown",
        "message",
        False,
    ),
    ("empty 400", 400, {}, "after_error", "unknown", "message", False),
    (
        "other exception",
        500,
        refused("Cannot read properties of undefined (reading 'id')"),
        "server_error",
        "unknown",
        "instance",
        False,
    ),
    ("502", 502, b"<html>bad gateway</html>", "server_error", "unknown", "instance", False),
    ("504", 504, b"", "server_error", "unknown", "instance", False),
    ("403", 403, refused("Forbidden"), "forbidden", "unknown", "instance", False),
    ("redirect", 302, b"", "unexpected_answer", "unknown", "instance", False),
    ("201 empty", 201, b"", "empty_answer", "unknown", "message", False),
    ("201 not JSON", 201, b"ok", "empty_answer", "unknown", "message", False),
    ("201 without key", 201, {"status": "PENDING"}, "empty_answer", "unknown", "message", False),
]


@pytest.mark.parametrize(
    ("status", "body", "code", "proof", "scope", "permanent"),
    [row[1:] for row in ROWS],
    ids=[row[0] for row in ROWS],
)
def test_answers_to_a_send(gateway, stub, creds, status, body, code, proof, scope, permanent):
    stub.answer(status, body)
    error = failure(gateway, creds)
    assert (error.code, error.proof, error.scope, error.permanent) == (code, proof, scope, permanent)
    assert len(stub.seen) == 1


def test_licence_tells_where_to_register(gateway, stub, creds):
    stub.answer(503, LICENSE)
    assert failure(gateway, creds).help_url == "https://exemplo.com/licenca"


def test_retry_after_is_passed_on(gateway, stub, creds):
    stub.answer(429, b"", retry_after="17")
    assert failure(gateway, creds).retry_after == 17.0


def test_redirect_is_not_followed(gateway, stub, creds):
    stub.answer(307, b"", location=f"{stub.url}/elsewhere")
    assert failure(gateway, creds).proof == "unknown"
    assert len(stub.seen) == 1


@pytest.mark.parametrize("fault", [reset, hang_up, cut_short])
def test_connection_lost_after_the_request_is_unknown_and_never_retried(gateway, stub, creds, fault):
    stub.act(fault)
    error = failure(gateway, creds)
    assert (error.code, error.proof) == ("reset", "unknown")
    assert len(stub.seen) == 1


def test_reused_connection_that_is_reset_is_unknown(gateway, stub, creds):
    stub.answer(201, SENT)
    stub.act(reset)
    assert gateway.send(creds, HELLO).external_id == "3EB0"
    assert failure(gateway, creds).proof == "unknown"
    assert stub.connections == 1


def test_hanging_answer_is_unknown(gateway, stub, creds):
    stub.act(lambda handler: stub.release.wait())
    error = failure(gateway, creds)
    assert (error.code, error.proof) == ("timeout", "unknown")


def test_trickling_answer_is_cut_at_the_deadline(gateway, stub, creds):
    def trickle(handler):
        handler.send_response(201)
        handler.send_header("content-length", "1000")
        handler.end_headers()
        while not stub.release.wait(0.05):
            handler.wfile.write(b" ")

    stub.act(trickle)
    started = time.monotonic()
    assert failure(gateway, creds).code == "timeout"
    assert time.monotonic() - started < gateway.longest_send(HELLO)


def test_refused_connection_proves_that_nothing_left(gateway):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        creds = Credentials(f"http://127.0.0.1:{free.getsockname()[1]}", instance_name="x", token="t")
        error = failure(gateway, creds)
    assert (error.code, error.proof, error.scope) == ("unreachable", "unsent", "instance")


@pytest.mark.parametrize("base", ["http://nowhere.invalid", "http://", "not an address", "http://a..b"])
def test_wrong_addresses_prove_that_nothing_left(gateway, base):
    error = failure(gateway, Credentials(base, instance_name="x", token="t"))
    assert (error.code, error.proof) == ("unreachable", "unsent")


def test_failed_tls_handshake_proves_that_nothing_left(gateway, stub, creds):
    secure = Credentials(stub.url.replace("http:", "https:"), instance_name="x", token="t")
    error = failure(gateway, secure)
    assert (error.code, error.proof) == ("unreachable", "unsent")
    assert stub.seen == []


def test_server_that_accepts_and_never_speaks_tls_proves_that_nothing_left(gateway):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        creds = Credentials(f"https://127.0.0.1:{silent.getsockname()[1]}", instance_name="x", token="t")
        error = failure(gateway, creds)
    assert (error.code, error.proof) == ("unreachable", "unsent")


def test_whatsapp_numbers_answers_its_errors_without_response(gateway, stub, creds):
    stub.answer(400, {"status": 400, "error": "Bad Request", "message": ["Connection Closed"]})
    with pytest.raises(GatewayError) as caught:
        gateway.check_numbers(creds, ["+5511912345678"])
    assert caught.value.code == "disconnected"


def test_failure_hidden_in_a_200(gateway, stub, creds):
    stub.answer(200, {"error": True, "message": "[object Object]"})
    with pytest.raises(GatewayError) as caught:
        gateway.connect(creds)
    assert caught.value.code == "link_failed"


def test_secrets_never_show_in_a_traceback(creds):
    assert "own" not in repr(creds)
    assert "global" not in repr(creds)
