"""One lane per input partition: it takes whatever waits for it, applies it as one batch, acknowledges, and comes back.

A lane that was idle begins at once. A busy one paces itself, because a transaction costs worker and broker milliseconds
whatever it holds: small batches would slow down the very supply that makes batches large. So a lane rests twice as long
as its last batch took: on a quiet machine that is little, on a loaded one batches grow until the load is carried.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from itertools import chain
from typing import Any, Final

from streams.engine import Message

Work = Callable[[int, int, list[Message]], Awaitable[bool]]
"""Applies records of one partition, fetched in one generation of the group; nothing leaves it (guard.py).

False: they are not ours any more, and stay unacknowledged.
"""

_REST: Final = 2.0
"""Rest after a batch, in times of how long it took."""


class Lanes:
    """The lanes of one agent."""

    def __init__(self, work: Work, batch: int, pace: float) -> None:
        """``batch``: records at once, at most, unless one chunk has more; a full one never waits. ``pace``: longest rest, in seconds."""
        self._work, self._batch, self._pace = work, batch, pace
        self._waiting: dict[int, deque[Any]] = {}
        self._wake: dict[int, asyncio.Event] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._room = asyncio.Event()
        self.is_full = False
        """Whether more waits than may: what comes next, of whatever partition, is not taken yet."""

    async def put(self, events: list[Any], at_most: int) -> None:
        """Hand chunks to their lanes; come back when no more than ``at_most`` records wait, so that the channel fills up instead."""
        for event in events:
            partition = event.message.partition
            if partition not in self._tasks:
                self._open(partition)
            self._waiting[partition].append(event)
            self._wake[partition].set()
        while sum(map(_records, self._waiting.values())) > at_most:
            self._room.clear()
            self.is_full = True
            await self._room.wait()
        self.is_full = False

    def _open(self, partition: int) -> None:
        self._waiting[partition], self._wake[partition] = deque(), asyncio.Event()
        self._tasks[partition] = asyncio.create_task(self._run(partition), name=f"lane {partition}")

    async def _run(self, partition: int) -> None:
        waiting, wake = self._waiting[partition], self._wake[partition]
        clock, rested = asyncio.get_running_loop().time, float("-inf")
        while True:
            await wake.wait()
            if _records(waiting) < self._batch:
                await asyncio.sleep(max(0.0, rested - clock()))
            began = clock()
            taken = self._taken(waiting)
            if not waiting:
                wake.clear()
            self._room.set()
            generation = taken[0].message.generation_id
            is_applied = await self._work(partition, generation, list(chain.from_iterable(event.message.records for event in taken)))
            rested = clock() + min(self._pace, _REST * (clock() - began))
            for event in taken if is_applied else ():
                event.ack()

    def _taken(self, waiting: deque[Any]) -> list[Any]:
        """Return the chunks of one batch: the next one, and more as long as they fit and were fetched in the same generation."""
        taken, room = [waiting.popleft()], self._batch
        room -= len(taken[0].message.records)
        generation = taken[0].message.generation_id
        while waiting and len(waiting[0].message.records) <= room and waiting[0].message.generation_id == generation:
            taken.append(waiting.popleft())
            room -= len(taken[-1].message.records)
        return taken


def _records(waiting: Iterable[Any]) -> int:
    return sum(len(event.message.records) for event in waiting)
