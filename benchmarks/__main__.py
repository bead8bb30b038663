"""`make bench`: every benchmark in turn, each in a process with servers of its own; or those that are named.

python -m benchmarks [NAME…] [--rounds N] [--save FILE]
python -m benchmarks load [--minutes M] [--scale S] [--save FILE]    the load proof, by itself: see load/__main__.py
"""

import argparse
import subprocess
import sys
from pathlib import Path

NAMES = (
    "webhook_rate",
    "ack_latency",
    "losses",
    "drain",
    "contact_imports",
    "launch",
    "sender_rate",
    "sender_unthrottled",
    "fairness",
    "many_numbers",
    "sign_ins",
    "under_load",
    "contacts_scale",
    "inbox_reads",
    "live",
    "attending",
    "receipts",
    "hooks_rate",
    "api_mix",
    "sounds",
    "voice",
)
PATIENCE_SECONDS = 240
BY_THE_MINUTE = ("attending", "voice")  # a round of theirs is a minute


def main() -> int:
    if sys.argv[1:2] == ["load"]:
        return subprocess.call([sys.executable, "-m", "benchmarks.load", *sys.argv[2:]])
    here = Path(__file__).parent
    known = [name for name in NAMES if (here / f"{name}.py").exists()]
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(known))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--save", type=Path)
    options = parser.parse_args()
    if unknown := set(options.names) - set(known):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    failed = [name for name in options.names or known if not _run(name, options)]
    if failed:
        print(f"did not finish: {', '.join(failed)}", file=sys.stderr)
    return bool(failed)


def _run(name: str, options: argparse.Namespace) -> bool:
    """A missed goal is a result, not a failure."""
    command = [sys.executable, "-m", f"benchmarks.{name}", "--rounds", str(options.rounds)]
    if options.save:
        command += ["--save", str(options.save)]
    print(f"\n{name}", flush=True)
    process = subprocess.Popen(command)
    try:
        return process.wait(PATIENCE_SECONDS + (60 * options.rounds if name in BY_THE_MINUTE else 0)) == 0
    except subprocess.TimeoutExpired:
        process.terminate()
        process.wait()
        return False


if __name__ == "__main__":
    sys.exit(main())
