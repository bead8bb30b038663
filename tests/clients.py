"""Browsers and API clients for tests."""

import contextvars
from typing import Any

from bs4 import BeautifulSoup
from flask import has_app_context
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.extensions import db
from tests.factories import PASSWORD, Company


class IsolatedClient(FlaskClient):
    """Each request runs in a context of its own, as on the server: no actor, session or `g` of the test leaks in.

    Forms get their CSRF token by themselves: `client.submit("/contacts", {"name": "Ana"})`.
    """

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        response = contextvars.Context().run(super().open, *args, **kwargs)
        if has_app_context():
            db.session.expire_all()  # the request may have changed what the test holds
        return response

    def csrf_token(self) -> str:
        page = self.get("/login", headers={"X-Test": "csrf"}, follow_redirects=True).get_data(as_text=True)
        soup = BeautifulSoup(page, "html.parser")
        return str(soup.select_one("meta[name=csrf-token]")["content"])

    def submit(self, path: str, data: dict[str, Any] | None = None, **kwargs: Any) -> TestResponse:
        """POST as a form of ours would."""
        return self.post(path, data={"csrf_token": self.csrf_token(), **(data or {})}, **kwargs)

    def page(self, path: str, status: int = 200) -> BeautifulSoup:
        """The parsed page; fails when the answer isn't `status`."""
        response = self.get(path)
        assert response.status_code == status, f"{path} answered {response.status}"
        return BeautifulSoup(response.get_data(as_text=True), "html.parser")


def sign_in(client: FlaskClient, company: Company, role: str = "admin") -> Any:
    response = client.submit("/login", {"email": company.emails[role], "password": PASSWORD})
    assert response.status_code == 303, response.get_data(as_text=True)
    return client


class ApiClient:
    """Calls `/api/v1` with a bearer token."""

    def __init__(self, client: FlaskClient, token: str):
        self.client, self.token = client, token

    @classmethod
    def sign_in(cls, client: FlaskClient, company: Company, role: str = "admin") -> "ApiClient":
        answer = client.post("/api/v1/auth/login", json={"email": company.emails[role], "password": PASSWORD})
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return cls(client, answer.json["access_token"])

    def call(self, method: str, path: str, **kwargs: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.token}", **kwargs.pop("headers", {})}
        return self.client.open(f"/api/v1{path}", method=method, headers=headers, **kwargs)

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        return self.call("GET", path, **kwargs)

    def post(self, path: str, **kwargs: Any) -> TestResponse:
        return self.call("POST", path, **kwargs)

    def put(self, path: str, **kwargs: Any) -> TestResponse:
        return self.call("PUT", path, **kwargs)

    def patch(self, path: str, **kwargs: Any) -> TestResponse:
        return self.call("PATCH", path, **kwargs)

    def delete(self, path: str, **kwargs: Any) -> TestResponse:
        return self.call("DELETE", path, **kwargs)
