"""One instance of the program on the broker: topics of its own, its workers, and what the topics hold afterwards."""

import asyncio
import inspect
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from uuid import uuid4

import msgspec
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from streams.demo.children import WorkerProcess
from streams.engine import APPLIED, Message, decoder_of, load, moment
from streams.kafka.admin import create_topics, delete_topics
from streams.kafka.batches import Outgoing, partition_of, partitions_of, send_all
from streams.kafka.connection import client_options, topic_name
from streams.kafka.produce import send_records_async, started_producer
from streams.records import Comment, Reply
from streams.scorers import Scorer, open_scorer
from streams.settings import Settings, topology_config
from streams.settings import load as load_settings
from streams.stages.decode import Unreadable
from streams.stages.step import Arrived, Stage
from streams.topics import COMMENTS_RAW, PILEONS, REPLIES, Topic, state_topic
from streams.topology import topology
from tests.support import oracle
from tests.support.tail import Logs, Tail

KEY: Final = "5a" * 32
PATIENCE: Final = 60.0
"""Seconds after which what should have happened is held not to happen. No test measures a time."""
ALL: Final = ("score", "address", "pileon", "alert")

_SCORERS: dict[str, Scorer] = {}


async def until(what: str, holds: Callable[[], Any], within: float = PATIENCE, every: float = 0.2) -> Any:
    """Return the first true answer of ``holds`` (awaited where it must be); fail with ``what`` after ``within`` seconds."""
    deadline = time.monotonic() + within
    while True:
        answer = holds()
        if inspect.isawaitable(answer):
            answer = await answer
        if answer:
            return answer
        assert time.monotonic() < deadline, f"not within {within:.0f} s: {what}"
        await asyncio.sleep(every)


class Worker(WorkerProcess):
    """A worker under a supervisor, which a test can stop, stall and kill."""

    def __init__(self, environment: dict[str, str], log: Path, arguments: tuple[str, ...]) -> None:
        super().__init__(environment, log, arguments)
        self.log = log

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the worker itself; its supervisor sees what becomes of it."""
        assert self._process is not None
        self._process.send_signal(number)

    async def exited(self) -> int:
        """Return the exit code that its supervisor would not restart; 0 after SIGTERM."""
        await until(f"the worker ends; it last said: {self.last_words()}", lambda: self.gave_up is not None)
        assert self.gave_up is not None
        return self.gave_up

    def said(self) -> list[str]:
        """Return the lines of its log."""
        return self.log.read_text(errors="replace").splitlines() if self.log.exists() else []

    async def came_up(self, times: int = 1) -> str:
        """Return the address of its web server once it listened so often (it listens again after each restart)."""
        await until(f"the worker listens; it last said: {self.said()[-1:]}", lambda: self._alive() and self._listened() >= times)
        return str(self.metrics())

    def _listened(self) -> int:
        return sum("metrics http" in line for line in self.said())

    def _alive(self) -> bool:
        self.check()
        return True

    async def ready(self) -> str:
        """Return its address once every stage has partitions."""
        address = await self.came_up()
        await until("the worker is ready", lambda: asyncio.to_thread(answers, f"{self.metrics()}/readyz"))
        return address


def answers(url: str) -> str:
    """Return what an address answers with 200, else nothing."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return str(answer.read().decode()) if answer.status == 200 else ""
    except (urllib.error.URLError, OSError):
        return ""


class Live:
    """Use as an async context manager: the topics are made, in the end workers are stopped and the topics deleted."""

    def __init__(self, broker: str, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.environment = {
            "THREADWATCH_KAFKA": broker, "THREADWATCH_KAFKA__PREFIX": f"t{uuid4().hex[:10]}.", "THREADWATCH_KEY": KEY,
            "THREADWATCH_DATA": str(folder),
            "THREADWATCH_ALERT__STALE_AFTER": "P36500D",  # most recordings are of 2024, and are to be told
        } | dict(environment)  # fmt: skip
        self.settings: Settings = load_settings(self.environment)
        self.workers: list[Worker] = []
        self._tail = Tail(self.settings)
        self._logs: Logs = {}

    async def __aenter__(self) -> Self:
        self.folder.mkdir(parents=True)
        await create_topics(self.settings)
        await self._tail.open()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._tail.close()
        await asyncio.gather(*(asyncio.to_thread(worker.stop) for worker in self.workers))
        if error is not None:
            for worker in self.workers:
                sys.stderr.write("\n".join([f"--- {worker.log}", *worker.said()[-60:], ""]))
        await delete_topics(self.settings)

    # Workers

    def worker(self, *arguments: str, make: Callable[..., Worker] = Worker, **environment: str) -> Worker:
        """Start one more worker."""
        made = make(self.environment | environment, self.folder / f"worker-{len(self.workers)}.log", arguments)
        self.workers.append(made)
        made.start()
        return made

    async def command(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run one command to its end, on this instance's topics."""
        return await asyncio.to_thread(
            subprocess.run, [sys.executable, "-m", "streams", *arguments], env=os.environ | self.environment, capture_output=True,
            text=True, check=False, stdin=subprocess.DEVNULL, timeout=PATIENCE,
        )  # fmt: skip

    # What goes in

    async def send(self, comments: Iterable[Comment]) -> None:
        """Send comments as a source would."""
        await send_records_async(self.settings, COMMENTS_RAW, comments)

    async def put(self, topic: Topic, values: Iterable[tuple[bytes | None, bytes | None]]) -> None:
        """Send bytes as somebody would who does not use our sources: (key, value), in order."""
        async with started_producer(self.settings) as producer:
            name = topic_name(self.settings, topic.name)
            count = await partitions_of(producer, name)
            await send_all(producer, [Outgoing(name, partition_of(key or b"", count), key, value) for key, value in values])

    async def forget_before(self, topic: str, offsets: Mapping[int, int]) -> None:
        """Let the broker lose what stands before these offsets (partition → offset; -1: all), as retention does."""
        admin, name = AIOKafkaAdminClient(**client_options(self.settings)), topic_name(self.settings, topic)
        await admin.start()
        try:
            await admin.delete_records({TopicPartition(name, number): RecordsToDelete(offset) for number, offset in offsets.items()})
        finally:
            await admin.close()

    async def put_lines(self, lines: Sequence[bytes]) -> None:
        """Send a recording's lines, each to its conversation's partition; what cannot be read has no key."""
        await self.put(COMMENTS_RAW, [(_key(line), line) for line in lines])

    # What came out

    def log(self, topic: str) -> list[list[Message]]:
        """Return a topic's messages as of the last ``settled``, per partition by offset; partitions without any are left out."""
        return [messages for (name, _), messages in sorted(self._logs.items()) if name == topic and messages]

    def records(self, topic: Topic) -> list[Any]:
        """Return a topic's readable records."""
        return [one.record for partition in self.arrived(topic) for one in partition]

    def arrived(self, topic: Topic) -> list[list[Arrived]]:
        """Return a topic's readable records as a stage gets them, per partition."""
        return [list(_readable(topic, partition)) for partition in self.log(topic.name)]

    def dead(self, topic: Topic) -> list[bytes | None]:
        """Return the bytes of the dead letters of a topic."""
        return [message.value for partition in self.log(topic.dead_letters) for message in partition]

    async def settled(self, stages: Sequence[str] = ALL, within: float = PATIENCE) -> None:
        """Wait until these stages have applied all that is in their topics, and hold fast what the topics hold then."""
        await until(f"{', '.join(stages)} have no input left", lambda: self._drained(stages), within)

    async def at_rest(self, stages: Sequence[str] = ALL) -> None:
        """Wait until nothing is written any more, the ticks neither that end what silence must end: what reads twice finds the same."""
        await self.settled(stages)
        written = -1
        while written != (written := sum(map(len, self._logs.values()))):
            await asyncio.sleep(self.settings.worker.tick_every.total_seconds() + 1)
            await self.settled(stages)

    async def _drained(self, stages: Sequence[str]) -> bool:
        for worker in self.workers:
            if worker.gave_up not in (None, 0):
                worker.check()
        found = await self._tail.snapshot(stages)
        self._logs = found or self._logs
        return found is not None

    async def committed(self, stage: str) -> dict[int, int]:
        """Return the offsets that the stage's group has committed, per input partition."""
        admin = AIOKafkaAdminClient(**client_options(self.settings))
        await admin.start()
        try:
            found = await admin.list_consumer_group_offsets(f"{self.settings.kafka.prefix}threadwatch.{stage}")
        finally:
            await admin.close()
        return {place.partition: offset.offset for place, offset in found.items()}

    # What must hold

    def stages(self) -> tuple[Stage, ...]:
        """Return the very stages that run live."""
        scorer = _SCORERS.setdefault(self.settings.scorer, open_scorer(self.settings.scorer))
        return topology(scorer, topology_config(self.settings, bytes.fromhex(KEY)))

    def check(self, names: Sequence[str] = ALL) -> dict[str, oracle.Account]:
        """Hold every stage against an offline fold of its own input log: nothing lost, nothing doubled, the same state."""
        stages = {stage.name: stage for stage in self.stages()}
        return {name: self._checked(stages[name]) for name in names}

    def _checked(self, stage: Stage) -> oracle.Account:
        logs = self.arrived(stage.source)
        account = oracle.Account()
        if stage.name == "score":
            raw = [message.value for partition in self.log(COMMENTS_RAW.name) for message in partition]
            oracle.check_raw(raw, self.sent_by(stage), self.dead(COMMENTS_RAW))
        elif stage.name == "address":
            account = oracle.check_scored(stage, logs, self.sent_by(stage))
        elif stage.name == "pileon":
            account = oracle.check_replies(stage, logs, self.sent_by(stage))
        self._check_state(stage)
        return account

    def sent_by(self, stage: Stage) -> list[Any]:
        """Return the records that a stage sent: what stands in its sink, ticks left out."""
        assert stage.sink is not None
        records = self.records(stage.sink)
        return [record for record in records if isinstance(record, Reply)] if stage.sink.name == REPLIES.name else records

    def _check_state(self, stage: Stage) -> None:
        if stage.entry is None:
            return
        for partition in self.log(stage.source.name):
            number = partition[0].partition
            expected = oracle.state_of(stage, list(_readable(stage.source, partition)))
            found = self.state(stage.name, number)
            wrong = {
                key: (found.get(key), expected.get(key)) for key in found.keys() | expected.keys() if found.get(key) != expected.get(key)
            }
            assert not wrong, (
                f"state.{stage.name} partition {number} is not what its input makes (found, expected): {list(wrong.items())[:3]}"
            )

    def state(self, stage: str, partition: int) -> dict[bytes, bytes]:
        """Return the state entries of one input partition, as a worker would load them."""
        log = next((log for log in self.log(state_topic(stage)) if log[0].partition == partition), [])
        entries = {message.key or b"": message.value for message in log}
        return {key: value for key, value in entries.items() if value is not None and key != APPLIED}

    def firing(self) -> list[Any]:
        """Return what the alert stage's state says of every pile-on and storm."""
        stage = self.stages()[3]
        partitions = [self.state(stage.name, number) for number in range(4)]
        return [entry for state in partitions for entry in load(stage, state.items()).entries.values()]

    def pileons(self) -> list[Any]:
        """Return every transition."""
        return self.records(PILEONS)


def _readable(topic: Topic, messages: Iterable[Message]) -> Iterable[Arrived]:
    read = decoder_of(topic)
    for message in messages:
        try:
            yield Arrived(read(message.value), moment(message.timestamp_ms), message.key)
        except Unreadable:
            continue


def _key(line: bytes) -> bytes | None:
    try:
        return COMMENTS_RAW.key(msgspec.json.decode(line, type=Comment))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None


__all__ = ["ALL", "KEY", "PATIENCE", "Live", "Worker", "answers", "until"]
