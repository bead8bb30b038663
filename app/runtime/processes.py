"""Finding and ending what an earlier, killed run left behind."""

import contextlib
import os
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil


def living_in(folder: Path) -> list[psutil.Process]:
    """Processes whose working directory is the folder (PostgreSQL's server and its children)."""
    return [process for process in _others() if _same(process, folder)]


def marked(name: str, value: str) -> list[psutil.Process]:
    """Processes that carry an environment variable of ours."""
    return [process for process in _others() if _environment(process).get(name) == value]


def end(found: Iterable[psutil.Process], sign: signal.Signals = signal.SIGTERM, patience: float = 10) -> None:
    """Ask them to stop, wait `patience` seconds, then kill."""
    alive = list(found)
    for process in alive:
        with contextlib.suppress(psutil.Error):
            process.send_signal(sign)
    for process in psutil.wait_procs(alive, timeout=patience)[1]:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=5)


def command(process: psutil.Process) -> str:
    """Its command line; empty when it is gone or not ours to see."""
    try:
        return " ".join(process.cmdline())
    except (psutil.Error, OSError):
        return ""


def _others() -> Iterator[psutil.Process]:
    return (process for process in psutil.process_iter() if process.pid != os.getpid())


def _same(process: psutil.Process, folder: Path) -> bool:
    try:
        return process.cwd() == str(folder)
    except (psutil.Error, OSError):
        return False


def _environment(process: psutil.Process) -> dict[str, str]:
    try:
        return process.environ()
    except (psutil.Error, OSError):
        return {}
