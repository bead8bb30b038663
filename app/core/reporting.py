"""Errors to Sentry, where SENTRY_DSN says so: what failed and where, never about whom."""

import re
from typing import Any

# What a message of an error may quote: addresses, telephones, tokens and other long numbers.
_PERSONAL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+|\+?\d[\d ().-]{6,}\d|\b[A-Za-z0-9_-]{32,}\b")
_KEPT_OF_REQUEST = ("method",)


def configure(dsn: str) -> bool:
    """Once per process, before the application is made. Without a DSN nothing is imported."""
    if not dsn:
        return False
    import sentry_sdk

    sentry_sdk.init(
        dsn,
        send_default_pii=False,
        include_local_variables=False,
        include_source_context=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        server_name="recado",
        before_send=_impersonal,
    )
    return True


def _impersonal(event: Any, _hint: dict[str, Any]) -> Any:
    """Whoever reads the errors need not know the customers."""
    request = event.get("request") or {}
    event["request"] = {name: request[name] for name in _KEPT_OF_REQUEST if name in request}
    for name in ("user", "extra", "breadcrumbs"):
        event.pop(name, None)
    for found in (event.get("exception") or {}).get("values", ()):
        found["value"] = masked(str(found.get("value", "")))
    if entry := event.get("logentry"):
        event["logentry"] = {"message": masked(str(entry.get("formatted") or entry.get("message", "")))}
    return event


def masked(words: str) -> str:
    return _PERSONAL.sub("•••", words)
