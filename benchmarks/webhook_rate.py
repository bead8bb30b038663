"""Goal 1: webhooks stored per second, deduplicated and signed for, against a bare endpoint with one INSERT."""

import asyncio
import itertools
from collections.abc import Iterator

from benchmarks import seeds
from benchmarks.common import Stack, bare_web, web
from benchmarks.report import Row, interleave, main
from benchmarks.wire import Answers, closed, post

SECONDS = 4.0
CONNECTIONS = 16
_serial = itertools.count()


def requests(path: str) -> Iterator[bytes]:
    """Every body is another event."""
    template = seeds.inbound("@@@@@@@@@@@@@@@@", "5511912345678", 1772460204)
    before, after = template.split(b"@@@@@@@@@@@@@@@@")
    head = post(path, template, [f"Authorization: Bearer {seeds.SECRET}"]).removesuffix(template)
    while True:
        yield head + before + b"%016d" % next(_serial) + after


def run(stack: Stack, rounds: int) -> list[Row]:
    seeds.bare_table(stack)
    app = stack.app()
    with app.app_context():
        _company, number = seeds.company_with_number()
    path = f"/webhooks/evolution/{number}"
    with web(stack) as ours, bare_web(stack) as bare:
        for port in (ours, bare):
            asyncio.run(closed(port, requests(path), connections=4, seconds=0.5))
        pair = interleave(
            lambda: _measured(stack, ours, path, "inbound_events"),
            lambda: _measured(stack, bare, path, "bare_events"),
            rounds,
        )
    return [Row("1 webhook rate", f"{pair.our_median:.0f}/s", f"{pair.limit_median:.0f}/s", pair.ratio, 0.60)]


def _measured(stack: Stack, port: int, path: str, table: str) -> float:
    """Rows are counted: an answer of 200 that stored nothing would be a lie."""
    before = stack.scalar(f"SELECT count(*) FROM {table}")
    answers: Answers = asyncio.run(closed(port, requests(path), connections=CONNECTIONS, seconds=SECONDS))
    stored = stack.scalar(f"SELECT count(*) FROM {table}") - before
    if set(answers.statuses) != {200} or stored != answers.good:
        raise AssertionError(f"{stored} rows stored, answers {answers.statuses}")
    return answers.rate


if __name__ == "__main__":
    main(run)
