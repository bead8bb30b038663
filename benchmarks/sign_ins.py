"""Goal 13: what a cheap request waits while ten people sign in at once, against the same request on an idle server."""

import asyncio
import http.cookiejar
import re
import threading
import urllib.parse
import urllib.request

from sqlalchemy import text

from app.core.context import acting
from app.core.db import transaction
from app.core.hashing import hash_password
from benchmarks.common import Stack, percentile, web
from benchmarks.report import Row, interleave, main
from benchmarks.wire import get, open_loop
from tests.factories import make_company

PEOPLE = 10
RATE, SECONDS = 50.0, 2.5
PASSWORD = "uma-senha-comprida"


def run(stack: Stack, rounds: int) -> list[Row]:
    with stack.app().app_context():
        emails = [_person() for _ in range(PEOPLE)]
    with web(stack) as port:
        _wait(port)
        pair = interleave(lambda: _during(port, emails), lambda: _wait(port), rounds)
    figure, limit = f"p95 {pair.our_median * 1000:.1f} ms", f"{pair.limit_median * 1000:.1f} ms"
    return [Row("13 during ten sign-ins", figure, limit, pair.ratio, 4.0, is_ceiling=True)]


def _person() -> str:
    """With a password of the real cost."""
    company = make_company()
    with acting(company.system), transaction() as session:
        session.execute(
            text("UPDATE users SET password_hash = :hash WHERE id = :id"),
            {"hash": hash_password(PASSWORD), "id": company.users["admin"]},
        )
    return company.emails["admin"]


def _wait(port: int) -> float:
    """p95 of a page that costs next to nothing, in seconds, one every 20 ms."""
    count = int(RATE * SECONDS)
    answers = asyncio.run(open_loop(port, [get("/favicon.ico")] * count, rate=RATE, connections=8))
    if len(answers.waits) < count:
        raise AssertionError(f"{count - len(answers.waits)} requests without an answer")
    return percentile(answers.waits, 0.95)


def _during(port: int, emails: list[str]) -> float:
    browsers = [_Browser(port) for _ in emails]
    threads = [
        threading.Thread(target=browser.sign_in, args=(email,)) for browser, email in zip(browsers, emails, strict=True)
    ]
    starter = threading.Timer(0.4, lambda: [thread.start() for thread in threads])
    starter.start()
    waited = _wait(port)
    starter.join()
    for thread in threads:
        thread.join()
    if not all(browser.is_in for browser in browsers):
        raise AssertionError("somebody did not get in")
    return waited


class _Browser:
    """Has the form open before the clock starts."""

    def __init__(self, port: int) -> None:
        self._base, self.is_in = f"http://127.0.0.1:{port}", False
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(cookies)
        page = self._opener.open(f"{self._base}/login", timeout=30).read().decode()
        found = re.search(r'name="csrf-token" content="([^"]+)"', page)
        assert found, "the form has no token"
        self._token = found[1]

    def sign_in(self, email: str) -> None:
        form = {"csrf_token": self._token, "email": email, "password": PASSWORD}
        answer = self._opener.open(f"{self._base}/login", urllib.parse.urlencode(form).encode(), timeout=30)
        self.is_in = answer.status == 200 and not answer.url.endswith("/login")


if __name__ == "__main__":
    main(run)
