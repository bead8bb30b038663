"""Goal 12: ten numbers at nearly 80 a second each from one process: even shares, and how much of the sum is reached."""

import time

from benchmarks import sending
from benchmarks.common import Stack
from benchmarks.report import Row, main

NUMBERS, PACE_MS = 10, 13
SECONDS = 12
WANTED = NUMBERS * 1000 / PACE_MS


def run(stack: Stack, _rounds: int) -> list[Row]:
    with stack.app().app_context(), sending.gateway(stack) as stub:
        company, numbers = sending.make_numbers(stub, NUMBERS, sending.pace(PACE_MS))
        sending.queue(stack, company, numbers, int((SECONDS + 4) * 1000 / PACE_MS))
        with sending.sender(stack) as process:
            sending.first_arrival(stub)
            time.sleep(1)
            stub.arrivals()
            before = sending.cpu_seconds(process)
            time.sleep(SECONDS)
            shares = sorted(len(times) for times in stub.arrivals().values())
            busy = (sending.cpu_seconds(process) - before) / SECONDS
    total = sum(shares) / SECONDS
    fair = shares[0] / shares[-1] if len(shares) == NUMBERS else 0.0
    return [
        Row("12 fairness of 10 numbers", f"{shares[0]}…{shares[-1]}", "equal", fair, 0.95),
        Row("12 total of 10 numbers", f"{total:.0f}/s ({busy:.0%} of a core)", f"{WANTED:.0f}/s", total / WANTED, 0.95),
    ]


if __name__ == "__main__":
    main(run)
