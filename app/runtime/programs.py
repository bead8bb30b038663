"""The processes of a run, as data, and the supervisor's configuration made of them."""

import os
import shlex
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from app.runtime.settings import PROJECT

APP = "app"
WORKERS = (("send",), ("events",), ("bulk",), ("hooks",), ("voice",), ("default",))


@dataclass(frozen=True)
class Program:
    """`patience`: seconds between the stop signal and the kill. Servers start first and stop last."""

    name: str
    command: list[str]
    patience: int
    stop_signal: str = "TERM"
    server: bool = False


def servers(postgres: list[str] | None, valkey: list[str] | None) -> list[Program]:
    """The embedded ones that are wanted."""
    # SIGINT is PostgreSQL's fast shutdown: SIGTERM would wait for the clients.
    wanted = (("postgres", postgres, 8, "INT"), ("valkey", valkey, 3, "TERM"))
    return [
        Program(name, command, patience, signal, server=True)
        for name, command, patience, signal in wanted
        if command is not None
    ]


def application(simulator: list[str] | None) -> list[Program]:
    """Web, workers, cron and the simulator: one group, stopped together. 14 + 8 + 3 s stay under 30."""
    programs = [Program("web", _python("wsgi.py"), 9)]
    programs += [Program(f"worker-{names[0]}", _python("worker.py", *names), 14) for names in WORKERS]
    programs.append(Program("cron", _python("worker.py", "cron"), 8))
    if simulator is not None:
        programs.append(Program("simulator", simulator, 8))
    return programs


def simulator_command(port: int, data: Path) -> list[str]:
    return _python("-m", "simulator", "--port", str(port), "--data", str(data))


def _python(*arguments: str) -> list[str]:
    return [sys.executable, "-u", *arguments]


def configuration(programs: Iterable[Program], control: Path) -> str:
    """supervisord's file. The environment is supervisord's own, so nothing secret is written here."""
    programs = list(programs)
    group = ",".join(program.name for program in programs if not program.server)
    sections = [
        _section("unix_http_server", file=control, chmod="0700"),
        _section("rpcinterface:supervisor", **{_FACTORY: "supervisor.rpcinterface:make_main_rpcinterface"}),
        _section("supervisord", **_daemon()),
        *(_program(program, rank) for rank, program in enumerate(programs, start=1)),
        _section(f"group:{APP}", programs=group, priority="100"),
    ]
    return "\n".join(sections)


_FACTORY = "supervisor.rpcinterface_factory"


def _daemon() -> dict[str, object]:
    return {
        "nodaemon": "true",
        "silent": "true",
        "logfile": "supervisor.log",
        "pidfile": "supervisor.pid",
        "minfds": "1024",
        **({"user": "root"} if os.geteuid() == 0 else {}),
    }


def _program(program: Program, rank: int) -> str:
    return _section(
        f"program:{program.name}",
        command=shlex.join(program.command),
        directory=PROJECT,
        priority=str(rank),
        # The application waits for the migrations: it is started by name, not by itself.
        autostart=str(program.server).lower(),
        autorestart="true",
        startsecs="1",
        startretries="1000",
        stopsignal=program.stop_signal,
        stopwaitsecs=str(program.patience),
        killasgroup=str(not program.server).lower(),
        redirect_stderr="true",
        # Relative to the folder it is started in: as a path it would be expanded twice.
        stdout_logfile=f"{program.name}.log",
        stdout_logfile_maxbytes="10MB",
        stdout_logfile_backups="3",
    )


def _section(title: str, **values: object) -> str:
    # A percent sign begins an expansion in this format.
    lines = [f"{name} = {str(value).replace('%', '%%')}" for name, value in values.items()]
    return "\n".join([f"[{title}]", *lines, ""])
