"""A worker with faults in it, as a library or we might bring: `python -m tests.drills.ill_worker QUEUE`.

* An event with one of the words below raises, or ends the process as a crash in a library would.
* LEAK_MB: so much memory is never given back, per call of the parser.
"""

import os
import signal
import sys

import worker
from app.core import logs
from app.gateways.evolution import EvolutionGateway

CRASHES, RAISES = b"veneno-que-mata", b"veneno-que-levanta"
_sound = EvolutionGateway.parse_webhook
_leaked: list[bytes] = []


def parse(body: bytes) -> list[object]:
    _leaked.append(os.urandom(int(float(os.environ.get("LEAK_MB", "0")) * 2**20)))
    if CRASHES in body:
        os.kill(os.getpid(), signal.SIGKILL)
    if RAISES in body:
        raise RuntimeError("este evento não se lê")
    return list(_sound(body))


if __name__ == "__main__":
    EvolutionGateway.parse_webhook = staticmethod(parse)  # type: ignore[method-assign, assignment]
    logs.configure()
    worker.main(sys.argv[1:])
