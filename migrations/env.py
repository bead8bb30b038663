"""Alembic's environment: runs as the owner (MIGRATION_DATABASE_URL), grants to DATABASE_URL's user."""

import os
import sys
from pathlib import Path

from alembic import context
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.config import psycopg2_url

config = context.config


def _urls() -> tuple[str, str]:
    app_url = config.attributes.get("app_url") or os.environ.get("DATABASE_URL", "")
    owner_url = config.attributes.get("owner_url") or os.environ.get("MIGRATION_DATABASE_URL", "")
    if not app_url or not owner_url:
        raise SystemExit("migrations need MIGRATION_DATABASE_URL (the owner) and DATABASE_URL (the application)")
    return psycopg2_url(owner_url), psycopg2_url(app_url)


def run() -> None:
    owner_url, app_url = _urls()
    config.attributes["app_role"] = make_url(app_url).username
    engine = create_engine(owner_url, connect_args={"application_name": "recado-migrate"})
    with engine.connect() as connection:
        connection.exec_driver_sql("SET lock_timeout = '5s'")
        connection.commit()
        context.configure(connection=connection, target_metadata=None, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


run()
