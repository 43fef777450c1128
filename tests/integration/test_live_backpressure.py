"""Comments come ten times faster than they can be scored: they wait in Kafka, not in memory; that is told; and all are scored once."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from streams.kafka.applied import applied_offsets
from streams.scorers.checkpoint import CHECKPOINT, CONFIG
from streams.topics import COMMENTS_RAW, COMMENTS_SCORED
from tests.conftest import Another
from tests.support.builders import comment
from tests.support.checkpoints import WORDS
from tests.support.held import most_held
from tests.support.live import Live, answers, until
from tests.support.scenes import HoldingWorker

pytestmark = [pytest.mark.kafka, pytest.mark.filterwarnings("ignore")]

FASTER = 10
AT_ONCE = 32
"""Comments that the exact lane takes in one process: the stage's batch."""
COMMENTS = 120 * AT_ONCE
HELD = 56 * AT_ONCE
"""Records held at once, of all partitions: 16 chunks in the channel, as many just handed on, what lanes hold, what one poll brought."""


async def test_ten_times_what_can_be_scored_waits_in_kafka_and_is_scored_once(another: Another, made: Any, tmp_path: Path) -> None:
    files = {CHECKPOINT: str(made("original").checkpoint), CONFIG: str(made("original").config)}
    held = tmp_path / "held"
    live: Live = await another(
        THREADWATCH_SCORER="detoxify:original", THREADWATCH_SCORING__PROCESSES="1", SLOW="0.1", HELD_IN=str(held), **files
    )
    worker = live.worker("--stages", "score", "--metrics-port", "0", make=HoldingWorker)
    await worker.ready()
    sent = 0
    while sent < COMMENTS:
        done = await applied(live)
        more = min(COMMENTS, FASTER * (done + AT_ONCE)) - sent
        await live.send(said(number) for number in range(sent, sent + more))
        sent += more
        await asyncio.sleep(0.2)
    behind = COMMENTS - await applied(live)
    assert behind > COMMENTS // 2, "it came faster than it could be scored"
    await until("the lag is told", lambda: lag(str(worker.metrics())) > behind // 2)
    await live.settled(["score"])
    scored = [record.comment.comment_id for record in live.records(COMMENTS_SCORED)]
    assert sorted(scored) == sorted(f"c-{number}" for number in range(COMMENTS))
    assert most_held(held).records <= HELD
    await until("no lag is told any more", lambda: lag(str(worker.metrics())) == 0)


def said(number: int) -> Any:
    return comment(f"c-{number}", conversation_id=f"talk-{number % 64}", text=f"{WORDS[number % 19]} {WORDS[number % 17]} {number}")


async def applied(live: Live) -> int:
    return sum(offset + 1 for offset in (await applied_offsets(live.settings, "score")).values())


def lag(address: str) -> float:
    """Return how many messages the worker says wait for it."""
    lines = [line for line in answers(f"{address}/metrics").splitlines() if line.startswith("threadwatch_consumer_lag{")]
    return sum(float(line.split()[1]) for line in lines if f'topic="{COMMENTS_RAW.name}"' in line)
