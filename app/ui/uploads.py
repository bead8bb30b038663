"""Uploads with a progress bar go through XMLHttpRequest, which follows redirects unseen and so would eat the
flash of the page behind. Its redirects become a header that the script obeys."""

from flask import Flask, Response, request


def redirect_by_header(response: Response) -> Response:
    if "X-Upload" in request.headers and response.status_code in (301, 302, 303, 307, 308):
        response.headers["X-Location"] = response.headers.pop("Location")
        response.status_code = 200
        response.set_data(b"")
    return response


def init_app(app: Flask) -> None:
    app.after_request(redirect_by_header)
