"""Counters and clocks that Prometheus reads, of every process together.

With PROMETHEUS_MULTIPROC_DIR set each process writes its own files there, and whoever is asked adds them up; without it
(tests, a console) the figures are this process's alone.
"""

import contextlib
import os
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
registry = CollectorRegistry()
_LONG = (0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)

requests = Counter("recado_http_requests", "Requests answered", ["endpoint", "method", "status"], registry=registry)
request_seconds = Histogram("recado_http_request_seconds", "Time to answer", ["endpoint"], registry=registry)
sockets = Gauge("recado_sockets", "Open sockets of browsers", multiprocess_mode="livesum", registry=registry)
job_seconds = Histogram("recado_job_seconds", "Time of jobs", ["job"], buckets=_LONG, registry=registry)
job_wait = Histogram("recado_job_wait_seconds", "From asked for to begun", ["queue"], buckets=_LONG, registry=registry)
jobs_failed = Counter("recado_jobs_failed", "Jobs that raised", ["job"], registry=registry)
sends = Counter("recado_sends", "Calls to a gateway by what became of them", ["outcome"], registry=registry)

sends_unreached = Counter("recado_sends_unreached", "Calls that reached no gateway, or no answer", registry=registry)
send_seconds = Histogram(
    "recado_send_seconds", "From the go of a message to the gateway's answer", buckets=_LONG, registry=registry
)
pool_used = Gauge(
    "recado_pool_used", "Database connections in use, by process", multiprocess_mode="livesum", registry=registry
)
pool_size = Gauge("recado_pool_size", "Database connections allowed", multiprocess_mode="livesum", registry=registry)


def exposition(*collectors: Collector) -> bytes:
    """Everything, with what the collectors find at this moment."""
    found = registry
    if folder := os.environ.get(FOLDER):
        _forget_the_dead(Path(folder))
        found = CollectorRegistry()
        MultiProcessCollector(found)
    asked = CollectorRegistry()
    for collector in collectors:
        asked.register(collector)
    return bytes(generate_latest(found) + generate_latest(asked))


def _forget_the_dead(folder: Path) -> None:
    """A killed process still "has" its sockets. What it counted stays: counters don't go back."""
    for file in folder.glob("gauge_live*_*.db"):
        number = file.stem.rsplit("_", 1)[-1]
        if number.isdecimal() and not Path(f"/proc/{number}").exists():
            with contextlib.suppress(OSError):
                mark_process_dead(int(number), str(folder))
