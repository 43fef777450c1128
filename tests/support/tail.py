"""Everything that an instance's topics hold, read along as it comes by one consumer: committed records only, in order."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from streams.demo.account import INPUTS
from streams.engine import APPLIED, Message
from streams.kafka.connection import topic_name
from streams.kafka.read import message_of, open_reader, partition_places, stopped
from streams.settings import Settings
from streams.topics import DEAD_LETTER_SUFFIX, PILEONS_SHADOW, state_topic

Logs = dict[tuple[str, int], list[Message]]
"""(topic, partition) → its committed messages, in the order of their offsets."""

_POLL_MS: Final = 100
_TOPICS: Final = (*(topic.name for topic in INPUTS.values()), *map(state_topic, INPUTS), PILEONS_SHADOW.name,
                  *(topic.name + DEAD_LETTER_SUFFIX for topic in INPUTS.values()))  # fmt: skip


class Tail:
    """Reads on in a task of its own until ``close``."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._prefix = len(settings.kafka.prefix)
        self._consumer: Any = None
        self._lock = asyncio.Lock()
        self._messages: Logs = {}
        self._applied: dict[tuple[str, int], int] = {}

    async def open(self) -> None:
        """Begin at the beginning of every topic that a stage reads or writes."""
        self._consumer = await open_reader(self._settings)
        places = [place for topic in _TOPICS for place in await partition_places(self._consumer, topic_name(self._settings, topic))]
        self._consumer.assign(places)
        self._messages = {(place.topic[self._prefix :], place.partition): [] for place in places}
        await self._consumer.seek_to_beginning(*places)

    async def close(self) -> None:
        """Let go."""
        if self._consumer is not None:
            await stopped(self._consumer)

    async def snapshot(self, drained: Sequence[str]) -> Logs | None:
        """Return every topic up to its end as it is now, or None while these stages have not applied all of that."""
        await self.catch_up()
        if not all(self._is_drained(stage) for stage in drained):
            return None
        before = self._sizes()
        # Once more: what a stage sent with its last batch may have become readable a moment later.
        await asyncio.sleep(0.2)
        await self.catch_up()
        return {place: list(found) for place, found in self._messages.items()} if self._sizes() == before else None

    def _sizes(self) -> list[int]:
        return list(map(len, self._messages.values()))

    def _is_drained(self, stage: str) -> bool:
        logs = {number: found for (topic, number), found in self._messages.items() if topic == INPUTS[stage].name}
        return all(not found or found[-1].offset <= self._applied.get((stage, number), -1) for number, found in logs.items())

    async def catch_up(self, within: float = 60.0) -> None:
        """Read up to the ends as they are now; transaction markers at an end count as read."""
        async with self._lock:
            consumer, deadline = self._consumer, time.monotonic() + within
            ends = await consumer.end_offsets(list(consumer.assignment()))
            while [place for place, end in ends.items() if await consumer.position(place) < end]:
                for raws in (await consumer.getmany(timeout_ms=_POLL_MS)).values():
                    self._take(list(map(message_of, raws)))
                assert time.monotonic() < deadline, "the log's end cannot be read: is a transaction left open?"

    def _take(self, messages: list[Message]) -> None:
        topic, number = messages[0].topic[self._prefix :], messages[0].partition
        self._messages[topic, number] += messages
        if topic.startswith("state."):
            for message in messages:
                if message.key == APPLIED and message.value:
                    self._applied[topic.removeprefix("state."), number] = msgspec.json.decode(message.value)["offset"]
