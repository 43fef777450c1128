"""The real thing is broken in several ways, and each time a real Prometheus tells a real Alertmanager, and that it is over.

Both run on the repository's own files, copied into a temporary folder with every interval, window and ``for`` shortened
(``tests/support/shortened.py`` says how); what is compared with what stays as it is. Three instances of the program are
broken side by side on one broker. No time is measured: what should happen has patience to. What people write, and who is
told, is in ``test_operational_alerts_of_people.py``.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.conftest import Another
from tests.integration.test_live_state import crowd, root
from tests.support.alerting import Alertmanager, Door, Prometheus
from tests.support.hanging import COMPUTING
from tests.support.live import Live, Worker, until
from tests.support.programs import free_port
from tests.support.scenes import HangingWorker, alerted, many, talking, watched

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

LATELY = {"6h": "300s"}
"""For how long a worker that is gone is missed: longer than another takes to start."""
LONG = 'max(threadwatch_consumer_lag{topic="comments.raw"}) > bool 0 and sum(changes(threadwatch_messages_total{stage="score"}[45s])) == 0'
"""A batch is in the scorer's hands, and none was over for 45 seconds: half as much again as one that hangs may take."""
LASTING, HELD = "stage:threadwatch_partitions_held:lasting", 4
"""What was held through, stage by stage, and how many partitions each stage has."""
SOURCES = '[sources.news]\ncommunities = ["sport"]\n'


async def poison_silence_and_a_shut_door(another: Another, folder: Path, alertmanager: Alertmanager) -> None:
    """Unreadable messages; an Alertmanager that the worker cannot reach; a source that stops."""
    config, port = folder / "sources.toml", free_port()
    config.write_text(SOURCES)
    async with Door(alertmanager.url) as door:
        live: Live = await another(THREADWATCH_CONFIG=str(config), THREADWATCH_ALERTMANAGER__URLS=door.url,
                                   THREADWATCH_ALERTMANAGER__POST_EVERY="PT1S")  # fmt: skip
        await live.worker("--metrics-port", str(port)).ready()
        async with watched(folder, "news", [port], alertmanager) as prometheus:
            async with talking(live, many("before", 10)):
                await live.send([root(), *crowd(1, 9)])
                await until("a post is taken", lambda: prometheus.value('threadwatch_alerts_posted_total{outcome="ok"}') > 0)
                await door.shut()
                await live.put_lines([b"nonsense"] * 40)
                await prometheus.fires("DeadLetterRate", "AlertPathBroken")
            await prometheus.fires("SourceSilent")
            await door.open()
            async with talking(live, many("after", 10)):
                await prometheus.ends("DeadLetterRate", "AlertPathBroken", "SourceSilent")


async def one_of_two_goes(live: Live, first: str, prometheus: Prometheus) -> None:
    """A second worker is stopped and has no name any more, as with compose; one nobody scrapes comes and goes; another tells others."""
    second = await beside(live, first, prometheus)
    prometheus.knows(first)
    await asyncio.to_thread(second.stop)
    await prometheus.fires("FewerWorkers")
    await until("every partition was held for as long as counts", lambda: prometheus.value(f"min({LASTING})") == HELD)
    stray = live.worker()  # in the same groups, and nobody scrapes it
    await stray.ready()
    await prometheus.fires("PartitionsUnheld")
    await asyncio.to_thread(stray.stop)
    await prometheus.ends("PartitionsUnheld")
    third = await beside(live, first, prometheus, THREADWATCH_ALERT__MAX_OPENED="7")
    await prometheus.ends("FewerWorkers")
    await prometheus.fires("WorkersTellDifferently")
    prometheus.knows(first)
    await asyncio.to_thread(third.stop)
    await prometheus.ends("WorkersTellDifferently")


async def beside(live: Live, first: str, prometheus: Prometheus, **environment: str) -> Worker:
    """Return one more worker, scraped beside the first."""
    worker = live.worker("--metrics-port", str(port := free_port()), **environment)
    await worker.ready()
    prometheus.knows(first, f"127.0.0.1:{port}")
    await until("both are scraped", lambda: prometheus.value("job:threadwatch_workers:up") == 2)
    return worker


async def another_start(prometheus: Prometheus, before: float) -> float:
    """Return when the worker started that was scraped last, once that is later than ``before``."""
    await until("a later start is scraped", lambda: prometheus.value("threadwatch_start_time_seconds") > before, within=120)
    return prometheus.value("threadwatch_start_time_seconds")


async def a_worker_that_is_stopped_and_one_that_is_killed_again_and_again(
    another: Another, folder: Path, alertmanager: Alertmanager
) -> None:
    port = free_port()
    live: Live = await another()
    first = live.worker("--metrics-port", str(port))
    await first.ready()
    async with watched(folder, "down", [port], alertmanager, windows=LATELY) as prometheus:
        await asyncio.to_thread(first.stop)
        await prometheus.fires("WorkerDown", "NoWorkerUp")
        second = live.worker("--metrics-port", str(port))
        await second.ready()
        await prometheus.ends("WorkerDown", "NoWorkerUp")

        await one_of_two_goes(live, f"127.0.0.1:{port}", prometheus)
        for _ in range(4):
            before = await another_start(prometheus, 0.0)
            second.kill()
            await another_start(prometheus, before)
        await prometheus.fires("WorkerCrashLooping")
        await prometheus.ends("WorkerCrashLooping", "WorkerDown", "NoWorkerUp")


@asynccontextmanager
async def hanging_again_and_again(hang: Path) -> AsyncIterator[None]:
    """Let the scorer hang ten seconds of eleven, meanwhile: once alone, and a machine too busy to be scraped does not see it."""

    async def lasting() -> None:
        while True:
            hang.touch()
            await asyncio.sleep(10)
            hang.unlink()
            await asyncio.sleep(1)

    task = asyncio.create_task(lasting())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        hang.unlink(missing_ok=True)


async def a_scorer_that_hangs(another: Another, folder: Path, alertmanager: Alertmanager) -> None:
    """Thousands of comments wait meanwhile, and become more."""
    port, hang = free_port(), folder / "hangs-while-this-is-here"
    live: Live = await another(HANGS_WHILE=str(hang), THREADWATCH_WORKER__STUCK_AFTER="PT5M")
    await live.worker("--metrics-port", str(port), make=HangingWorker).ready()
    async with watched(folder, "hang", [port], alertmanager) as prometheus:
        async with talking(live, many("talk", 10)) as talk:
            await until("some are scored", lambda: prometheus.value('threadwatch_messages_total{stage="score"}') > 0)
            hang.write_text(COMPUTING, encoding="utf-8")
            await until("a batch takes longer than a hanging one may", lambda: prometheus.value(LONG) == 1)
            assert "ScoringStalled" not in await asyncio.to_thread(alertmanager.holds, "hang")
            hang.write_text("", encoding="utf-8")
            talk.said = many("flood", 500)
            # None scored for the whole of a window: the scorer was busy for all of it.
            await prometheus.fires("ScoringStalled", "ConsumerLagGrowing")
            talk.said = many("after", 10)
            async with hanging_again_and_again(hang):
                await prometheus.fires("ScoringBudgetBurnFast", "ScoringBudgetBurnSlow", "ScorerSlow")
        await prometheus.ends("ScoringStalled", "ConsumerLagGrowing", "ScoringBudgetBurnFast", "ScoringBudgetBurnSlow", "ScorerSlow")


async def test_what_is_broken_is_told_and_so_is_that_it_is_mended(another: Another, tmp_path: Path) -> None:
    async with alerted(tmp_path / "alertmanager") as alertmanager, asyncio.TaskGroup() as scenes:
        for scene in (
            poison_silence_and_a_shut_door,
            a_worker_that_is_stopped_and_one_that_is_killed_again_and_again,
            a_scorer_that_hangs,
        ):
            scenes.create_task(scene(another, tmp_path, alertmanager))
