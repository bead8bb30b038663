"""No session keeps the database waiting for ever, and no page waits for it for ever."""

from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.config import Config, ConfigError
from app.core.db import read_session, release
from app.factory import create_app


def _asked(config: Config, name: str) -> str:
    with create_app(config).app_context():
        found = read_session().execute(text(f"SHOW {name}")).scalar_one()
        release()
    return str(found)


def test_sessions_that_go_silent_are_ended_and_jobs_may_take_their_time(config):
    assert _asked(config, "idle_in_transaction_session_timeout") == "1min"
    assert _asked(config, "statement_timeout") == "0"


def test_a_page_gives_up_before_nginx_does(config):
    assert _asked(config.for_pages({}), "statement_timeout") == "1min"
    assert _asked(config.for_pages({"SQL_STATEMENT_SECONDS": "0"}), "statement_timeout") == "0"


def test_what_is_no_number_is_refused_in_one_line(config):
    with pytest.raises(ConfigError, match="SQL_STATEMENT_SECONDS"):
        config.for_pages({"SQL_STATEMENT_SECONDS": "um minuto"})


def test_a_statement_that_takes_too_long_ends(config):
    with create_app(replace(config, sql_statement_seconds=1)).app_context():
        with pytest.raises(OperationalError, match="statement timeout"):
            read_session().execute(text("SELECT pg_sleep(300)"))
        release()
