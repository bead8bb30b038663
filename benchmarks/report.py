"""Interleaved runs, medians, and one row per goal."""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.common import Stack, fdatasync_us, stack

HEADER = "| goal | figure | limit here | ratio | wanted | |\n|---|---|---|---|---|---|"


@dataclass(frozen=True)
class Row:
    """`ratio` is compared with `wanted`; at most when `is_ceiling`, else at least."""

    goal: str
    figure: str
    limit: str
    ratio: float
    wanted: float
    is_ceiling: bool = False
    note: str = ""

    @property
    def is_met(self) -> bool:
        return self.ratio <= self.wanted if self.is_ceiling else self.ratio >= self.wanted

    def __str__(self) -> str:
        sign = "≤" if self.is_ceiling else "≥"
        verdict = "ok" if self.is_met else "**missed**"
        verdict = f"{verdict} {self.note}".strip()
        cells = (self.goal, self.figure, self.limit, f"{self.ratio:.2f}", f"{sign} {self.wanted:g}", verdict)
        return f"| {' | '.join(cells)} |"


@dataclass(frozen=True)
class Pair:
    """What both programs reached, run by run."""

    ours: list[float]
    limit: list[float]

    @property
    def our_median(self) -> float:
        return statistics.median(self.ours)

    @property
    def limit_median(self) -> float:
        return statistics.median(self.limit)

    @property
    def ratio(self) -> float:
        """The median of the runs' ratios: each pair saw the same noise."""
        return statistics.median(own / bound for own, bound in zip(self.ours, self.limit, strict=True))


def interleave(ours: Callable[[], float], limit: Callable[[], float], rounds: int) -> Pair:
    """Turn about, so that both see the machine's moods."""
    own: list[float] = []
    bound: list[float] = []
    for _ in range(rounds):
        bound.append(limit())
        own.append(ours())
    return Pair(own, bound)


def main(run: Callable[[Stack, int], Sequence[Row]]) -> None:
    """The command line of one benchmark: prints the machine and the rows; `--save` appends them to results/."""
    options = _options()
    with stack() as servers:
        machine = describe(servers)
        print(machine, flush=True)
        print(HEADER, flush=True)
        started = time.monotonic()
        rows = run(servers, options.rounds)
        for row in rows:
            print(row, flush=True)
        print(f"({time.monotonic() - started:.0f} s)", file=sys.stderr)
    if options.save:
        _save(options.save, machine, rows)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5, help="runs of each program, interleaved")
    parser.add_argument("--save", type=Path, help="append the rows to this file")
    return parser.parse_args()


def describe(servers: Stack) -> str:
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores, fdatasync {fdatasync_us(servers.folder):.0f} µs, load {load:.1f} at the start"


def _save(path: Path, machine: str, rows: Sequence[Row]) -> None:
    path.parent.mkdir(exist_ok=True)
    is_new = not path.exists()
    with path.open("a") as file:
        if is_new:
            file.write(f"{machine}\n\n{HEADER}\n")
        file.writelines(f"{row}\n" for row in rows)
