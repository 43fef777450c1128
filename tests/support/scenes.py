"""Where the real thing is broken and a real Prometheus and Alertmanager look on: one scene each, side by side on one broker."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from streams.kafka.produce import Publish, publishing
from streams.records import Comment
from streams.topics import COMMENTS_RAW
from tests.support.alerting import Alertmanager, Prometheus
from tests.support.builders import comment
from tests.support.live import Live, Worker

Said = Callable[[int, datetime], Sequence[Comment]]
"""What is said in one second: its number, and the time."""


class HangingWorker(Worker):
    """A worker of which one stage hangs while a file is there (``tests/support/hanging.py``)."""

    program = "tests.support.hanging"

    def _spawn(self) -> None:
        command = [sys.executable, "-m", self.program, "worker", *self._arguments]
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                                             env=os.environ | self._environment, start_new_session=True)  # fmt: skip


class HoldingWorker(HangingWorker):
    """A worker with a slow scorer, which notes how much of its input it holds (``tests/support/held.py``)."""

    program = "tests.support.held"


class Talk:
    """What is said while it lasts; ``said`` may be changed meanwhile."""

    def __init__(self, said: Said) -> None:
        self.said = said
        self.seconds = 0

    async def last(self, publish: Publish, over: asyncio.Event) -> None:
        """Publish what is said, second by second, until it is over; never cut off in the middle of a batch."""
        while not over.is_set():
            self.seconds += 1
            await publish(self.said(self.seconds, datetime.now(UTC)))
            await asyncio.sleep(1)


@asynccontextmanager
async def talking(live: Live, said: Said) -> AsyncIterator[Talk]:
    """Send comments as a lively source does, meanwhile; the one producer is closed when the last of them is acknowledged."""
    over, talk = asyncio.Event(), Talk(said)
    async with publishing(live.settings, COMMENTS_RAW) as publish:
        lasting = asyncio.create_task(talk.last(publish, over))
        try:
            yield talk
        finally:
            over.set()
            await lasting


def many(name: str, number: int, **fields: Any) -> Said:
    """Say so many comments a second, all in one conversation."""

    def said(second: int, now: datetime) -> list[Comment]:
        return [new(f"{name}-{second}-{n}", now, conversation_id=name, **fields) for n in range(number)]

    return said


def conversations(number: int) -> Said:
    """Say one thing a second in each of so many conversations, to who began it, each time by another: every partition has work."""

    def said(second: int, now: datetime) -> list[Comment]:
        if second == 1:
            return [new("1", now, conversation_id=f"talk-{n}", author_id=f"first-{n}") for n in range(number)]
        answer = {"author_id": f"author-{second}", "parent_id": "1"}
        return [new(str(second), now, conversation_id=f"talk-{n}", **answer) for n in range(number)]

    return said


def new(comment_id: str, now: datetime, **fields: Any) -> Comment:
    """Return a comment that was written just now."""
    return comment(comment_id, **({"created_at": now, "ingested_at": now} | fields))


@asynccontextmanager
async def alerted(folder: Path, told: str = "") -> AsyncIterator[Alertmanager]:
    """Run an Alertmanager; where ``told`` is an address its receivers are there."""
    running = Alertmanager(folder, told)
    try:
        await running.ready()
        yield running
    finally:
        await running.stop()


@asynccontextmanager
async def watched(folder: Path, scene: str, ports: Sequence[int], alertmanager: Alertmanager, *, others: Sequence[str] = (),
                  **short: Mapping[str, str]) -> AsyncIterator[Prometheus]:  # fmt: skip
    """Run a Prometheus that looks at the workers on these ports; ``short``: its windows and offsets, where they differ."""
    running = Prometheus(folder / scene, scene, [f"127.0.0.1:{port}" for port in ports], alertmanager, others=others, **short)
    try:
        await running.ready()
        yield running
    finally:
        await running.stop()
