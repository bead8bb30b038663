"""Who guesses passwords, and who must not suffer for it."""

from dataclasses import replace

import pytest

from app.accounts.service import sessions
from app.accounts.service.sessions import FROM_EVERYWHERE, Client
from app.core import throttle
from app.core.errors import Unauthorized
from tests.factories import PASSWORD

RATE = "5 per 15 minutes"


def guess(company, address, password="errada-123", role="agent", device=None):
    client = Client(address, "Firefox/130", device)
    return sessions.check_credentials(company.emails[role], password, client, RATE)


def wrongly(company, address, **more):
    with pytest.raises(Unauthorized):
        guess(company, address, **more)


def test_a_stranger_elsewhere_locks_nobody_out(company):
    for n in range(20):
        for _ in range(5):
            wrongly(company, f"203.0.113.{n}")
    assert guess(company, "198.51.100.7", PASSWORD).role == "agent"


def test_a_stranger_in_the_same_office_locks_no_known_browser_out(company):
    """One address for the whole office: a browser the person used before is counted by itself."""
    client = Client("198.51.100.7", "Firefox/130", "d" * 40)
    sessions.open_session(guess(company, "198.51.100.7", PASSWORD), client)
    for _ in range(5):
        wrongly(company, "198.51.100.7")
    with pytest.raises(sessions.TooManyTries):
        guess(company, "198.51.100.7", PASSWORD)
    assert guess(company, "198.51.100.7", PASSWORD, device="d" * 40).role == "agent"


def test_a_known_browser_may_not_guess_without_end_either(company):
    sessions.open_session(guess(company, "198.51.100.7", PASSWORD), Client("198.51.100.7", "x", "d" * 40))
    for _ in range(5):
        wrongly(company, "198.51.100.7", device="d" * 40)
    with pytest.raises(sessions.TooManyTries):
        guess(company, "198.51.100.7", PASSWORD, device="d" * 40)


def test_somebody_elses_known_browser_is_a_stranger(company):
    """The cookie counts for the person it was given to, and for nobody else."""
    sessions.open_session(guess(company, "198.51.100.7", PASSWORD, role="viewer"), Client("1", "x", "d" * 40))
    for _ in range(5):
        wrongly(company, "198.51.100.7", role="admin", device="d" * 40)
    with pytest.raises(sessions.TooManyTries):
        guess(company, "198.51.100.7", PASSWORD, role="manager", device="d" * 40)


def test_guesses_from_everywhere_bring_the_owner_one_letter(company, mailbox, audited):
    for n in range(int(FROM_EVERYWHERE.split()[0]) + 5):
        wrongly(company, f"203.0.113.{n}")
    subjects = [row["subject"] for row in mailbox.collect()]
    assert subjects == ["Alguém está tentando entrar na sua conta do Recado"]
    assert len(audited("auth.many_tries", company.tenant_id)) == 1
    assert guess(company, "198.51.100.7", PASSWORD).role == "agent"


def test_guesses_at_an_unknown_address_leave_the_same_and_no_letter(company, mailbox):
    nobody = replace(company, emails={"agent": "ninguem@exemplo.com.br"})
    for n in range(int(FROM_EVERYWHERE.split()[0]) + 5):
        wrongly(nobody, f"203.0.113.{n}")
    assert mailbox.collect() == []


def test_both_kinds_of_address_cost_the_same_work(company, monkeypatch):
    """What takes time (the hash, the queries) happens alike; a clock would only measure the machine."""
    done = []
    for name in ("check_password",):
        real = getattr(sessions, name)
        monkeypatch.setattr(sessions, name, lambda *args, real=real: (done.append("hash"), real(*args))[1])
    real_known = sessions.devices.is_known
    monkeypatch.setattr(sessions.devices, "is_known", lambda *args: (done.append("device"), real_known(*args))[1])
    trails = []
    for email in (company.emails["agent"], "ninguem@exemplo.com.br"):
        done.clear()
        with pytest.raises(Unauthorized) as refused:
            sessions.check_credentials(email, "errada-123", Client("203.0.113.1", "x", "d" * 40), RATE)
        trails.append((list(done), str(refused.value.message)))
    assert trails[0] == trails[1]


def test_a_new_device_is_told_and_a_known_one_is_not(app, company, mailbox):
    first = app.test_client()
    fields = {"email": company.emails["agent"], "password": PASSWORD}
    first.submit("/login", fields)
    assert mailbox.collect() == []  # the very first one
    first.submit("/logout")
    first.submit("/login", fields)
    assert mailbox.collect() == []  # the same browser
    app.test_client().submit("/login", fields)
    letters = mailbox.collect()
    assert [row["subject"] for row in letters] == ["Entraram na sua conta do Recado por um aparelho novo"]
    assert "127.0.0.1" in letters[0]["text"]


def test_the_device_cookie_is_kept_from_scripts_and_says_nothing(client, company):
    answer = client.submit("/login", {"email": company.emails["agent"], "password": PASSWORD})
    cookie = next(value for value in answer.headers.getlist("Set-Cookie") if value.startswith("recado_device="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert str(company.users["agent"]) not in cookie


def test_the_cookies_are_secure_behind_tls(client, company, app):
    app.config["SESSION_COOKIE_SECURE"] = True
    try:
        base = "https://recado.exemplo.com.br"
        page = client.get("/login", base_url=base).get_data(as_text=True)
        token = page.split('name="csrf-token" content="')[1].split('"')[0]
        fields = {"email": company.emails["agent"], "password": PASSWORD, "csrf_token": token}
        answer = client.post("/login", data=fields, base_url=base, headers={"Referer": f"{base}/login"})
        cookies = [value for value in answer.headers.getlist("Set-Cookie") if value.startswith("recado")]
        assert answer.status_code == 303
        assert len(cookies) >= 2
        assert all("Secure" in value for value in cookies)
    finally:
        app.config["SESSION_COOKIE_SECURE"] = False


def test_a_line_break_in_an_address_writes_no_second_line(client, company, caplog, audited):
    client.submit("/login", {"email": "a@b.com\r\nlevel=error forged", "password": "x"})
    client.submit("/login", {"email": "a@b.com%0d%0aSet-Cookie: x=1", "password": "x"})
    assert all("\n" not in record.getMessage() for record in caplog.records if "forged" in record.getMessage())
    assert all("\n" not in (row.changes["email"]) for row in audited("auth.failed"))


def test_one_own_session_ends_and_no_other(client_for, company):
    here, there = client_for("agent"), client_for("agent")
    page = here.page("/settings/security")
    here.submit(page.select_one("form[action$='/end']")["action"])
    assert (here.get("/settings/profile").status_code, there.get("/settings/profile").status_code) == (200, 302)
    other = client_for("viewer")
    mine = other.page("/settings/security")
    assert mine.select_one("form[action$='/end']") is None


def test_another_persons_session_is_not_mine_to_end(client_for, company, belongings):
    browser = client_for("viewer")
    assert browser.submit(f"/settings/security/sessions/{belongings['session_id']}/end").status_code == 404


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("12345678", "dez senhas mais usadas"),
        ("qwertyuiop", "senhas mais usadas"),
        ("aaaaaaaaaaaa", "Repetições"),
        ("abcdefghijk", "fáceis de adivinhar"),
        ("minhasenha", "fácil de adivinhar"),
        ("19/11/1985", "Datas"),
    ],
)
def test_weak_passwords_are_refused_in_portuguese(client_for, password, words):
    fields = {"current": PASSWORD, "new": password, "again": password}
    answer = client_for("agent").submit("/settings/profile/password", fields)
    assert answer.status_code == 422
    assert words in answer.get_data(as_text=True)


def test_the_own_name_and_company_make_no_password(client_for):
    answer = client_for("agent").submit(
        "/settings/profile/password", {"current": PASSWORD, "new": "Agent-2026", "again": "Agent-2026"}
    )
    assert answer.status_code == 422


def test_guessing_the_current_password_of_an_open_session_ends(client_for):
    browser = client_for("agent")
    fields = {"current": "errada-123", "new": "girafa-azul-de-patins", "again": "girafa-azul-de-patins"}
    statuses = [browser.submit("/settings/profile/password", fields).status_code for _ in range(11)]
    assert statuses == [422] * 10 + [429]


def test_counting_needs_no_redis(company, without_redis):
    throttle._memory.clear()
    for _ in range(5):
        wrongly(company, "203.0.113.1")
    with pytest.raises(sessions.TooManyTries):
        guess(company, "203.0.113.1", PASSWORD)
