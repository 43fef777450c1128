"""The real thing is broken in several ways, and each time a real Prometheus tells a real Alertmanager, and that it is over.

Both run on the repository's own files, copied into a temporary folder with every interval, window and ``for`` shortened
(``tests/support/alerting.py`` says how); what is compared with what stays as it is. Three instances of the program are
broken side by side on one broker. No time is measured: what should happen has patience to.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from streams.kafka.produce import Publish, publishing
from streams.topics import COMMENTS_RAW
from tests.conftest import Another
from tests.integration.test_live_state import crowd, root
from tests.support.alerting import Alertmanager, Door, Prometheus
from tests.support.builders import comment
from tests.support.live import Live, Worker, until
from tests.support.programs import free_port

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

SOURCES = '[sources.news]\ncommunities = ["sport"]\n'


class HangingWorker(Worker):
    """A worker whose scorer hangs while a file is there."""

    def _spawn(self) -> None:
        command = [sys.executable, "-m", "tests.support.hanging", "worker", *self._arguments]
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                                             env=os.environ | self._environment, start_new_session=True)  # fmt: skip


@pytest.fixture
async def alertmanager(tmp_path: Path) -> AsyncIterator[Alertmanager]:
    running = Alertmanager(tmp_path / "alertmanager")
    await running.ready()
    yield running
    await running.stop()


@asynccontextmanager
async def watched(folder: Path, scene: str, port: int, alertmanager: Alertmanager) -> AsyncIterator[Prometheus]:
    running = Prometheus(folder / scene, scene, [f"127.0.0.1:{port}"], alertmanager)
    await running.ready()
    try:
        yield running
    finally:
        await running.stop()


@asynccontextmanager
async def fed(live: Live, numbers: "count[int]") -> AsyncIterator[None]:
    """Send comments as a lively source does, meanwhile; one producer, never cut off in the middle of a batch."""
    over = asyncio.Event()

    async def feed(publish: Publish) -> None:
        while not over.is_set():
            now = datetime.now(UTC)
            await publish([comment(f"fed-{next(numbers)}", conversation_id="fed", created_at=now, ingested_at=now) for _ in range(10)])
            await asyncio.sleep(1)

    async with publishing(live.settings, COMMENTS_RAW) as publish:
        feeding = asyncio.create_task(feed(publish))
        try:
            yield
        finally:
            over.set()
            await feeding


async def poison_silence_and_a_shut_door(another: Another, folder: Path, alertmanager: Alertmanager) -> None:
    """Unreadable messages; an Alertmanager that the worker cannot reach; a source that stops."""
    config, port = folder / "sources.toml", free_port()
    config.write_text(SOURCES)
    async with Door(alertmanager.url) as door:
        live: Live = await another(THREADWATCH_CONFIG=str(config), THREADWATCH_ALERTMANAGER__URLS=door.url,
                                   THREADWATCH_ALERTMANAGER__POST_EVERY="PT1S")  # fmt: skip
        await live.worker("--metrics-port", str(port)).ready()
        async with watched(folder, "news", port, alertmanager) as prometheus:
            numbers: count[int] = count()
            async with fed(live, numbers):
                await live.send([root(), *crowd(1, 9)])
                await until("the pile-on is posted", lambda: prometheus.value('threadwatch_alerts_posted_total{outcome="ok"}') > 0)
                await door.shut()
                await live.put_lines([b"nonsense"] * 40)
                await prometheus.fires("DeadLetterRate", "AlertPathBroken")
            await prometheus.fires("SourceSilent")
            await door.open()
            async with fed(live, numbers):
                await prometheus.ends("DeadLetterRate", "AlertPathBroken", "SourceSilent")


async def another_start(prometheus: Prometheus, before: float) -> float:
    """Return when the worker started that was scraped last, once that is later than ``before``."""
    await until("a later start is scraped", lambda: prometheus.value("threadwatch_start_time_seconds") > before)
    return prometheus.value("threadwatch_start_time_seconds")


async def a_worker_that_is_stopped_and_one_that_is_killed_again_and_again(
    another: Another, folder: Path, alertmanager: Alertmanager
) -> None:
    port = free_port()
    live: Live = await another()
    first = live.worker("--metrics-port", str(port))
    await first.ready()
    async with watched(folder, "down", port, alertmanager) as prometheus:
        await asyncio.to_thread(first.stop)
        await prometheus.fires("WorkerDown")
        second = live.worker("--metrics-port", str(port))
        await second.ready()
        await prometheus.ends("WorkerDown")

        for _ in range(4):
            before = await another_start(prometheus, 0.0)
            second.kill()
            await another_start(prometheus, before)
        await prometheus.fires("WorkerCrashLooping")
        await prometheus.ends("WorkerCrashLooping", "WorkerDown")


async def a_scorer_that_hangs(another: Another, folder: Path, alertmanager: Alertmanager) -> None:
    port, hang = free_port(), folder / "hangs-while-this-is-here"
    live: Live = await another(HANGS_WHILE=str(hang), THREADWATCH_WORKER__STUCK_AFTER="PT5M")
    await live.worker("--metrics-port", str(port), make=HangingWorker).ready()
    async with watched(folder, "hang", port, alertmanager) as prometheus:
        await until("it is scraped", lambda: prometheus.value("threadwatch_start_time_seconds") > 0)
        hang.touch()
        now = datetime.now(UTC)
        await live.send(comment(f"c{n}", conversation_id=f"talk{n % 7}", created_at=now, ingested_at=now) for n in range(40))
        await prometheus.fires("ScoringStalled")
        await asyncio.sleep(20)  # longer than the shortened window, so that the scorer was busy for all of it
        hang.unlink()
        await prometheus.fires("ScoringBudgetBurnFast", "ScorerSlow")
        await prometheus.ends("ScoringStalled", "ScoringBudgetBurnFast", "ScorerSlow")


async def test_what_is_broken_is_told_and_so_is_that_it_is_mended(another: Another, tmp_path: Path, alertmanager: Alertmanager) -> None:
    async with asyncio.TaskGroup() as scenes:
        for scene in (
            poison_silence_and_a_shut_door,
            a_worker_that_is_stopped_and_one_that_is_killed_again_and_again,
            a_scorer_that_hangs,
        ):
            scenes.create_task(scene(another, tmp_path, alertmanager))
