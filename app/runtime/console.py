"""The settings of a run that is already up, for commands beside it. Touches and starts nothing."""

import click

from app.runtime import addresses, checks
from app.runtime.backups import cli as backups
from app.runtime.doctor.cli import doctor
from app.runtime.settings import Settings

# Commands that need no running application: they work when it doesn't.
COMMANDS = {str(command.name): command for command in (*backups.COMMANDS, doctor)}


def commands(doors: click.Group) -> click.Group:
    """Those of the features and ours, without Flask's own: what `--help` prints."""
    group = click.Group("recado", help="Recado, from the operator's side.")
    inside = doors.commands["recado"]
    assert isinstance(inside, click.Group)
    flasks = {"run", "shell", "routes", "db", inside.name}
    named = {name: command for name, command in doors.commands.items() if name not in flasks}
    for name, command in {**named, **inside.commands, **COMMANDS}.items():
        group.add_command(command, name)
    return group


def environment(settings: Settings) -> dict[str, str]:
    """Raises Failure when the database doesn't answer: the embedded one lives only while `make run` does."""
    where = addresses.of(settings)
    env = {**settings.env, "DATABASE_URL": where.database_url, "REDIS_URL": where.redis_url}
    checks.isolated_database(where.database_url)
    return env
