"""`/api/v1/logs`."""

import csv
import io

import pytest

from app.core.audit import audit
from app.core.context import acting
from app.core.ids import new_id


@pytest.fixture
def done(company):
    """Three things that were done, oldest first."""
    with acting(company.actor()):
        for action, changes in (("contact.update", {"name": ["A", "=CMD()"]}), ("contact.delete", {}), ("probe.x", {})):
            audit(action, action.split(".")[0], new_id(), changes)


def actions(answer):
    assert answer.status_code == 200, answer.json
    return [row["action"] for row in answer.json["data"]]


def test_newest_first_and_on_by_cursor(api_client, done):
    api = api_client("admin")
    first = api.get("/logs?limit=2&source=web")
    assert actions(first) == ["probe.x", "contact.delete"]
    rest = api.get(f"/logs?limit=2&source=web&cursor={first.json['next_cursor']}")
    assert actions(rest) == ["contact.update"]
    assert rest.json["next_cursor"] is None


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("action=contact", ["contact.delete", "contact.update"]),
        ("action=contact.update", ["contact.update"]),
        ("action=cont", []),
        ("resource_type=probe", ["probe.x"]),
        ("from=2020-01-01T00:00:00Z&to=2020-02-01T00:00:00Z", []),
        ("from=2020-01-01T00:00:00Z&resource_type=contact", ["contact.delete", "contact.update"]),
    ],
)
def test_filtered(api_client, done, query, found):
    assert actions(api_client("admin").get(f"/logs?{query}")) == found


def test_a_user_is_found_by_id(company, api_client, done):
    assert actions(api_client("admin").get(f"/logs?user_id={company.users['agent']}")) == []


@pytest.mark.parametrize("query", ["cursor=x", "user_id=x", "from=ontem", "limit=0", "source=alguem"])
def test_a_filter_that_makes_no_sense_is_named(api_client, query):
    assert api_client("admin").get(f"/logs?{query}").status_code == 422


def test_a_developer_sees_what_happened_but_nobodys_data(api_client, done):
    row = api_client("developer").get("/logs?action=contact.update").json["data"][0]
    assert (row["changes"], row["ip"], row["user_agent"]) == (None, None, None)
    assert api_client("admin").get("/logs?action=contact.update").json["data"][0]["changes"] == {
        "name": ["A", "=CMD()"]
    }


@pytest.mark.parametrize("role", ["manager", "agent", "viewer"])
def test_others_see_nothing(api_client, role):
    assert api_client(role).get("/logs").status_code == 403
    assert api_client(role).get("/logs/export").status_code == 403


def test_the_file_runs_no_formula_and_leaves_a_trace(api_client, done):
    api = api_client("admin")
    answer = api.get("/logs/export?action=contact")
    rows = list(csv.reader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff")), delimiter=";"))
    assert [row[1] for row in rows[1:]] == ["contact.delete", "contact.update"]
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    assert actions(api.get("/logs?action=logs.export")) == ["logs.export"]


def test_the_page(client_for, api_client, done):
    browser = client_for("developer")
    assert "Nenhum registro ainda" in browser.page("/settings/logs").get_text()
    assert "contact.update" in browser.page("/settings/logs?source=web").get_text()
    file = browser.get("/settings/logs/export?source=web")
    assert (file.status_code, file.mimetype) == (200, "text/csv")
    assert browser.get("/settings/logs?after=x").status_code == 422
    assert client_for("manager").get("/settings/logs").status_code == 403
