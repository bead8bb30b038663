"""What nobody will ask for again is forgotten; what is in use stays."""

from sqlalchemy import text

from app.accounts.jobs import purge_expired
from app.core.context import acting
from app.core.db import transaction


def counts(company):
    with acting(company.actor()), transaction() as session:
        tables = ("sessions", "refresh_tokens", "idempotency_keys")
        return [session.scalar(text(f"SELECT count(*) FROM {table}")) for table in tables]


def test_old_rows_go_and_living_ones_stay(company, client_for, api_client):
    client_for("agent")
    client_for("admin")
    program = api_client("agent")
    program.post("/auth/logout", headers={"Idempotency-Key": "k"})
    api_client("admin")
    assert counts(company) == [2, 2, 1]
    with acting(company.actor()), transaction() as session:
        session.execute(
            text("UPDATE sessions SET revoked_at = now() - interval '31 days' WHERE user_id = :u"),
            {"u": company.users["agent"]},
        )
        session.execute(
            text("UPDATE refresh_tokens SET expires_at = now() - interval '31 days' WHERE user_id = :u"),
            {"u": company.users["agent"]},
        )
        session.execute(text("UPDATE idempotency_keys SET created_at = now() - interval '3 days'"))
    purge_expired()
    assert counts(company) == [1, 1, 0]
