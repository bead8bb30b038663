"""Headers that every answer carries. A view that needs another policy sets the header itself."""

from flask import Flask, Response, request

from app.core.context import find_actor

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), payment=(), usb=(), microphone=(self)",
}
_TWO_YEARS = 63_072_000


def add_headers(response: Response) -> Response:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", f"max-age={_TWO_YEARS}; includeSubDomains")
    if find_actor() is not None and "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "private, no-store"  # pages about people stay out of shared disks
    return response


def init_app(app: Flask) -> None:
    app.after_request(add_headers)
