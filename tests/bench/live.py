"""One worker with all stages on the embedded broker: comments a second with a backlog, then delay at 70 % of that."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from streams.demo.account import INPUTS
from streams.demo.children import WorkerProcess
from streams.kafka.admin import create_topics
from streams.kafka.applied import applied_offsets
from streams.kafka.embedded import EmbeddedBroker
from streams.kafka.follow import follow
from streams.kafka.produce import publishing, send_records_async
from streams.kafka.waiting import Probe
from streams.records import Comment
from streams.settings import Settings, load
from streams.sources.sample import HOURS, sample
from streams.topics import COMMENTS_RAW, COMMENTS_SCORED, PILEONS
from tests.bench.load import load as raids_among_the_sample
from tests.bench.receiver import Receiver

_LONGEST = 300.0
_SECONDS_OF_LOAD = 30


class Bench:
    """A broker and, per round, a worker on topics of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._broker = EmbeddedBroker(folder / "kafka")

    async def run(self, comments: int, rounds: int) -> None:
        """Print every round and the medians."""
        # The jars are fetched, or found, where `make demo` keeps them.
        from streams.kafka.jars import fetch_jars

        address = self._broker.start(fetch_jars(Path(".threadwatch") / "kafka-jars"))
        try:
            rates = [await self._rate(address, f"r{number}-", comments) for number in range(rounds)]
            print(
                f"one worker, raw → pile-on decision: median {statistics.median(rates):,.0f} comments a second (rounds: "
                f"{', '.join(f'{rate:,.0f}' for rate in rates)})",
                flush=True,
            )
            await self._delays(address, 0.7 * statistics.median(rates))
        finally:
            self._broker.stop()

    def _worker(self, settings: Settings, **environment: str) -> WorkerProcess:
        return WorkerProcess(
            environment
            | {
                "THREADWATCH_KAFKA": settings.kafka.bootstrap,
                "THREADWATCH_KAFKA__PREFIX": settings.kafka.prefix,
                "THREADWATCH_DATA": str(self._folder),
            },
            self._folder / f"{settings.kafka.prefix}worker.log",
        )

    async def _rate(self, address: str, prefix: str, comments: int) -> float:
        """Put a backlog there, start a worker, and time from its first batch to its last."""
        settings = load({}, options={"kafka.bootstrap": address, "kafka.prefix": prefix})
        await create_topics(settings)
        await send_records_async(settings, COMMENTS_RAW, sample(datetime.now(UTC) - timedelta(hours=HOURS), comments))
        worker = self._worker(settings)
        worker.start()
        try:
            await _listening(worker)
            while not await applied_offsets(settings, "score"):
                worker.check()
            began, done = time.monotonic(), sum(offset + 1 for offset in (await applied_offsets(settings, "score")).values())
            await self._drained(settings)
            return (comments - done) / (time.monotonic() - began)
        finally:
            worker.stop()

    async def _drained(self, settings: Settings) -> None:
        """Come back when no stage has input left. It looks seldom: looking costs the worker."""
        probe = Probe(settings)
        await probe.open()
        try:
            for stage, topic in INPUTS.items():
                every = dict.fromkeys(await probe.partitions(topic.name), -1)
                while True:
                    lags = await probe.lags(topic.name, every | await applied_offsets(settings, stage))
                    if not any(lags.values()):
                        break
                    await asyncio.sleep(0.5)
        finally:
            await probe.close()

    async def _delays(self, address: str, rate: float) -> None:
        """Publish at this rate; measure from publishing a comment to its score, and from the crossing comment to pile-on and alert."""
        settings = load({}, options={"kafka.bootstrap": address, "kafka.prefix": "delay-"})
        await create_topics(settings)
        async with Receiver() as receiver:
            worker = self._worker(settings, THREADWATCH_ALERTMANAGER__URLS=receiver.url)
            worker.start()
            try:
                await _listening(worker)
                # A worker that starts is busy with its partitions; what is measured is one that runs.
                await self._publish(settings, raids_among_the_sample(datetime.now(UTC), "warm", int(rate)), rate)
                await asyncio.sleep(8)
                await self._measured(settings, rate, receiver)
            finally:
                worker.stop()

    async def _measured(self, settings: Settings, rate: float, receiver: Receiver) -> None:
        published: dict[str, float] = {}
        scored: dict[str, float] = {}
        decided: dict[str, float] = {}
        crossed: dict[str, str] = {}
        watching = [
            asyncio.create_task(self._watch_scored(settings, scored)),
            asyncio.create_task(self._watch_decided(settings, decided, crossed)),
        ]
        await asyncio.sleep(1)
        comments = raids_among_the_sample(datetime.now(UTC), "load", int(rate * _SECONDS_OF_LOAD))
        await self._publish(settings, comments, rate, published)
        await asyncio.sleep(8)
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
        alerted = {crossed[pileon]: at for pileon, at in receiver.first.items() if pileon in crossed}
        _print_delays(f"publishing → score, at {rate:,.0f} comments a second", published, scored)
        _print_delays("publishing → pile-on decision (its crossing comment)", published, decided)
        _print_delays("publishing → alert at the receiver (its crossing comment)", published, alerted)

    async def _publish(
        self, settings: Settings, comments: Sequence[Comment], rate: float, published: dict[str, float] | None = None
    ) -> None:
        step = max(1, int(rate / 20))
        began = time.monotonic()
        async with publishing(settings, COMMENTS_RAW) as publish:
            for start in range(0, len(comments), step):
                some = [msgspec.structs.replace(comment, created_at=datetime.now(UTC)) for comment in comments[start : start + step]]
                if published is not None:
                    published.update(dict.fromkeys((comment.comment_id for comment in some), time.time()))
                await publish(some)
                await asyncio.sleep(max(0.0, began + (start + step) / rate - time.monotonic()))

    async def _watch_scored(self, settings: Settings, seen: dict[str, float]) -> None:
        async for record in follow(settings, COMMENTS_SCORED):
            seen.setdefault(record.comment.comment_id, time.time())

    async def _watch_decided(self, settings: Settings, seen: dict[str, float], crossed: dict[str, str]) -> None:
        async for record in follow(settings, PILEONS):
            crossed[record.pileon_id] = record.opened_by
            seen.setdefault(record.opened_by, time.time())


async def _listening(worker: WorkerProcess) -> None:
    deadline = time.monotonic() + _LONGEST
    while time.monotonic() < deadline and not worker.metrics():
        worker.check()
        await asyncio.sleep(0.1)


def _print_delays(what: str, begun: dict[str, float], ended: dict[str, float]) -> None:
    delays = sorted(ended[name] - begun[name] for name in ended if name in begun)
    if not delays:
        print(f"delay, {what}: nothing arrived", flush=True)
        return
    fiftieth, last = delays[len(delays) // 2], delays[min(len(delays) - 1, int(len(delays) * 0.99))]
    print(f"delay, {what}: p50 {fiftieth * 1000:,.0f} ms, p99 {last * 1000:,.0f} ms ({len(delays):,} measured)", flush=True)
