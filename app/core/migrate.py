"""Applying migrations from code: `make run`, tests and the command line share it."""

from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig

FOLDER = Path(__file__).resolve().parent.parent.parent / "migrations"


def _config(owner_url: str, app_url: str) -> AlembicConfig:
    config = AlembicConfig(str(FOLDER / "alembic.ini"))
    config.attributes["owner_url"] = owner_url
    config.attributes["app_url"] = app_url
    return config


def upgrade(owner_url: str, app_url: str, revision: str = "head") -> None:
    """Bring the schema to `revision` as the owner, granting to the user of `app_url`."""
    command.upgrade(_config(owner_url, app_url), revision)


def downgrade(owner_url: str, app_url: str, revision: str = "base") -> None:
    command.downgrade(_config(owner_url, app_url), revision)
