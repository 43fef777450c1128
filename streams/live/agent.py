"""A guarded Faust agent around one stage. All stages get theirs from ``stage_agent``; nothing leaves the body."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from faust.exceptions import ConsumerNotStarted

from streams.engine import Effects, Message
from streams.kafka.connection import topic_name
from streams.kafka.snapshots import by_day
from streams.live.drain import drained
from streams.live.faust_app import stage_app
from streams.live.guard import guarded
from streams.live.lanes import Lanes
from streams.live.outbox import Outbox
from streams.live.progress import Progress
from streams.live.room import Room
from streams.settings import Settings
from streams.stages.step import Stage

Watcher = Callable[[Stage, Effects, float], None]
"""Told of every batch applied: the stage, what it asked for, seconds it took."""

_WAITING = 4
"""Batches that may wait in lanes before the channel fills up."""

_END = 2**63 - 1
"""Past every offset."""


class StageAgent:
    """One stage running live: its App, its partitions, and who watches it."""

    def __init__(
        self, settings: Settings, stage: Stage, config: str, watcher: Watcher, options: "Options",
        outbox: Callable[[], Outbox] | None = None,
    ) -> None:  # fmt: skip
        """``outbox`` makes one per partition, where decisions wait for webhooks."""
        self._outbox = outbox
        self.before: Callable[[], Awaitable[None]] | None = None
        """Waited for before anything is applied: what must be known by then."""
        self.stage, self.progress = stage, Progress(stage.name)
        self.rooms: dict[int, Room] = {}
        self._settings, self._config, self._watcher, self._options = settings, config, watcher, options
        self._lanes: Lanes | None = None
        self._locks: dict[int, asyncio.Lock] = {}
        self._behind: set[int] = set()
        self._is_between = True
        """Whether we gave partitions back, or never had any, and were not given any since: the consumer may still name those of before."""
        self._given_back: int | None = None
        """The generation of the group whose partitions we gave back."""
        self._suspected: set[int] = set()
        self._batch = min(settings.worker.batch, getattr(stage, "at_most", settings.worker.batch))
        self.app = stage_app(settings, stage.name, self._batch)
        self._listen()

    def _listen(self) -> None:
        app, worker = self.app, self._settings.worker
        topic = app.topic(
            topic_name(self._settings, self.stage.source.name),
            key_serializer="raw",
            value_serializer="raw",
            key_type=bytes,
            value_type=bytes,
        )

        @app.agent(topic, name=self.stage.name, concurrency=1)
        async def agent(stream: Any) -> None:
            self._lanes = Lanes(self._guarded, self._batch, worker.batch_within.total_seconds())
            async for events in drained(stream):
                await self._lanes.put(events, at_most=_WAITING * self._batch)

        @app.on_partitions_revoked.connect
        async def revoked(_: Any, /, *gone: Iterable[Any], **__: Any) -> None:
            self._is_between, self._given_back = True, self.app.consumer_generation_id
            await guarded(f"stage {self.stage.name}, partitions revoked", self.let_go(tp.partition for tps in gone for tp in tps))

        @app.on_partitions_assigned.connect
        async def assigned(_: Any, /, *ours: Iterable[Any], **__: Any) -> None:
            others = self.rooms.keys() - {tp.partition for tps in ours for tp in tps}
            await guarded(f"stage {self.stage.name}, partitions assigned", self.let_go(others))
            self._is_between = False

    async def _guarded(self, partition: int, generation: int, messages: list[Message]) -> bool:
        self.progress.began(partition, time.monotonic())
        is_applied = await guarded(f"stage {self.stage.name}", self._apply(partition, generation, messages))
        self.progress.ended(partition, time.monotonic())
        return is_applied

    async def _apply(self, partition: int, generation: int, messages: list[Message]) -> bool:
        async with self.lock(partition):
            if not self._is_ours(partition, generation):
                return False  # revoked while they lay in a buffer: opening now would fence the new owner, who reads them
            room = await self._opened(partition)
            self._moved(partition)  # to load its state may have taken long; that is no standstill
            await self._catch_up(room, messages[0].offset)
            await self._applied(room, messages)
            return True

    async def _applied(self, room: Room, messages: Sequence[Message]) -> None:
        for some in by_day(messages):
            await room.write_down(some, partial(self._moved, room.partition))
            if self.before is not None:
                await self.before()
            started = time.perf_counter()
            self.progress.turning(room.partition)
            effects = await room.apply(some, partial(self._turned, room.partition))
            self._moved(room.partition)
            if effects is not None:
                self._watcher(self.stage, effects, time.perf_counter() - started)

    def _turned(self, partition: int) -> None:
        self.progress.turned(partition, time.monotonic())

    def _moved(self, partition: int) -> None:
        self.progress.moved(partition, time.monotonic())

    async def take_up(self) -> None:
        """Open the partitions that the group gave us before anything comes: what is due or fires there is ours to tell."""
        await asyncio.gather(*(self._take_up(partition) for partition in self._assigned() if partition not in self.rooms))

    async def _take_up(self, partition: int) -> None:
        async with self.lock(partition):
            if partition in self._assigned():
                await self._opened(partition)

    async def _opened(self, partition: int) -> Room:
        if partition not in self.rooms:
            outbox = self._outbox() if self._outbox is not None else None
            room, options = Room(self._settings, self.stage, partition, self._config, outbox), self._options
            try:
                await room.open(options.rebuild, options.accept_config, options.accept_bad_until)
                self.rooms[partition] = room
            finally:
                if partition not in self.rooms:  # asked to stop meanwhile: nobody else knows of it
                    await room.close()
            self._behind.add(partition)
        return self.rooms[partition]

    async def _catch_up(self, room: Room, until: int) -> None:
        """Before a room's first batch, apply what lies before it: Faust's commit may have run ahead of ours."""
        if room.partition in self._behind and until > room.applied.offset + 1:
            async for messages in room.missed(until, self._batch):
                await self._applied(room, messages)
        self._behind.discard(room.partition)

    async def read_undelivered(self, lags: Mapping[int, int]) -> None:
        """Read what waits where Faust, for a commit that ran ahead, delivers nothing. Told twice: it may only be slow to begin."""
        waiting = {partition for partition, lag in lags.items() if lag and partition in self._behind}
        for partition in waiting & self._suspected:
            async with self.lock(partition):
                if room := self.rooms.get(partition):
                    await self._catch_up(room, _END)
        self._suspected = waiting

    def standstills(self) -> dict[int, float]:
        """Return the seconds for which each partition held here stands still although input waits; 0 where none does."""
        is_full = self._lanes is not None and self._lanes.is_full
        return self.progress.standstills(list(self.rooms), time.monotonic(), is_full)

    def _is_ours(self, partition: int, generation: int) -> bool:
        """Return whether what was fetched in this generation of the group is ours to apply.

        While partitions change hands the consumer names those of before: a room opened then would fence its new owner, or us.
        What comes of the new generation is ours at once, though ``assigned`` may not have been told yet: nobody brings it again.
        """
        if generation in (self._given_back, None) or generation != self.app.consumer_generation_id:
            return False
        return any(tp.partition == partition for tp in self.app.consumer.assignment())

    def is_ready(self) -> bool:
        """Return whether the group has shared out its partitions, and the state of those of this worker, if any, is loaded."""
        return not self._is_between and all(partition in self.rooms for partition in self._assigned())

    def _assigned(self) -> list[int]:
        """Return the partitions that the group gave this worker; none before it has, and while they change hands."""
        if not self.app.started or self.app.rebalancing or self._is_between:
            return []
        try:
            return sorted(place.partition for place in self.app.consumer.assignment())
        except ConsumerNotStarted:
            return []

    async def looked_at(self, look: Callable[[Room], list[Any]]) -> list[Any]:
        """Return what ``look`` finds in every room held here, each while nothing changes it."""
        found: list[Any] = []
        for partition in list(self.rooms):
            async with self.lock(partition):
                if room := self.rooms.get(partition):
                    found += look(room)
        return found

    def standing(self, look: Callable[[Room], list[Any]]) -> list[Any]:
        """Return what ``look`` finds in every room held here, at once: for what a room keeps as of its last transaction.

        Who tells people waits for no lock: a transaction holds it for as long as the broker is away.
        """
        return [one for room in list(self.rooms.values()) for one in look(room)]

    def lock(self, partition: int) -> asyncio.Lock:
        """Return the lock that whoever touches a partition's room holds."""
        return self._locks.setdefault(partition, asyncio.Lock())

    async def let_go(self, partitions: Iterable[int]) -> None:
        """Close the rooms of these partitions: they are somebody else's, or we stop."""
        for partition in list(partitions):
            async with self.lock(partition):
                if room := self.rooms.pop(partition, None):
                    await room.close()


class Options:
    """What was asked for at the start of this worker."""

    def __init__(self, rebuild: bool = False, accept_config: bool = False, accept_bad_until: int = -1) -> None:
        self.rebuild, self.accept_config, self.accept_bad_until = rebuild, accept_config, accept_bad_until
