"""Bounded reads: from here to the end as it was when asked. No group, no commit, committed transactions only."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack
from typing import Any, Final

from streams.engine import Message, decoder_of
from streams.errors import UserError
from streams.kafka.connection import MAX_MESSAGE, client_options, reached, topic_name
from streams.settings import Settings
from streams.stages.decode import Unreadable
from streams.topics import COMMENTS_RAW, Topic

_POLL_MS: Final = 500


def missing_topic(name: str) -> UserError:
    """Return what is to be said where a topic is not on the broker."""
    return UserError(f"topic {name} is not on the broker: `threadwatch topics create` makes it; or is --prefix, or the broker, another?")


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
        undo.push_async_callback(consumer.stop)  # a start that fails or is cancelled halfway leaves connections behind
        await consumer.start()
        undo.pop_all()
    return consumer


async def read_bounded(
    settings: Settings, topic: str, partitions: Iterable[int] | None = None, start: Mapping[int, int] | None = None
) -> AsyncIterator[list[Message]]:
    """Yield the messages of a topic, in batches of one partition, up to the end as it is now.

    ``start`` gives the first offset per partition (default: the oldest there is). Stops on the consumer's *position*:
    transaction markers and compaction leave holes, so the last offset may never be seen.
    """
    from aiokafka import TopicPartition

    consumer = await open_reader(settings)
    try:
        name = topic_name(settings, topic)
        numbers = sorted(partitions if partitions is not None else await _partitions(consumer, name))
        places = [TopicPartition(name, number) for number in numbers]
        consumer.assign(places)
        stops = await consumer.end_offsets(places)
        await _seek(consumer, places, start or {})
        async for batch in _until(consumer, stops):
            yield batch
    finally:
        await consumer.stop()


async def end_offset(settings: Settings, topic: str, partition: int) -> int:
    """Return the offset that the next message of a partition will have."""
    from aiokafka import TopicPartition

    consumer = await open_reader(settings)
    try:
        place = TopicPartition(topic_name(settings, topic), partition)
        return int((await consumer.end_offsets([place]))[place])
    finally:
        await consumer.stop()


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


async def _seek(consumer: Any, places: list[Any], start: Mapping[int, int]) -> None:
    beginnings = await consumer.beginning_offsets(places)
    for place in places:
        consumer.seek(place, max(start.get(place.partition, 0), beginnings[place]))


async def _until(consumer: Any, stops: dict[Any, int]) -> AsyncIterator[list[Message]]:
    open_places = {place for place, stop in stops.items() if stop > 0}
    while open_places:
        for place in list(open_places):
            if await consumer.position(place) >= stops[place]:
                consumer.pause(place)
                open_places.discard(place)
        if not open_places:
            return
        found = await consumer.getmany(timeout_ms=_POLL_MS)
        for place, messages in found.items():
            batch = [message_of(raw) for raw in messages if raw.offset < stops[place]]
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
        await consumer.stop()
    read, seen = decoder_of(COMMENTS_RAW), set()
    async for batch in read_bounded(settings, COMMENTS_RAW.name, [partition_of(key, count)] if count else []):
        for message in batch:
            if message.key == key:
                try:
                    seen.add(read(message.value).comment_id)
                except Unreadable:
                    continue
    return seen
