"""A hundred pile-ons at once through the whole program, two workers: one summary, and no hundred ends."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from streams.records import Comment, Status
from tests.conftest import Another
from tests.support.cases import FEW, Case
from tests.support.live import Live, Worker, answers, until
from tests.support.manager import Manager
from tests.support.reader import QUIET, STORM, Receiver

pytestmark = pytest.mark.kafka

BOUND = 2 * 20
"""However the cases fall on the two partitions of ``pileons`` that each of the two workers has: each counts its own."""


def on_one_site(number: int, said: list[Comment]) -> list[Comment]:
    """Return a case's comments, all cases on one site, each against another person and by other people."""
    return [replace(each, source="site", author_id=f"{each.author_id}-{number}") for each in said]


def partitions(worker: Worker) -> int:
    """Return how many partitions of ``pileons`` a worker has."""
    series = re.compile(r'^threadwatch_consumer_lag\{partition="\d+",topic="pileons"\}', re.MULTILINE)
    return len(series.findall(answers(f"{worker.metrics()}/metrics")))


async def test_a_hundred_at_once_over_two_workers_are_one_summary_and_their_ends_are_told_by_nobody(
    another: Another, manager: Manager, receiver: Receiver
) -> None:
    live: Live = await another(THREADWATCH_ALERTMANAGER__URLS=manager.url, THREADWATCH_ALERTMANAGER__POST_EVERY="PT2S")
    workers = [live.worker(), live.worker()]
    await asyncio.gather(*(worker.ready() for worker in workers))
    await until("each has its share of pileons", lambda: all(partitions(one) == 2 for one in workers))
    cases = [Case(f"talk-{n}", ("warn", "", ""), datetime.now(UTC) - timedelta(minutes=3)) for n in range(100)]
    await live.send([each for n, case in enumerate(cases) for each in on_one_site(n, case.said("before"))])
    await until("the storm is told", lambda: STORM in receiver.read)
    await live.settled()
    await asyncio.sleep(2 * QUIET)
    assert sum(one.status is Status.OPENED for one in live.pileons()) == 100
    assert receiver.read.count(STORM) == 1
    assert len({one["labels"].get("pileon") for one in receiver.alerts}) - 1 <= BOUND, "those before the bound was passed"

    told = receiver.messages
    await live.send([each for n, case in enumerate(cases) for each in on_one_site(n, case.taken_back(FEW))])
    await live.settled()
    await asyncio.sleep(2 * QUIET)
    assert receiver.messages == told
    assert {one.status for one in live.pileons()[-1:]} == {Status.CLOSED}
    live.check()
