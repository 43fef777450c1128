"""``python -m tests.bench.verify``: what ``backtest verify`` holds in memory, with few records and with many, on the embedded broker."""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import msgspec

from streams import engine
from streams.engine import APPLIED
from streams.kafka.admin import create_topics
from streams.kafka.batches import Outgoing, partition_of, send_all
from streams.kafka.embedded import EmbeddedBroker
from streams.kafka.jars import fetch_jars
from streams.kafka.produce import started_producer
from streams.live.room import Applied
from streams.records import ScoredComment
from streams.settings import Settings, load, topology_config
from streams.stages.step import Arrived, Stage
from streams.topics import COMMENTS_RAW, COMMENTS_SCORED, Topic, state_topic
from streams.topology import config_hash, topology
from tests.bench.machine import machine
from tests.support.builders import FRIENDLY, HOSTILE, NOON, comment

KEY: Final = "5a" * 32
PARTITIONS: Final = 4
PEOPLE: Final = 200
A_TALK: Final = 20
_AT_ONCE: Final = 4000


def _said(count: int) -> Iterator[ScoredComment]:
    """Yield conversations one after the other, each on one of the people: half of it is hostile, and a pile-on. Time goes on with them."""
    for n in range(count):
        talk, place = divmod(n, A_TALK)
        at = NOON + timedelta(hours=talk) + timedelta(minutes=place)
        root = f"{talk}-0"
        who = f"person{talk % PEOPLE}" if place == 0 else f"p{talk}-{place}"
        said = comment(
            f"{talk}-{place}", conversation_id=f"talk{talk}", author_id=who, parent_id=root if place else None, created_at=at,
            text="words " * 20,
        )  # fmt: skip
        yield ScoredComment(comment=said, toxicity=HOSTILE if place % 2 else FRIENDLY, scorer="bench@1")


class _Filled:
    """Writes what a worker would have written of these comments: every topic that is read, and how far each stage is."""

    def __init__(self, settings: Settings, producer: Any) -> None:
        self._producer, self._prefix = producer, settings.kafka.prefix
        config = topology_config(settings, bytes.fromhex(KEY))
        self._stages: Sequence[Stage] = topology(_Nobody(), config)[1:]
        self._stores = {(stage.name, number): stage.new_store() for stage in self._stages for number in range(PARTITIONS)}
        self._hashes = {stage.name: config_hash(*config.of(stage.name)) for stage in self._stages} | {"score": config_hash()}
        self._offsets: dict[tuple[str, int], int] = {}
        self.counts: dict[str, int] = {}

    async def take(self, some: Sequence[ScoredComment]) -> None:
        out: list[Outgoing] = []
        for scored in some:
            out += self._put(COMMENTS_RAW, scored.comment)
            out += self._put(COMMENTS_SCORED, scored)
        arrived: list[Any] = list(some)
        for stage in self._stages:
            arrived, made = self._through(stage, arrived)
            out += made
        await send_all(self._producer, [*out, *self._applied()])

    def _through(self, stage: Stage, records: Sequence[Any]) -> tuple[list[Any], list[Outgoing]]:
        outputs: list[Any] = []
        out: list[Outgoing] = []
        by_partition: dict[int, list[Any]] = {}
        for record in records:
            by_partition.setdefault(partition_of(stage.source.key(record), PARTITIONS), []).append(record)
        for number, some in sorted(by_partition.items()):
            effects = engine.Effects()
            engine.fold(stage, [Arrived(one, NOON) for one in some], self._stores[stage.name, number], effects)
            if stage.name == "alert":
                out += [Outgoing(self._name("state.alert"), number, key, value) for key, value in effects.entries.items()]
            elif stage.sink is not None:
                outputs += effects.outputs
        for record in outputs:
            assert stage.sink is not None
            out += self._put(stage.sink, record)
        return outputs, out

    def _put(self, topic: Topic, record: Any) -> list[Outgoing]:
        key = topic.key(record)
        number = partition_of(key, PARTITIONS)
        self._offsets[topic.name, number] = self._offsets.get((topic.name, number), -1) + 1
        self.counts[topic.name] = self.counts.get(topic.name, 0) + 1
        return [Outgoing(self._name(topic.name), number, key, msgspec.json.encode(record))]

    def _applied(self) -> Iterator[Outgoing]:
        for stage, source in (("score", "comments.raw"), ("address", "comments.scored"), ("pileon", "replies"), ("alert", "pileons")):
            for number in range(PARTITIONS):
                entry = Applied(self._offsets.get((source, number), -1), config=self._hashes[stage])
                yield Outgoing(self._name(state_topic(stage)), number, APPLIED, msgspec.json.encode(entry))

    def _name(self, topic: str) -> str:
        return f"{self._prefix}{topic}"


class _Nobody:
    name = "bench@1"

    def score(self, texts: Sequence[str]) -> list[Any]:
        raise AssertionError(texts)


async def _fill(settings: Settings, count: int) -> dict[str, int]:
    await create_topics(settings)
    async with started_producer(settings) as producer:
        filled, waiting = _Filled(settings, producer), list[ScoredComment]()
        for scored in _said(count):
            waiting.append(scored)
            if len(waiting) >= _AT_ONCE:
                await filled.take(waiting)
                waiting = []
        await filled.take(waiting)
    return filled.counts


def _verify(environment: dict[str, str], folder: Path, *options: str) -> None:
    command = [sys.executable, "-m", "streams", "backtest", "verify", *options, "--out", str(folder), "--force"]
    started = time.perf_counter()
    process = subprocess.Popen(command, env=os.environ | environment, stderr=subprocess.PIPE)
    assert process.stderr is not None
    said = process.stderr.read().decode()
    _, status, used = os.wait4(process.pid, 0)
    if (code := os.waitstatus_to_exitcode(status)) not in (0, 1):  # 1: the ends of cases arrived when the bench says, not the broker
        raise SystemExit(f"exit {code}: {said}")
    cpu = used.ru_utime + used.ru_stime
    name = " ".join(("verify", *options))
    print(f"  {name:<13} at most {used.ru_maxrss / 2**10:.0f} MiB, {cpu:.0f} s of CPU, {time.perf_counter() - started:.0f} s", flush=True)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--comments", type=int, nargs="+", default=[100_000, 400_000])
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        broker = EmbeddedBroker(Path(folder) / "kafka")
        address = broker.start(fetch_jars(Path(os.environ.get("THREADWATCH_JARS", ".threadwatch/kafka-jars"))))
        try:
            for count in parser.parse_args().comments:
                environment = {"THREADWATCH_KAFKA": address, "THREADWATCH_KAFKA__PREFIX": f"b{count}.", "THREADWATCH_KEY": KEY}
                counts = asyncio.run(_fill(load(environment), count))
                print(", ".join(f"{number:,} {topic}" for topic, number in counts.items()), flush=True)
                for options in ((), ("--raw",)):
                    _verify(environment | {"THREADWATCH_DATA": folder}, Path(folder) / "out", *options)
        finally:
            broker.stop()


if __name__ == "__main__":
    main()
