"""`make run`: everything up, one address, one Ctrl-C."""

import contextlib
import shutil
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

from app.core import prometheus
from app.runtime import backing as backings
from app.runtime import checks, installed, lock, programs, supervisor
from app.runtime.backing import Backing
from app.runtime.failure import Failure
from app.runtime.folders import private_folder, socket_folder
from app.runtime.programs import APP
from app.runtime.settings import Settings
from app.runtime.supervisor import Supervisor

WEB_SECONDS = 60.0
WATCH_SECONDS = 1.0


def run(settings: Settings) -> None:
    """Until SIGINT, SIGTERM or SIGHUP. Raises Failure with the one line that says why it can't."""
    with contextlib.closing(lock.take(settings.data)), _interruptible():
        left = supervisor.clear(str(settings.data))
        if left:
            say(f"{left} processos de uma execução interrompida foram encerrados (leftovers stopped)")
        checks.free_space(settings.data)
        checks.free_port(settings.host, settings.port)
        backing = backings.prepare(settings)
        with _supervised(settings, backing) as keeper:
            _bring_up(settings, backing, keeper)
            _watch(keeper, settings)


def say(line: str) -> None:
    print(f"Recado: {line}", flush=True)


def _bring_up(settings: Settings, backing: Backing, keeper: Supervisor) -> None:
    for wait in backing.ready:
        wait()
    for line in installed.ensure(backing.env, backing.stamp):
        say(line)
    # The page first: the processes take the processors from each other while they start.
    keeper.start(f"{APP}:web")
    _wait_for_web(settings, keeper)
    keeper.start_group(APP)
    if backing.simulator is not None:
        say(f"WhatsApp simulado em {backing.env['EVOLUTION_API_URL']} (simulator; nothing is really sent)")
    say(f"registros em {_logs(settings)} (logs); Ctrl-C encerra")
    say(settings.address)


@contextlib.contextmanager
def _supervised(settings: Settings, backing: Backing) -> Iterator[Supervisor]:
    """A supervisor with the servers up; whatever happens, nothing stays behind."""
    control = socket_folder(settings.data) / "supervisor.sock"
    logs = _logs(settings)
    file = settings.data / "supervisord.conf"
    everything = [*backing.servers, *programs.application(backing.simulator)]
    file.write_text(programs.configuration(everything, control))
    mark = str(settings.data)
    backing.env[prometheus.FOLDER] = str(_metrics(settings))
    try:
        keeper = supervisor.start(file, control, backing.env, mark, logs)
        try:
            yield keeper
        finally:
            _hold_signals()
            say("encerrando… (stopping)")
            keeper.stop()
    finally:
        supervisor.clear(mark)
        say("encerrado (stopped)")


def _metrics(settings: Settings) -> Path:
    """Counters of this run: those of the last one are gone with its processes."""
    folder = settings.data / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    return private_folder(folder)


def _logs(settings: Settings) -> Path:
    return private_folder(settings.data / "logs")


def _wait_for_web(settings: Settings, keeper: Supervisor) -> None:
    """Return at the first answer, even an unhealthy one: then there is a page that can say what is wrong."""
    deadline = time.monotonic() + WEB_SECONDS
    while time.monotonic() < deadline and keeper.alive():
        try:
            urllib.request.urlopen(f"{settings.address}/healthz", timeout=5).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
        if "web" in keeper.troubled():
            break
    raise Failure(f"O servidor web não iniciou: {_last_line(_logs(settings) / 'web.log')}")


def _watch(keeper: Supervisor, settings: Settings) -> None:
    """Sit in the foreground; name a process that does not stay up, once."""
    named: set[str] = set()
    while keeper.alive():
        for name in set(keeper.troubled()) - named:
            named.add(name)
            say(f"{name} não fica de pé (keeps failing): {_logs(settings) / name}.log")
        time.sleep(WATCH_SECONDS)
    raise Failure(f"O supervisor parou sozinho (supervisor died): {_logs(settings) / 'supervisor.log'}")


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Every polite signal means the same here: stop. None of them is an error."""
    for wanted in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(wanted, _interrupt)
    with contextlib.suppress(KeyboardInterrupt):
        yield


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _hold_signals() -> None:
    """A second Ctrl-C must not leave the database half stopped."""
    for wanted in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(wanted, signal.SIG_IGN)


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return lines[-1].strip() if lines else "sem explicação (no output)"
