"""Schema and first admin: what a new or updated installation needs before anybody can sign in."""

from app import create_app
from app.accounts.setup import ensure_first_admin
from app.config import Config
from app.core import migrate


def bring_up_to_date() -> list[str]:
    """Lines for the operator; the first admin's made-up password is told here and nowhere else."""
    config = Config.from_env()
    migrate.upgrade(config.migration_database_url, config.database_url)
    with create_app(config).app_context():
        made = ensure_first_admin()
    if made is None:
        return []
    return [f"primeiro acesso (first admin): {made.email}  senha (password): {made.password}"]
