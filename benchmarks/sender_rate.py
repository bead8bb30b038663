"""Goal 10: one number at 78 messages a second: how near the average comes, and no second with more than 80."""

import time

from benchmarks import sending
from benchmarks.common import Stack
from benchmarks.report import Row, main

LIMIT, MOST = 78.0, 80
PACE_MS = 13  # 76.9 a second: settings are whole milliseconds
SECONDS = 12


def run(stack: Stack, rounds: int) -> list[Row]:
    """Rounds are slices of one run: a number's rhythm is what is measured, not its start."""
    slices = []
    with stack.app().app_context(), sending.gateway(stack) as stub:
        company, numbers = sending.make_numbers(stub, 1, sending.pace(PACE_MS))
        sending.queue(stack, company, numbers, int(LIMIT * SECONDS * (rounds + 1)))
        with sending.sender(stack):
            sending.first_arrival(stub)
            for _ in range(min(rounds, 5)):
                time.sleep(SECONDS)
                slices += list(stub.arrivals().values())
    times = sorted(at for part in slices for at in part)
    rates = sorted(sending.rate(part) for part in slices)
    average, busiest = rates[len(rates) // 2], sending.busiest_second(times)
    return [
        Row("10 sender at 78/s: average", f"{average:.1f}/s", f"{LIMIT:.0f}/s", average / LIMIT, 0.97),
        Row("10 sender at 78/s: busiest second", str(busiest), str(MOST), busiest / MOST, 1.0, is_ceiling=True),
    ]


if __name__ == "__main__":
    main(run)
