"""The operator's console: `python recado.py users reset-password ana@exemplo.com.br`.

Works beside `make run` (embedded database included) and with the settings of `.env` alike.
"""

import os
import sys

from flask.cli import ScriptInfo

from app import create_app
from app.config import ConfigError
from app.runtime import console, settings
from app.runtime.failure import Failure


def main(arguments: list[str]) -> None:
    os.environ.update(console.environment(settings.load()))
    app = create_app()
    app.cli.main(["recado", *arguments], prog_name="recado.py", obj=ScriptInfo(create_app=lambda: app))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (Failure, ConfigError) as failure:
        sys.exit(f"Recado: {failure}")
