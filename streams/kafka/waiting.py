"""What waits: messages between what is applied and the end of the log, transaction markers left out.

An end offset counts markers, so a drained partition of a transactional topic never looks drained by arithmetic alone:
where the difference is small, the records behind it are looked at.
"""

from typing import Any, Final

from aiokafka import TopicPartition

from streams.engine import Message
from streams.kafka.connection import topic_name
from streams.kafka.read import message_of, open_reader, partition_places
from streams.settings import Settings

_SURELY_RECORDS: Final = 64
_POLL_MS: Final = 300


class Probe:
    """Looks at logs from outside any group. One consumer, used by one task at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._consumer: Any = None
        self._known: dict[tuple[str, int], tuple[int, int, int]] = {}

    async def open(self) -> None:
        """Connect."""
        self._consumer = await open_reader(self._settings)

    async def close(self) -> None:
        """Let go."""
        if self._consumer is not None:
            await self._consumer.stop()

    async def lags(self, topic: str, applied: dict[int, int]) -> dict[int, int]:
        """Return messages waiting per partition, given the last offset applied in each."""
        places = {number: self.place(topic, number) for number in applied}
        for place in places.values():
            self._look_only_at(place)
        ends = await self._consumer.end_offsets(list(places.values())) if places else {}
        return {number: await self._lag(place, applied[number] + 1, ends[place]) for number, place in places.items()}

    async def partitions(self, topic: str) -> list[int]:
        """Return the numbers of a topic's partitions."""
        return [place.partition for place in await partition_places(self._consumer, topic_name(self._settings, topic))]

    async def firsts(self, topic: str) -> dict[int, int]:
        """Return the oldest offset that there is in each of a topic's partitions."""
        places = await partition_places(self._consumer, topic_name(self._settings, topic))
        return {place.partition: first for place, first in (await self._consumer.beginning_offsets(places)).items()}

    def place(self, topic: str, partition: int) -> TopicPartition:
        """Return a partition by the name it has on the broker."""
        return TopicPartition(topic_name(self._settings, topic), partition)

    async def _lag(self, place: TopicPartition, start: int, end: int) -> int:
        if end - start > _SURELY_RECORDS or end <= start:
            return max(0, end - start)
        known = self._known.get((place.topic, place.partition))
        if known is None or known[:2] != (start, end):
            known = (start, end, len(await self.between(place, start, end)))
            self._known[place.topic, place.partition] = known
        return known[2]

    async def between(self, place: TopicPartition, start: int, end: int, at_most: int = _SURELY_RECORDS) -> list[Message]:
        """Return the first records from ``start`` up to ``end``, markers left out."""
        consumer = self._consumer
        found: list[Message] = []
        self._look_only_at(place)
        consumer.seek(place, start)
        while len(found) < at_most and await consumer.position(place) < end:
            raws = (await consumer.getmany(place, timeout_ms=_POLL_MS, max_records=at_most)).get(place, [])
            found += [message_of(raw) for raw in raws if raw.offset < end]
            if not raws and await consumer.position(place) < end:
                break  # an open transaction: nothing more can be read yet
        consumer.pause(place)
        return found

    def _look_only_at(self, place: TopicPartition) -> None:
        """Fetch from this partition alone. The assignment only ever grows: a new one would forget the others' leaders."""
        held = self._consumer.assignment()
        if place not in held:
            self._consumer.assign([*held, place])
            held = self._consumer.assignment()
        self._consumer.pause(*held)
        self._consumer.resume(place)

    async def end(self, place: TopicPartition) -> int:
        """Return the offset that the partition's next message will have."""
        return int((await self._consumer.end_offsets([place]))[place])
