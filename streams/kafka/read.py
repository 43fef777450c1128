"""Bounded reads: from here to the end as it was when asked. No group, no commit, committed transactions only."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from streams.engine import Message, decoder_of
from streams.errors import UserError
from streams.kafka.connection import MAX_MESSAGE, client_options, reached, topic_name
from streams.settings import Settings
from streams.stages.decode import Unreadable
from streams.topics import COMMENTS_RAW, Topic

_POLL_MS: Final = 500
_AT_ONCE: Final = 1000
"""Records of a batch: a fetch holds ten thousand, and so many objects at once are slow to make and to collect."""


class TopicMissing(UserError):
    """The broker has no topic of this name."""


def missing_topic(name: str) -> TopicMissing:
    """Return what is to be said where a topic is not on the broker."""
    return TopicMissing(f"topic {name} is not on the broker: `threadwatch topics create` makes it; or is --prefix, or the broker, another?")


async def open_reader(settings: Settings) -> Any:
    """Return a started consumer that belongs to no group and reads committed records only."""
    from aiokafka import AIOKafkaConsumer

    consumer = AIOKafkaConsumer(
        **client_options(settings),
        group_id=None,
        enable_auto_commit=False,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=MAX_MESSAGE,
        fetch_max_bytes=4 * MAX_MESSAGE,
    )
    async with AsyncExitStack() as undo:
        undo.push_async_callback(stopped, consumer)  # a start that fails or is cancelled halfway leaves connections behind
        await consumer.start()
        await asyncio.sleep(0)  # its tasks begin: one that is stopped before that would stop nothing else of the client
        undo.pop_all()
    return consumer


async def open_reader_from_the_beginning(settings: Settings, name: str) -> Any:
    """Return such a consumer at the beginning of all partitions of a topic. UserError when the broker has no such topic."""
    consumer = await open_reader(settings)
    async with AsyncExitStack() as undo:
        undo.push_async_callback(stopped, consumer)  # the broker went away meanwhile: it is tried again with another
        places = await partition_places(consumer, name)
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        undo.pop_all()
    return consumer


async def stopped(consumer: Any) -> None:
    """Stop a client. Where the broker is away aiokafka lets out that it cancelled tasks of its own: nobody cancelled us."""
    stopping = asyncio.ensure_future(consumer.stop())
    await asyncio.wait([stopping])
    if not stopping.cancelled():
        stopping.result()


class Bound(Struct, frozen=True):
    """Where a bounded read of a partition begins, and the first offset that it does not take."""

    first: int
    end: int


class Columns(Struct, frozen=True):
    """Messages of one partition, side by side: for whoever reads so many that an object for each is dear."""

    partition: int
    offsets: list[int]
    times_ms: list[Any]
    """Integers; fractions in what comes from no broker."""
    values: list[bytes | None]

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.offsets)

    def cut(self, start: int, end: int | None = None) -> "Columns":
        """Return some of them."""
        return Columns(self.partition, self.offsets[start:end], self.times_ms[start:end], self.values[start:end])


class Bounded:
    """A topic opened for one bounded read: ``bounds`` were taken once, whatever is written meanwhile."""

    def __init__(self, consumer: Any, stops: dict[Any, int], bounds: dict[int, Bound]) -> None:
        self.bounds = bounds
        self._consumer = consumer
        self._stops = stops

    @property
    def size(self) -> int:
        """Return how many offsets there are between the bounds: some may hold nothing."""
        return sum(bound.end - bound.first for bound in self.bounds.values())

    def passed(self, partition: int, offset: int) -> int:
        """Return how many of them ``in_order`` has passed once it gave this one."""
        before = sum(bound.end - bound.first for number, bound in self.bounds.items() if number < partition)
        return before + offset + 1 - self.bounds[partition].first

    async def as_it_comes(self) -> AsyncIterator[list[Message]]:
        """Yield batches of one partition each, whichever partition the broker gave first."""
        async for batch in _until(self._consumer, self._stops):
            yield batch

    async def in_order(self) -> AsyncIterator[list[Message]]:
        """Yield batches, all of one partition before the next: the same bytes on the broker come in the same order."""
        for place, stop in sorted(self._stops.items()):
            async for batch in _until(self._consumer, {place: stop}):
                yield batch

    async def columns(self) -> AsyncIterator[Columns]:
        """Yield what ``in_order`` yields, with no object of ours for a message."""
        for place, stop in sorted(self._stops.items()):
            async for raw in _fetched(self._consumer, {place: stop}):
                yield Columns(place.partition, [one.offset for one in raw], [one.timestamp for one in raw], [one.value for one in raw])


@asynccontextmanager
async def bounded(
    settings: Settings,
    topic: str,
    partitions: Iterable[int] | None = None,
    start: Mapping[int, int] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    ends: Mapping[int, int] | None = None,
) -> AsyncIterator[Bounded]:
    """Open a topic for a read up to its end as it is now.

    ``start`` gives the first offset per partition (default: the oldest there is). ``since`` and ``until`` are the broker's own
    times, on a topic with LogAppendTime: nothing that it got before or from then on. ``ends``: where each partition ended when it was
    read before, to read the same again.
    """
    from aiokafka import TopicPartition

    consumer = await open_reader(settings)
    try:
        name = topic_name(settings, topic)
        numbers = sorted(partitions if partitions is not None else await _partitions(consumer, name))
        places = [TopicPartition(name, number) for number in numbers]
        consumer.assign(places)
        now = await consumer.end_offsets(places)
        if ends is not None:
            now = {place: min(end, ends.get(place.partition, 0)) for place, end in now.items()}
        firsts = _later(await consumer.beginning_offsets(places), {place: (start or {}).get(place.partition, 0) for place in places})
        if since:
            firsts = _later(firsts, await _at(consumer, now, since))
        stops = await _at(consumer, now, until) if until else now
        for place in places:
            consumer.seek(place, firsts[place])
        bounds = {place.partition: Bound(firsts[place], max(firsts[place], stops[place])) for place in places}
        yield Bounded(consumer, {place: bounds[place.partition].end for place in places}, bounds)
    finally:
        await stopped(consumer)


async def read_bounded(
    settings: Settings, topic: str, partitions: Iterable[int] | None = None, start: Mapping[int, int] | None = None
) -> AsyncIterator[list[Message]]:
    """Yield the messages of a topic, in batches of one partition, up to the end as it is now.

    ``start`` gives the first offset per partition (default: the oldest there is). Stops on the consumer's *position*:
    transaction markers and compaction leave holes, so the last offset may never be seen.
    """
    async with bounded(settings, topic, partitions, start) as reading:
        async for batch in reading.as_it_comes():
            yield batch


async def end_offset(settings: Settings, topic: str, partition: int) -> int:
    """Return the offset that the next message of a partition will have."""
    from aiokafka import TopicPartition

    consumer = await open_reader(settings)
    try:
        place = TopicPartition(topic_name(settings, topic), partition)
        return int((await consumer.end_offsets([place]))[place])
    finally:
        await stopped(consumer)


async def partition_places(consumer: Any, name: str) -> list[Any]:
    """Return a topic's partitions, in order. UserError when the broker has no such topic."""
    from aiokafka import TopicPartition

    return [TopicPartition(name, number) for number in sorted(await _partitions(consumer, name))]


async def _partitions(consumer: Any, name: str) -> set[int]:
    """Return a topic's partition numbers, fresh from the broker: a consumer itself knows only topics that it was assigned.

    UserError where there is no such topic: an empty answer would look like a topic where nothing happened.
    """
    cluster = await consumer._client.fetch_all_metadata()  # noqa: SLF001 no public call asks for one topic
    if not (found := set(cluster.partitions_for_topic(name) or ())):
        raise missing_topic(name)
    return found


def _later(some: Mapping[Any, int], others: Mapping[Any, int]) -> dict[Any, int]:
    return {place: max(offset, others[place]) for place, offset in some.items()}


async def _at(consumer: Any, ends: Mapping[Any, int], at: datetime) -> dict[Any, int]:
    """Return the offset of the first message that each partition got at this time or later; its end where there is none."""
    asked = dict.fromkeys(ends, max(0, int(at.timestamp() * 1000)))
    found = await consumer.offsets_for_times(asked)
    return {place: min(end, found[place].offset) if found.get(place) else end for place, end in ends.items()}


async def _until(consumer: Any, stops: dict[Any, int]) -> AsyncIterator[list[Message]]:
    async for raw in _fetched(consumer, stops):
        yield [message_of(one) for one in raw]


async def _fetched(consumer: Any, stops: dict[Any, int]) -> AsyncIterator[list[Any]]:
    open_places = {place for place, stop in stops.items() if stop > 0}
    while open_places:
        for place in list(open_places):
            if await consumer.position(place) >= stops[place]:
                consumer.pause(place)
                open_places.discard(place)
        if not open_places:
            return
        found = await consumer.getmany(*open_places, timeout_ms=_POLL_MS, max_records=_AT_ONCE)
        for place, messages in found.items():
            batch = messages if messages[-1].offset < stops[place] else [one for one in messages if one.offset < stops[place]]
            if batch:
                yield batch


def message_of(raw: Any) -> Message:
    """Return aiokafka's record as ours."""
    return Message(raw.topic, raw.partition, raw.offset, raw.timestamp, raw.key, raw.value)


async def read_records(settings: Settings, topic: Topic) -> list[Any]:
    """Return every readable record of a topic, in partition order; for small topics and for tests."""
    read, records = decoder_of(topic), []
    async for batch in read_bounded(settings, topic.name):
        for message in batch:
            try:
                records.append(read(message.value))
            except Unreadable:
                continue  # what cannot be read is in the dead-letter topic, with its reason
    return records


def seen_comment_ids(settings: Settings, source: str, community: str, conversation_id: str) -> set[str]:
    """Return the ids of a conversation's comments that are in ``comments.raw`` already."""
    return asyncio.run(reached(settings, _seen(settings, (source, community, conversation_id))))


async def _seen(settings: Settings, wanted: tuple[str, str, str]) -> set[str]:
    from streams.kafka.batches import partition_of
    from streams.topics import json_key

    key = json_key(*wanted)
    consumer = await open_reader(settings)
    try:
        count = len(await _partitions(consumer, topic_name(settings, COMMENTS_RAW.name)))
    finally:
        await stopped(consumer)
    read, seen = decoder_of(COMMENTS_RAW), set()
    async for batch in read_bounded(settings, COMMENTS_RAW.name, [partition_of(key, count)] if count else []):
        for message in batch:
            if message.key == key:
                try:
                    seen.add(read(message.value).comment_id)
                except Unreadable:
                    continue
    return seen
