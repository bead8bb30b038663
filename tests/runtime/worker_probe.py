"""A worker as `worker.py` runs it, with jobs of the tests: `python -m tests.runtime.worker_probe QUEUE`."""

import os
import sys
import time
from pathlib import Path

from flask import Flask

from app.config import Config
from app.core import background
from app.extensions import db
from app.runtime import workers


def note(what: str) -> None:
    with Path(os.environ["JOURNAL"]).open("a") as journal:
        journal.write(f"{what} {os.getpid()}\n")


@background.job("probe.note", queue="send")
def note_it() -> None:
    note("noted")


def _until_shutdown() -> None:
    note("began")
    for _ in range(600):
        if background.shutdown_requested():
            note("asked to leave")
            return
        time.sleep(0.05)
    note("never asked")


@background.job("probe.leak", queue="send", timeout=60)
def leak() -> None:
    kept = bytearray(400 * 2**20)
    kept[::4096] = b"x" * len(kept[::4096])
    _until_shutdown()


background.job("probe.shift", queue="send", timeout=60)(_until_shutdown)
background.job("probe.import", queue="bulk", timeout=60)(_until_shutdown)


def bare_app(config: Config) -> Flask:
    """Database and queues, without the features."""
    app = Flask(__name__)
    app.config.update(config.flask())
    db.init_app(app)
    background.connect(config.redis_url)
    return app


if __name__ == "__main__":
    settings = Config.from_env()
    with bare_app(settings).app_context():
        workers.run(sys.argv[1:], settings.redis_url, int(os.environ.get("MEMORY_MB", "0")))
