"""The settings of a run that is already up, for commands beside it. Touches and starts nothing."""

from app.runtime import checks, postgres
from app.runtime.backups import cli as backups
from app.runtime.folders import socket_folder
from app.runtime.settings import Settings
from app.runtime.valkey import Cache

# Commands that need no running application: they work when it doesn't.
COMMANDS = {str(command.name): command for command in backups.COMMANDS}


def environment(settings: Settings) -> dict[str, str]:
    """Raises Failure when the database doesn't answer: the embedded one lives only while `make run` does."""
    env = dict(settings.env)
    sockets = socket_folder(settings.data)
    cluster = postgres.Cluster(settings.data / f"pg{postgres.major()}", sockets)
    env.setdefault("DATABASE_URL", cluster.app_url)
    env.setdefault("REDIS_URL", Cache(settings.data / "valkey", sockets / "valkey.sock").url)
    checks.isolated_database(env["DATABASE_URL"])
    return env
