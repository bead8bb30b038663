"""The settings of a run that is already up, for commands beside it. Touches and starts nothing."""

from app.runtime import addresses, checks
from app.runtime.backups import cli as backups
from app.runtime.doctor.cli import doctor
from app.runtime.settings import Settings

# Commands that need no running application: they work when it doesn't.
COMMANDS = {str(command.name): command for command in (*backups.COMMANDS, doctor)}


def environment(settings: Settings) -> dict[str, str]:
    """Raises Failure when the database doesn't answer: the embedded one lives only while `make run` does."""
    where = addresses.of(settings)
    env = {**settings.env, "DATABASE_URL": where.database_url, "REDIS_URL": where.redis_url}
    checks.isolated_database(where.database_url)
    return env
