"""Who may listen, and to what."""

import contextvars
import json
from dataclasses import replace

import pytest
from flask_socketio import SocketIO
from sqlalchemy import text

from app.accounts import sockets
from app.accounts.service import sessions, team
from app.core import background, realtime
from app.core.context import acting
from app.core.db import transaction
from app.factory import create_app, serve_sockets


@pytest.fixture
def server(app):
    made = SocketIO(app, async_mode="threading", manage_session=False)
    sockets.register(made, app)
    yield made
    app.extensions.pop("socketio")


@pytest.fixture
def listen(server, app):
    """A connected test client, or None when refused; each in a context of its own."""

    def connect(browser=None, **auth):
        made = contextvars.Context().run(
            server.test_client, app, flask_test_client=browser or app.test_client(), auth=auth or None
        )
        return made if made.is_connected() else None

    return connect


def heard(server, listener, room):
    server.emit("whatsapp:qr", {"id": "1"}, to=room)
    return [message["name"] for message in listener.get_received()] == ["whatsapp:qr"]


def test_a_signed_in_browser_hears_its_company(listen, server, client_for, company, outsider):
    listener = listen(client_for("agent"))
    assert heard(server, listener, realtime.tenant_room(company.tenant_id))
    assert heard(server, listener, realtime.user_room(company.users["agent"]))
    assert not heard(server, listener, realtime.tenant_room(outsider.tenant_id))
    assert not heard(server, listener, realtime.user_room(company.users["admin"]))


def test_a_program_with_a_jwt_hears_it_too(listen, server, api_client, company):
    listener = listen(token=api_client("viewer").token)
    assert heard(server, listener, realtime.tenant_room(company.tenant_id))


@pytest.mark.parametrize(("role", "hears"), [("admin", True), ("manager", True), ("agent", False), ("viewer", False)])
def test_qr_codes_go_to_those_who_may_connect(listen, server, client_for, company, role, hears):
    listener = listen(client_for(role))
    assert heard(server, listener, realtime.permission_room(company.tenant_id, "instances.connect")) is hears


@pytest.mark.parametrize("auth", [{}, {"token": "a.b.c"}, {"token": ""}, {"token": 7}, {"token": {"a": 1}}])
def test_strangers_are_refused(listen, auth):
    assert listen(**auth) is None


def test_a_signed_out_browser_is_refused(listen, client_for):
    browser = client_for("agent")
    browser.submit("/logout")
    assert listen(browser) is None


def test_a_flood_of_connections_is_held_back(listen, client_for, monkeypatch):
    monkeypatch.setattr(sockets, "CONNECT_RATE", "2 per minute")
    browser = client_for("agent")
    assert [listen(browser) is not None for _ in range(3)] == [True, True, False]


def test_behind_a_proxy_each_browser_counts_by_its_own_address(config, redis_url, monkeypatch):
    """Else a thousand people who come back after a restart would be one address, and most of them refused."""
    monkeypatch.setattr(realtime, "_server", None)
    behind = create_app(replace(config, trusted_proxies=1))
    serve_sockets(behind, async_mode="threading")
    path, headers = "/socket.io/?EIO=4&transport=polling", {"X-Forwarded-For": "203.0.113.9"}
    opened = behind.test_client().get(path, headers=headers)
    sid = json.loads(opened.data[1:])["sid"]
    behind.test_client().post(f"{path}&sid={sid}", data="40", headers=headers)
    behind.test_client().get(f"{path}&sid={sid}", headers=headers)  # answered once the connection was decided on
    assert background.redis().keys("throttle:socket:*") == [b"throttle:socket:203.0.113.9"]


def test_a_socket_closes_when_its_session_is_revoked(listen, server, app, client_for):
    browser, other = client_for("agent"), client_for("admin")
    leaving, staying = listen(browser), listen(other)
    browser.submit("/logout")
    sockets.recheck(server)
    assert (leaving.is_connected(), staying.is_connected()) == (False, True)


def test_a_socket_closes_when_its_person_may_hear_something_else(listen, server, client_for, company):
    listener = listen(client_for("manager"))
    with acting(company.actor()), transaction() as session:
        session.execute(text("UPDATE users SET role = 'viewer' WHERE role = 'manager'"))
    sockets.recheck(server)
    assert not listener.is_connected()


def test_a_socket_of_a_signed_out_program_closes(listen, server, api_client):
    program = api_client("agent")
    listener = listen(token=program.token)
    program.post("/auth/logout")
    sockets.recheck(server)
    assert not listener.is_connected()


class _Seconds:
    """A server whose seconds pass at once; `at` says what happens in which of them."""

    def __init__(self, until, **at):
        self.now, self.until, self.at = 0, until, at

    def sleep(self, seconds):
        self.now += seconds
        self.at.get(f"s{self.now}", lambda: None)()
        if self.now > self.until:
            raise StopIteration


def test_sockets_are_looked_at_the_moment_somebodys_sessions_end(ctx, company, monkeypatch):
    looks = []
    with acting(company.actor()):
        seconds = _Seconds(12, s4=lambda: sessions.ring(), s9=lambda: team.deactivate(company.users["agent"]))
        monkeypatch.setattr(sockets, "recheck", lambda _server: looks.append(seconds.now))
        with pytest.raises(StopIteration):
            sockets._keep_checking(seconds, ctx)
    assert looks == [4, 9]


def test_without_redis_sockets_are_looked_at_every_half_minute(ctx, without_redis, monkeypatch):
    looks = []
    seconds = _Seconds(65)
    monkeypatch.setattr(sockets, "recheck", lambda _server: looks.append(seconds.now))
    with pytest.raises(StopIteration):
        sockets._keep_checking(seconds, ctx)
    assert looks == [30, 60]
