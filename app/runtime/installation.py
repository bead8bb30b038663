"""Schema and first admin: what a new or updated installation needs before anybody can sign in.

`python -m app.runtime.installation` does it and prints the lines that the operator has to see. It is a process of its
own because it needs the whole application, and the one that sits in the foreground does not.
"""

import sys

from app import create_app
from app.accounts.setup import ensure_first_admin
from app.config import Config, ConfigError
from app.core import migrate


def bring_up_to_date(config: Config) -> list[str]:
    """The first admin's made-up password is told here and nowhere else."""
    migrate.upgrade(config.migration_database_url, config.database_url)
    with create_app(config).app_context():
        admin = ensure_first_admin()
    if admin is None:
        return []
    return [f"primeiro acesso (first admin): {admin.email}  senha (password): {admin.password}"]


if __name__ == "__main__":
    try:
        print("\n".join(bring_up_to_date(Config.from_env())))
    except ConfigError as error:
        sys.exit(str(error))
