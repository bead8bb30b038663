"""The web process: `python wsgi.py`."""

from app import green

green.patch()  # before anything else is imported

import errno  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import Any  # noqa: E402

from dotenv import load_dotenv  # noqa: E402

from app.config import Config, ConfigError  # noqa: E402
from app.core import logs, reporting  # noqa: E402
from app.factory import create_app, serve_sockets  # noqa: E402
from app.runtime import checks, memory, systemd  # noqa: E402
from app.runtime.failure import Failure  # noqa: E402


def main() -> None:
    config = Config.from_env().for_pages()
    reporting.configure(config.sentry_dsn)
    listener = _listener(config)
    checks.isolated_database(config.database_url)
    app = create_app(config)
    serve_sockets(app, async_mode=green.ASYNC_MODE)
    memory.freeze()
    systemd.ready()
    green.serve(app, listener)


def _listener(config: Config) -> Any:
    if systemd.has_socket():
        return green.inherit(systemd.FIRST_SOCKET)
    try:
        return green.listen(config.host, config.port)
    except OSError as error:
        reason = "ocupada (port in use)" if error.errno == errno.EADDRINUSE else f"indisponível ({error})"
        raise Failure(f"Porta {config.port} {reason}: feche o outro programa ou defina PORT") from error


if __name__ == "__main__":
    load_dotenv(Path(__file__).with_name(".env"))
    logs.configure()
    try:
        main()
    except (Failure, ConfigError) as failure:
        sys.exit(f"Recado: {failure}")
