"""One stage's hold on one input partition: its fenced producer, its state, and the last input offset applied.

Exactly once from topic to topic: one transaction holds a batch's effects, its state entries and the offset. Faust
commits the source offset later, as it likes; what is applied already is skipped, what Faust jumped over is read again.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from streams import engine
from streams.engine import APPLIED, Effects, Message
from streams.errors import UserError
from streams.kafka.applied import STATE_VERSION
from streams.kafka.batches import Outgoing, partition_of, partitions_of, send_all
from streams.kafka.connection import topic_name
from streams.kafka.produce import open_producer
from streams.kafka.read import end_offset, read_bounded
from streams.live.daily import Daily, due
from streams.live.outbox import TOPIC as OUTBOX
from streams.live.outbox import Outbox
from streams.live.stop_rule import Counted, StopRule
from streams.records import ConfigChange, Judged, Tick
from streams.settings import Settings
from streams.stages.firing import Firing, Firings, Storm
from streams.stages.step import Stage
from streams.topics import state_topic

_SCORING = ThreadPoolExecutor(1, thread_name_prefix="score")


class Applied(Struct, frozen=True):
    """How far a partition is: kept under its own key in the stage's state topic, at the input partition's number."""

    offset: int
    timestamp_ms: int = 0
    """The broker's time of that message: another one at this offset means that the topic was made anew."""
    state_version: int = STATE_VERSION
    config: str = ""
    clock_ms: int | None = None
    """Largest arrival time of a record so far, in the log's own time."""
    clock_seen_ms: int = 0
    """The broker's time of the message that carried it."""
    unreadable: Counted = Counted()
    """How much of what came last could not be read."""
    snapshot_ms: int = 0
    """The midnight of which the last snapshot was written (``live/daily.py``)."""


class Room:
    """Open it, apply batches, close it. One at a time: the lock is the caller's."""

    def __init__(self, settings: Settings, stage: Stage, partition: int, config: str, outbox: Outbox | None = None) -> None:
        self.stage, self.partition, self.outbox = stage, partition, outbox
        self._settings, self._config = settings, config
        self._source = topic_name(settings, stage.source.name)
        self._state = topic_name(settings, state_topic(stage.name))
        self._producer = open_producer(settings, f"{settings.kafka.prefix}threadwatch-{stage.name}-{partition}")
        self._partitions: dict[str, int] = {}
        self.applied = Applied(-1)
        self.store: Any = stage.new_store()
        self.told: tuple[Firing | Storm, ...] = ()
        """Of the alert stage: what its state was after the last transaction. A batch that waits for the broker is not in it."""
        self._rule = StopRule(self._where(), Counted())
        is_kept = stage.entry is not None and settings.snapshots.daily
        self._daily = Daily(settings, stage.name, partition) if is_kept else None

    async def open(self, rebuild: bool = False, accept_config: bool = False, accept_bad_until: int = -1) -> None:
        """Fence whoever held this partition, then load what they left. UserError when it is not ours to go on with.

        TooMuchUnreadable when a worker stopped here for bad input that is not accepted yet.
        """
        await self._producer.start()
        entries: dict[bytes, bytes | None] = {}
        async for batch in read_bounded(self._settings, state_topic(self.stage.name), [self.partition]):
            entries.update((message.key or b"", message.value) for message in batch)
        if (value := entries.pop(APPLIED, None)) is not None:
            self.applied = msgspec.json.decode(value, type=Applied)
        await self._check(rebuild, accept_config)
        await self._accept_bad(accept_bad_until)
        if rebuild:
            await self._rebuild(entries)
        elif self.stage.entry is not None:
            self.store = engine.load(self.stage, entries.items())
        if self.outbox is not None:
            async for batch in read_bounded(self._settings, OUTBOX, [self.partition]):
                self.outbox.take({message.key or b"": message.value for message in batch})
        self._stands()

    async def close(self) -> None:
        """Let go of the partition."""
        await self._producer.stop()

    async def _check(self, rebuild: bool, accept_config: bool) -> None:
        """Raise UserError where going on would be wrong; with ``rebuild`` start over instead."""
        if self.applied.offset < 0:
            return
        where = f"state.{self.stage.name} partition {self.partition}"
        if await self._made_anew():
            if not rebuild:
                raise UserError(
                    f"{where} has applied offset {self.applied.offset} of another {self.stage.source.name}: "
                    "the topic was made anew; start with --rebuild"
                )
            self.applied = Applied(-1)
        elif self.applied.state_version not in (STATE_VERSION, STATE_VERSION - 1) and not rebuild:
            raise UserError(f"{where} was written by another version ({self.applied.state_version}); start with --rebuild")
        elif self.applied.config != self._config and not rebuild:
            if not accept_config:
                raise UserError(
                    f"{where} was made with other {self.stage.name} settings ({self.applied.config}, now {self._config}): "
                    "go on from here with --accept-config, or fold the log again with --rebuild"
                )
            await self._note(replace(self.applied, config=self._config))

    async def _accept_bad(self, until: int) -> None:
        """Go on counting, or begin anew where what was counted is accepted: only what is there by now can be known to be bad."""
        if until < self.applied.offset or until < 0:
            self._rule = StopRule(self._where(), self.applied.unreadable, until)
            self._rule.check(self.applied.offset)
            return
        end = await end_offset(self._settings, self.stage.source.name, self.partition)
        self._rule = StopRule(self._where(), Counted(), min(until, end - 1))
        if self.applied.unreadable.stopped:
            await self._note(replace(self.applied, unreadable=Counted()))

    async def _note(self, applied: Applied, entries: Iterable[Outgoing] = ()) -> None:
        """Write how far we are, and with what, before any message comes: a quiet partition must not forget it."""
        async with self._producer.transaction():
            await send_all(self._producer, [self._entry(APPLIED, msgspec.json.encode(applied)), *entries])
        self.applied = applied

    def _where(self) -> str:
        return f"{self.stage.name}, partition {self.partition} of {self._source}"

    async def _made_anew(self) -> bool:
        source = self.stage.source.name
        if self.applied.offset >= await end_offset(self._settings, source, self.partition):
            return True
        async for batch in read_bounded(self._settings, source, [self.partition], {self.partition: self.applied.offset}):
            return batch[0].offset == self.applied.offset and batch[0].timestamp_ms != self.applied.timestamp_ms
        return False

    async def _rebuild(self, old: Iterable[bytes]) -> None:
        """Fold the log again up to where we were, sending nothing: the outputs are there, ids are functions of the input."""
        gone: dict[bytes, bytes | None] = dict.fromkeys(old)
        last = self.applied
        async for batch in read_bounded(self._settings, self.stage.source.name, [self.partition]):
            before = [message for message in batch if message.offset <= last.offset]
            gone |= engine.turn(self.stage, before, self.store).entries
        now = replace(last, config=self._config, state_version=STATE_VERSION)
        await self._note(now, [self._entry(key, value) for key, value in gone.items()])

    async def missed(self, until: int, at_most: int) -> AsyncIterator[list[Message]]:
        """Yield what lies between the last offset applied and ``until``: Faust's commit may have run ahead of ours."""
        start = {self.partition: self.applied.offset + 1}
        async for batch in read_bounded(self._settings, self.stage.source.name, [self.partition], start):
            waiting = [message for message in batch if message.offset < until]
            for first in range(0, len(waiting), at_most):
                yield waiting[first : first + at_most]

    async def apply(self, messages: Sequence[Message], turned: Callable[[], None] = lambda: None) -> Effects | None:
        """Turn the messages that are not applied yet, tell ``turned``, and write all that they ask for at once or not at all.

        TooMuchUnreadable once that is done: the dead letters are there to be looked at.
        """
        fresh = [message for message in messages if message.offset > self.applied.offset]
        if not fresh:
            return None
        effects = await self._turned(fresh)
        turned()
        self._rule.took(fresh, effects)
        applied = self._moved(fresh[-1], effects)
        outgoing = [self._entry(APPLIED, msgspec.json.encode(applied))]
        outgoing += [self._entry(key, value) for key, value in effects.entries.items()]
        outgoing += [self._dead_letter(letter) for letter in effects.dead_letters]
        outgoing += [await self._sent(send) for send in effects.sends]
        outgoing += self._to_outbox(self.outbox.planned(effects, datetime.now(UTC))) if self.outbox is not None else []
        async with self._producer.transaction():
            await send_all(self._producer, outgoing)
        self.applied = applied
        self._stands()
        self._rule.check(applied.offset)
        return effects

    def _stands(self) -> None:
        """Note that all of it stands in the log: who tells people may read it."""
        if isinstance(self.store, Firings):
            self.told = tuple(self.store.entries.values())
        if self.outbox is not None:
            self.outbox.written()

    async def write_down(self, messages: Sequence[Message], moved: Callable[[], None] = lambda: None) -> None:
        """Write the state down where these messages begin a day: once, whoever is killed meanwhile. ``moved`` is told that it gets on."""
        if self._daily is None or (day := due(self.applied, messages)) is None:
            return
        closing = await self._daily.parts(self._producer, self.applied, day, moved)
        await self._note(replace(self.applied, snapshot_ms=day), [closing])

    async def _turned(self, fresh: Sequence[Message]) -> Effects:
        """Fold here and score elsewhere: a transformer's batch takes a second, a fold milliseconds, and a hop costs more than that.

        A fold lets the loop serve others every few records: a transaction of another lane waits for it at each of its steps.
        One thread scores: a scorer is called from one at a time.
        """
        if self.stage.entry is not None:
            effects = Effects()
            for _ in engine.turning(self.stage, fresh, self.store, effects):
                await asyncio.sleep(0)
            return effects
        return await asyncio.get_running_loop().run_in_executor(_SCORING, engine.turn, self.stage, fresh, self.store)

    async def write(self, key: bytes, record: Tick | Judged | ConfigChange) -> None:
        """Write a record into our own input partition, fenced like everything else."""
        message = Outgoing(self._source, self.partition, key, msgspec.json.encode(record))
        async with self._producer.transaction():
            await send_all(self._producer, [message])

    async def post(self, entries: Mapping[bytes, bytes | None]) -> None:
        """Put entries into the outbox, or take them out where there is no value, fenced like everything else."""
        if self.outbox is not None:
            async with self._producer.transaction():
                await send_all(self._producer, self._to_outbox(entries))
            self.outbox.take(entries)

    def _to_outbox(self, entries: Mapping[bytes, bytes | None]) -> list[Outgoing]:
        name = topic_name(self._settings, OUTBOX)
        return [Outgoing(name, self.partition, key, value) for key, value in entries.items()]

    def _moved(self, last: Message, effects: Effects) -> Applied:
        clock, seen = self.applied.clock_ms, self.applied.clock_seen_ms
        if clock is not None and clock > last.timestamp_ms:
            clock = None  # a claim of before that cannot be true
        if effects.clock_ms is not None and (clock is None or effects.clock_ms >= clock):
            clock, seen = effects.clock_ms, effects.clock_seen_ms
        return Applied(
            last.offset, last.timestamp_ms, STATE_VERSION, self._config, clock, seen, self._rule.counted(), self.applied.snapshot_ms
        )

    def _entry(self, key: bytes, value: bytes | None) -> Outgoing:
        return Outgoing(self._state, self.partition, key, value)

    def _dead_letter(self, letter: engine.DeadLetter) -> Outgoing:
        message = letter.message
        headers = {
            "reason": letter.reason,
            "detail": letter.detail[:500],
            "topic": self.stage.source.name,
            "partition": str(message.partition),
            "offset": str(message.offset),
        }
        return Outgoing(
            topic_name(self._settings, self.stage.source.dead_letters),
            self.partition,
            message.key,
            message.value,
            tuple((name, text.encode()) for name, text in headers.items()),
        )

    async def _sent(self, send: engine.Send) -> Outgoing:
        name = topic_name(self._settings, send.topic)
        if name not in self._partitions:
            self._partitions[name] = await partitions_of(self._producer, name)
        partition = partition_of(send.key, self._partitions[name]) if send.partition is None else send.partition
        return Outgoing(name, partition, send.key, send.value)


def now_ms() -> int:
    """Return processing time; it exists in ``live/`` only."""
    return int(time.time() * 1000)
