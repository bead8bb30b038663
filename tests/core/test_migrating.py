"""Migrations on a server that people use."""

from contextlib import closing

import psycopg2
import pytest
from psycopg2.errors import LockNotAvailable
from sqlalchemy.exc import DBAPIError

from app.config import psycopg2_url
from app.core import migrate
from tests import servers

NAME = "recado_locked"


@pytest.fixture
def urls(database):
    cluster = servers.shared_cluster()
    yield servers.new_database(cluster, NAME)
    servers.drop_database(cluster, NAME)


def test_one_that_would_wait_for_a_lock_gives_up_and_leaves_everything_as_it_was(urls):
    """Waiting, it would hold up everybody who comes after it."""
    owner, app = psycopg2_url(urls.owner_url), urls.app_url
    migrate.downgrade(owner, app, "0012")
    with closing(psycopg2.connect(urls.owner_url)) as busy, busy.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM alerts")  # a transaction that stays open
        with pytest.raises(DBAPIError) as refused:
            migrate.downgrade(owner, app, "0011")
        assert isinstance(refused.value.orig, LockNotAvailable)
        cursor.execute("SELECT version_num FROM alembic_version")
        assert cursor.fetchone() == ("0012",)
    migrate.upgrade(owner, app)
