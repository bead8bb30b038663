"""The gateway's error bodies, with all their irregularities (contract section 2)."""

from typing import Any

REASONS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    500: "Internal Server Error",
}
NO_SOCKET = "Cannot read properties of undefined (reading 'onWhatsApp')"
CLOSED = "Connection Closed"


class Refusal(Exception):
    """An answer other than success. `body` replaces the usual shape when given."""

    def __init__(self, status: int, message: Any = None, *, error: str | None = None, body: Any = None) -> None:
        super().__init__(f"{status} {message}")
        self.status = status
        self.message = message
        usual = {
            "status": status,
            "error": error or REASONS.get(status, "Error"),
            "response": {"message": message},
        }
        self.body = usual if body is None else body


def bad_request(*message: Any) -> Refusal:
    return Refusal(400, list(message))


def closed_boom() -> dict[str, Any]:
    """What whatsappNumbers lets through when the socket is closed."""
    payload = {"statusCode": 428, "error": "Precondition Required", "message": CLOSED}
    output = {"statusCode": 428, "payload": payload, "headers": {}}
    return {"data": None, "isBoom": True, "isServer": False, "output": output}


def license_required(url: str) -> dict[str, Any]:
    return {
        "error": "service not activated",
        "code": "LICENSE_REQUIRED",
        "register_url": f"{url}/manager/login",
        "instance_id": "simulador",
        "docs_url": "https://doc.evolution-api.com",
        "message": "This service is not activated. Register to get a license.",
    }
