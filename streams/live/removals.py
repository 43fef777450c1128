"""What is told, or given up, is taken out of the log beside everything else: a broker that is away holds up nobody who tells."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from aiokafka.errors import KafkaError, ProducerFenced

from streams.live.outbox import Delivery

_AGAIN: Final = 1.0
"""Seconds until a broker that is away is asked again."""


class Removals:
    """Remembers in memory what is done and still stands in the log. Until it is out nobody sends it again, unless the worker dies."""

    def __init__(self, agent: Any) -> None:
        self._agent, self._news = agent, asyncio.Event()
        self._waiting: dict[int, set[bytes]] = {}
        self._writing: dict[int, asyncio.Task[None]] = {}

    def add(self, partition: int, delivery: Delivery) -> None:
        """Take it out as soon as can be."""
        self._waiting.setdefault(partition, set()).add(delivery.key)
        self._news.set()

    def has(self, partition: int, delivery: Delivery) -> bool:
        """Return whether it is done, and only its removal is not written."""
        return delivery.key in self._waiting.get(partition, ())

    async def run(self) -> None:
        """Write until cancelled. What a write raised, but for a broker that is away, is raised here."""
        try:
            while True:
                self._news.clear()
                for partition in self._waiting.keys() - self._writing.keys():
                    self._writing[partition] = asyncio.create_task(self._write(partition), name=f"removals {partition}")
                    self._writing[partition].add_done_callback(lambda _: self._news.set())
                await self._news.wait()
                for partition, task in [(number, task) for number, task in self._writing.items() if task.done()]:
                    del self._writing[partition]
                    task.result()
        finally:
            for task in self._writing.values():
                task.cancel()
            await asyncio.gather(*self._writing.values(), return_exceptions=True)

    async def _write(self, partition: int) -> None:
        keys = set(self._waiting[partition])
        if not await self._is_out(partition, dict.fromkeys(keys)):
            await asyncio.sleep(_AGAIN)
            return
        self._waiting[partition] -= keys
        if not self._waiting[partition]:
            del self._waiting[partition]

    async def _is_out(self, partition: int, keys: Mapping[bytes, None]) -> bool:
        async with self._agent.lock(partition):
            room = self._agent.rooms.get(partition)
            # Where it is not ours any more another worker has it, and sends it again: with the same key.
            return room is None or await posted(room, keys)


async def posted(room: Any, entries: Mapping[bytes, bytes | None]) -> bool:
    """Write entries of a room's outbox, whose lock the caller holds; return whether they are written. False: the broker is away."""
    try:
        await room.post(entries)
    except ProducerFenced:
        raise
    except KafkaError:
        return False
    return True
