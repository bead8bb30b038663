"""A worker process: `python worker.py QUEUE [QUEUE…]`, or `python worker.py cron`.

`send-2` is one more worker of the queue `send`: the name tells them apart, for `ps` and for units.
"""

import sys
from dataclasses import replace
from pathlib import Path

from dotenv import load_dotenv

from app import create_app
from app.config import Config, ConfigError
from app.core import background, logs, realtime, reporting
from app.runtime import checks, connections, cron, memory, systemd, workers
from app.runtime.failure import Failure
from app.runtime.valkey import wait_until_ready

CRON = "cron"


def main(named: list[str]) -> None:
    names = [name.partition("-")[0] for name in named]
    unknown = [name for name in names if name not in background.QUEUES]
    if not names or (unknown and names != [CRON]):
        raise Failure(f"uso: worker.py cron | FILA… (queues: {', '.join(background.QUEUES)})")
    config = replace(Config.from_env(), sql_pool_size=max(map(connections.pool_of, names)))
    reporting.configure(config.sentry_dsn)
    wait_until_ready(config.redis_url)
    checks.isolated_database(config.database_url)
    realtime.connect_emitter(config.redis_url)
    with create_app(config).app_context():
        memory.freeze()
        systemd.ready()
        if names == [CRON]:
            _keep_time(config)
        else:
            workers.run(names, config.redis_url, config.worker_memory_mb)


def _keep_time(config: Config) -> None:
    clockwork = cron.Clockwork(
        background.redis(), background.SCHEDULE, lambda name, window: background.nudge(name, window)
    )
    cron.run(config.database_url, clockwork, background.QUEUES)


if __name__ == "__main__":
    load_dotenv(Path(__file__).with_name(".env"))
    logs.configure()
    try:
        main(sys.argv[1:])
    except (Failure, ConfigError) as failure:
        sys.exit(f"Recado: {failure}")
