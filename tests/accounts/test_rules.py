"""Decisions about people that need no database."""

import pytest

from app.accounts.rules import device, is_email, password_problem, slug

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/156.0 Safari/537.36 Edg/156.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 20_0 like Mac OS X) AppleWebKit/605 Version/20.0 Mobile/15E148 Safari/604.1"


@pytest.mark.parametrize(
    ("agent", "name"),
    [(CHROME, "Chrome · Linux"), (EDGE, "Edge · Windows"), (PHONE, "Safari · iPhone"), ("curl/8.0", ""), (None, "")],
)
def test_devices_are_named_as_people_call_them(agent, name):
    assert device(agent) == name


@pytest.mark.parametrize(
    "address",
    ["ana@exemplo.com.br", "a.b+c@exemplo.com", "admin@recado.local", "admin@recado.test", "admin@localhost"],
)
def test_addresses_that_will_do(address):
    assert is_email(address)


@pytest.mark.parametrize(
    "address",
    ["", "ana", "ana@", "@exemplo.com", "a b@exemplo.com", "a@b\r\nBcc: x@y.com", "a b@recado.local", "a@b_c.test"],
)
def test_addresses_that_will_not(address):
    assert not is_email(address)


def test_passwords_are_measured_in_what_bcrypt_reads():
    assert password_problem("1234567") == "short"
    assert password_problem("a" * 72) is None
    assert password_problem("a" * 73) == "long"
    assert password_problem("á" * 37) == "long"
    assert password_problem("fulano.silva", "fulano.silva@exemplo.com.br") == "same_as_email"


def test_companies_get_plain_addresses():
    assert slug("Padaria do Zé & Cia.") == "padaria-do-ze-cia"
    assert slug("日本") == "empresa"
