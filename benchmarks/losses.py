"""Goal 3: events acknowledged under load while web, worker and Redis are killed and PostgreSQL restarts: none is lost,
none is doubled. The client does what a gateway does: it repeats an event until it hears 200.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable

import aiohttp
import psutil
from redis.exceptions import RedisError

from app.core.background import nudge_now
from app.runtime import postgres, valkey
from benchmarks import seeds
from benchmarks.common import ROOT, Stack, free_port, wait_for_http, wait_until
from benchmarks.report import Row, main

RATE, SECONDS = 150.0, 16.0
PHONES = 200


class Processes:
    """The web process and the events worker, which may be killed at any time, and the servers behind them."""

    def __init__(self, stack: Stack, closing: contextlib.ExitStack) -> None:
        self._stack, self._closing, self.port = stack, closing, free_port()
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        closing.callback(self._end)
        self.start("web")
        self.start("events")
        wait_for_http(f"http://127.0.0.1:{self.port}/healthz")

    def start(self, name: str) -> None:
        command = ["wsgi.py"] if name == "web" else ["worker.py", name]
        self._running[name] = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env=self._stack.environment(PORT=str(self.port)),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def kill(self, name: str) -> None:
        self._running[name].kill()
        self._running[name].wait()
        self.start(name)

    def keep(self) -> None:
        """As the supervisor: what ended is started again."""
        for name, process in list(self._running.items()):
            if process.poll() is not None:
                self.start(name)

    def kill_redis(self) -> None:
        for process in _servers_at(self._stack.redis_url.removeprefix("unix://")):
            os.kill(process.pid, signal.SIGKILL)
            psutil.wait_procs([process], timeout=5)
        self._closing.callback(valkey.start(self._stack.folder).stop)

    def restart_database(self) -> None:
        """`prepare` ends the one that lives in this folder."""
        self._closing.callback(postgres.start(self._stack.folder).stop)

    def _end(self) -> None:
        for process in self._running.values():
            process.kill()
            process.wait()


def _servers_at(socket: str) -> list[psutil.Process]:
    """Ours alone: the one whose command names our socket."""
    lines = ((process, process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"]))
    return [process for process, words in lines if "--unixsocket" in words and socket in words]


def run(stack: Stack, _rounds: int) -> list[Row]:
    with stack.app().app_context():
        company, number = seeds.company_with_number()
        seeds.make_people(stack, company, PHONES)
    with contextlib.ExitStack() as closing:
        processes = Processes(stack, closing)
        acked = asyncio.run(_storm(processes, f"http://127.0.0.1:{processes.port}/webhooks/evolution/{number}"))
        wait_until(lambda: _settled(stack, processes), 60, every=0.5)
        found = stack.scalar("SELECT json_agg(external_id) FROM messages WHERE direction = 'inbound'") or []
    lost, doubled = len(acked - set(found)), len(found) - len(set(found))
    of = f"of {len(acked)} acknowledged"
    return [
        Row("3 acknowledged events lost", f"{lost} {of}", "0", float(lost), 0.0, is_ceiling=True),
        Row("3 events doubled", str(doubled), "0", float(doubled), 0.0, is_ceiling=True),
    ]


def _settled(stack: Stack, processes: Processes) -> bool:
    processes.keep()
    with contextlib.suppress(RedisError):
        nudge_now("webhooks.process")  # as cron's sweep does
    return not stack.scalar("SELECT count(*) FROM inbound_events WHERE state = 'pending'")


async def _storm(processes: Processes, url: str) -> set[str]:
    acked: set[str] = set()
    accidents: list[tuple[float, Callable[[], None]]] = [
        (3, lambda: processes.kill("events")),
        (5, lambda: processes.kill("web")),
        (8, processes.kill_redis),
        (11, processes.restart_database),
    ]
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {seeds.SECRET}"}) as session:
        trouble = asyncio.create_task(_cause(accidents, processes))
        started, calls = time.perf_counter(), []
        for n in range(int(RATE * SECONDS)):
            await asyncio.sleep(max(0.0, started + n / RATE - time.perf_counter()))
            calls.append(asyncio.create_task(_deliver(session, url, n, acked)))
        await asyncio.gather(*calls, trouble)
    return acked


async def _cause(accidents: list[tuple[float, Callable[[], None]]], processes: Processes) -> None:
    started = time.perf_counter()
    for at, accident in accidents:
        await asyncio.sleep(max(0.0, started + at - time.perf_counter()))
        await asyncio.to_thread(accident)
    await asyncio.to_thread(processes.keep)


async def _deliver(session: aiohttp.ClientSession, url: str, n: int, acked: set[str]) -> None:
    name = f"3A{uuid.uuid4().hex[:18].upper()}"
    body = seeds.inbound(name, seeds.phone_of(n % PHONES), int(time.time()))
    for turn in range(60):
        with contextlib.suppress(aiohttp.ClientError, asyncio.TimeoutError):
            async with session.post(url, data=body, timeout=aiohttp.ClientTimeout(total=5)) as answer:
                if answer.status == 200:
                    acked.add(name)
                    return
        await asyncio.sleep(min(1.0, 0.1 * (turn + 1)))


if __name__ == "__main__":
    main(run)
