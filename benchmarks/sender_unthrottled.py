"""Goal 11: no pace at all, about 100 calls in flight; against as many threads with urllib3 and nothing else."""

import json
import threading
import time

import psutil
import urllib3

from benchmarks import sending
from benchmarks.common import Stack
from benchmarks.report import Row, interleave, main

NUMBERS, IN_FLIGHT = 7, 112  # 16 calls open per number
MESSAGES = 3_500


def run(stack: Stack, rounds: int) -> list[Row]:
    spent: list[float] = []
    bare_spent: list[float] = []
    with stack.app().app_context(), sending.gateway(stack) as stub:
        pair = interleave(lambda: _ours(stack, stub, spent), lambda: _bare(stub, bare_spent), min(rounds, 5))
    cpu, bare_cpu = sorted(spent)[len(spent) // 2], sorted(bare_spent)[len(bare_spent) // 2]
    return [
        Row("11 sender unthrottled", f"{pair.our_median:.0f}/s", f"{pair.limit_median:.0f}/s", pair.ratio, 0.60),
        Row("11 processor per message", f"{cpu:.2f} ms", f"{bare_cpu:.2f} ms", cpu / bare_cpu, 3.0, is_ceiling=True),
    ]


def _ours(stack: Stack, stub: sending.Stub, spent: list[float]) -> float:
    company, numbers = sending.make_numbers(stub, NUMBERS, sending.pace(0))
    sending.queue(stack, company, numbers, MESSAGES // NUMBERS)
    stub.arrivals()
    with sending.sender(stack) as process:
        sending.first_arrival(stub)
        before = sending.cpu_seconds(process)
        sending.run_down(stack, 60)
        spent.append((sending.cpu_seconds(process) - before) / MESSAGES * 1000)
    times = [at for part in stub.arrivals().values() for at in part]
    if len(times) != MESSAGES:
        raise AssertionError(f"{len(times)} arrived of {MESSAGES}")
    return sending.rate(times)


def _bare(stub: sending.Stub, spent: list[float]) -> float:
    stub.arrivals()
    http = urllib3.PoolManager(maxsize=IN_FLIGHT)
    body = json.dumps({"number": "5511980000000", "text": "Oi! Promoção só hoje."}).encode()
    left, lock = iter(range(MESSAGES)), threading.Lock()

    def call() -> None:
        while True:
            with lock:
                if next(left, None) is None:
                    return
            http.request("POST", f"{stub.url}/message/sendText/bare", body=body, headers={"apikey": "x"}, retries=False)

    before, started = sending.cpu_seconds(psutil.Process()), time.perf_counter()
    threads = [threading.Thread(target=call) for _ in range(IN_FLIGHT)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - started
    spent.append((sending.cpu_seconds(psutil.Process()) - before) / MESSAGES * 1000)
    return MESSAGES / seconds


if __name__ == "__main__":
    main(run)
