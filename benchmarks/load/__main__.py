"""`python -m benchmarks load [--minutes 10] [--scale 1] [--save docs/load-report.md]`: the load proof.

Smaller and quicker: `--minutes 1 --scale 0.1`. Ends by itself some four minutes after its minutes.
"""

import argparse
import asyncio
import os
import resource
import sys
from pathlib import Path

from app.accounts.service import tokens
from app.core.context import acting
from app.core.db import release
from benchmarks.common import fdatasync_us, stack
from benchmarks.load import paper, people, site
from benchmarks.load.drive import Drive, Found, say
from benchmarks.load.mix import Mix


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks load")
    parser.add_argument("--minutes", type=float, default=10.0, help="of everything together")
    parser.add_argument("--scale", type=float, default=1.0, help="share of the profile")
    parser.add_argument("--save", type=Path, help="write the report to this file, replacing it")
    options = parser.parse_args()
    _allow_many_files()
    found, machine = _run(Mix(options.minutes, options.scale))
    report = paper.write(found, machine)
    print(report)
    if options.save:
        options.save.write_text(report)
    return int(any(count.wrong for count in found.counts))


def _allow_many_files() -> None:
    """A thousand sockets here, and as many at nginx and the web processes, which inherit it."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _run(mix: Mix) -> tuple[Found, str]:
    load = os.getloadavg()[0]
    with stack(site.database_settings()) as servers:
        machine = (
            f"{os.cpu_count()} núcleos, fdatasync de {fdatasync_us(servers.folder):.0f} µs, carga {load:.1f} no começo"
        )
        say(machine)
        with site.standing(servers) as place:
            app = servers.app()
            with app.app_context():
                cast = people.hire(place, mix)
                with acting(cast.shop.actor("admin")):
                    token = tokens.create_token("planilhas").secret
                release()
            with site.working(place):
                found = asyncio.run(Drive(app, place, cast, mix, token).run())
            kept = Path(os.environ.get("LOAD_LOGS") or "")
            if os.environ.get("LOAD_LOGS"):
                _keep_logs(place.folder, kept)
    return found, machine


def _keep_logs(folder: Path, kept: Path) -> None:
    kept.mkdir(exist_ok=True)
    for log in folder.glob("*.log"):
        (kept / log.name).write_bytes(log.read_bytes())


if __name__ == "__main__":
    sys.exit(main())
