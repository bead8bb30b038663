"""The operator's console: `python recado.py users reset-password ana@exemplo.com.br`.

Works beside `make run` (embedded database included) and with the settings of `.env` alike. Exit codes: 0 done, 1 it
could not be done and one line says why, 2 the command was not understood.
"""

import os
import sys

import psycopg2
from flask.cli import ScriptInfo

from app import create_app
from app.config import ConfigError
from app.core.errors import AppError
from app.runtime import console, settings
from app.runtime.failure import Failure


def main(arguments: list[str]) -> None:
    given = settings.load()
    os.environ.update(given.env)
    if arguments and (command := console.COMMANDS.get(arguments[0])):
        command.main(arguments[1:], prog_name=f"recado.py {arguments[0]}", obj=given)
    os.environ.update(console.environment(given))
    app = create_app()
    commands = console.commands(app.cli)
    commands.main(arguments, prog_name="recado.py", obj=ScriptInfo(create_app=lambda: app))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (Failure, ConfigError) as failure:
        sys.exit(f"Recado: {failure}")
    except AppError as error:  # a bucket that is away
        sys.exit(f"Recado: {error.message or type(error).__name__}")
    except psycopg2.Error as error:
        sys.exit(f"Recado: o banco recusou (database): {str(error).strip().splitlines()[0]}")
