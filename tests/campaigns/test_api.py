"""`/api/v1/campaigns` and `/api/v1/dispatches`, as another system calls them."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from app.campaigns import service
from app.core import clock
from app.core.db import transaction
from app.messages.models import Message
from tests.factories import make_contact

SHAPE = {"id", "status", "estimated_recipients", "created_at", "name", "message", "settings", "scheduled_at"}


@pytest.fixture
def body(number):
    people = [make_contact("Ana").id, make_contact("Bia").id]
    return {
        "name": "Pela API",
        "message": "Oi {nome}",
        "contact_ids": [str(one) for one in people],
        "instance_id": str(number.id),
        "settings": {"delay_min_ms": 0, "delay_max_ms": 0, "hours": {"start": "08:00", "end": "20:00", "days": [1, 2]}},
    }


def test_create_launch_follow_and_cancel(api_client, body):
    api = api_client("manager")
    made = api.post("/campaigns", json=body)
    assert made.status_code == 201, made.json
    assert set(made.json) >= SHAPE
    assert (made.json["status"], made.json["estimated_recipients"]) == ("draft", 2)
    path = f"/campaigns/{made.json['id']}"
    texts = api.get(f"{path}/preview").json
    assert sorted(row["text"] for row in texts["data"]) == ["Oi Ana", "Oi Bia"]
    launched = api.post(f"{path}/launch")
    assert (launched.status_code, launched.json["status"], launched.json["total"]) == (200, "sending", 2)
    assert api.post(f"{path}/launch").status_code == 409
    assert api.post(f"{path}/pause").json["status"] == "paused"
    assert api.post(f"{path}/resume").json["status"] == "sending"
    rows = api.get(f"{path}/messages?limit=1").json
    assert (rows["total"], rows["total_pages"], len(rows["data"])) == (2, 2, 1)
    assert set(rows["data"][0]) >= {
        "id", "contact_id", "phone", "status", "text", "error_code", "error_message", "sent_at", "delivered_at", "read_at"
    }  # fmt: skip
    assert api.get(f"{path}/messages?page=2&limit=1").json["data"][0]["id"] != rows["data"][0]["id"]
    assert api.get(f"{path}/preview").json["total"] == 2
    assert api.post(f"{path}/cancel").json["status"] == "cancelled"
    assert api.get(f"{path}/stats").json["cancelled"] == 2


def test_stats_have_the_promised_shape_and_add_up(api_client, draft):
    people = [make_contact() for _ in range(4)]
    ids = [one.id for one in people]
    campaign_id = service.launch(draft(*people).id).id
    with transaction() as session:
        for contact_id, status in zip(ids, ("read", "failed", "unconfirmed", "queued"), strict=True):
            session.execute(
                update(Message)
                .where(Message.campaign_id == campaign_id, Message.contact_id == contact_id)
                .values(status=status)
            )
    answer = api_client("viewer").get(f"/campaigns/{campaign_id}/stats").json
    assert {
        "campaign_id", "status", "total", "queued", "total_sent", "total_delivered", "total_read", "total_replied",
        "total_failed", "unconfirmed", "cancelled", "delivery_rate", "read_rate", "reply_rate", "excluded",
        "estimated_completion",
    } <= set(answer)  # fmt: skip
    parts = ("queued", "total_sent", "total_failed", "unconfirmed", "cancelled")
    assert sum(answer[part] for part in parts) == answer["total"] == 4
    assert (answer["total_sent"], answer["total_delivered"], answer["total_read"]) == (1, 1, 1)
    together = api_client("viewer").get("/dispatches/stats").json
    assert (together["total"], together["total_read"]) == (4, 1)


def test_a_filter_by_status(api_client, draft):
    ana, bia = make_contact("Ana"), make_contact("Bia")
    ana_id = ana.id
    campaign_id = service.launch(draft(ana, bia).id).id
    with transaction() as session:
        session.execute(
            update(Message)
            .where(Message.contact_id == ana_id)
            .values(status="failed", error_code="not_on_whatsapp", failed_at=clock.now())
        )
    api = api_client("admin")
    rows = api.get(f"/campaigns/{campaign_id}/messages?status=failed").json["data"]
    assert [(row["name"], row["error_code"]) for row in rows] == [("Ana", "not_on_whatsapp")]
    assert rows[0]["error_message"]
    dispatches = api.get(f"/dispatches?campaign_id={campaign_id}").json
    assert dispatches["total"] == 2
    assert api.get(f"/dispatches/{rows[0]['id']}").json["status"] == "failed"


def test_scheduling(api_client, body):
    api = api_client("admin")
    at = (clock.now() + timedelta(days=1)).isoformat()
    made = api.post("/campaigns", json={**body, "scheduled_at": at}).json
    assert made["status"] == "scheduled"
    path = f"/campaigns/{made['id']}"
    assert api.post(f"{path}/unschedule").json["status"] == "draft"
    assert api.post(f"{path}/schedule", json={"scheduled_at": at}).json["status"] == "scheduled"
    past = (clock.now() - timedelta(days=1)).isoformat()
    answer = api.post(f"{path}/schedule", json={"scheduled_at": past})
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "scheduled_at")


def test_change_and_delete(api_client, body):
    api = api_client("admin")
    path = f"/campaigns/{api.post('/campaigns', json=body).json['id']}"
    changed = api.patch(path, json={"message": "Outro texto"})
    assert (changed.status_code, changed.json["message"], changed.json["estimated_recipients"]) == (
        200,
        "Outro texto",
        2,
    )
    assert len(api.get("/campaigns?search=pela").json["data"]) == 1
    assert api.delete(path).status_code == 204
    assert api.get(path).status_code == 404


def test_a_test_send(api_client, body):
    api = api_client("admin")
    path = f"/campaigns/{api.post('/campaigns', json=body).json['id']}"
    answer = api.post(f"{path}/test", json={"recipient": "+5511999990000"})
    assert (answer.status_code, answer.json["text"]) == (202, "Oi Ana")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"message": "x" * 5000}, "message"),
        ({"settings": {"delay_min_ms": -5}}, "settings.delay_min_ms"),
        ({"speed": 3}, "speed"),
        ({"instance_id": "00000000-0000-7000-8000-000000000000"}, "instance_ids"),
    ],
)
def test_wrong_bodies_are_explained(api_client, body, change, field):
    answer = api_client("admin").post("/campaigns", json={**body, **change})
    assert answer.status_code == 422
    assert field in [error["field"] for error in answer.json["errors"]]


def test_who_may_not_write_may_read(api_client, body, outsider):
    path = f"/campaigns/{api_client('admin').post('/campaigns', json=body).json['id']}"
    viewer = api_client("viewer")
    assert viewer.get(path).status_code == 200
    assert viewer.post(f"{path}/launch").status_code == 403
    assert viewer.post("/campaigns", json=body).status_code == 403
    assert api_client("developer").get(path).status_code == 403
    assert api_client("admin", outsider).get(path).status_code == 404
