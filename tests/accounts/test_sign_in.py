"""Signing in and out, in the browser."""

from tests.factories import PASSWORD


def test_the_right_password_opens_a_session(client, company):
    answer = client.submit("/login", {"email": company.emails["agent"], "password": PASSWORD})
    assert answer.status_code == 303
    assert answer.location == "/"


def test_a_wrong_password_stays_at_the_door(client, company):
    answer = client.submit("/login", {"email": company.emails["agent"], "password": "errada"})
    assert answer.status_code == 401
