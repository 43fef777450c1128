"""Follow a topic without a group: what comes, as it comes, committed records only."""

from collections.abc import AsyncIterator
from typing import Any

from streams.engine import decoder_of
from streams.kafka.connection import topic_name
from streams.kafka.read import message_of, open_reader, partition_places, read_bounded
from streams.settings import Settings
from streams.stages.decode import Unreadable
from streams.topics import Topic


async def follow(settings: Settings, topic: Topic, from_beginning: bool = False, once: bool = False) -> AsyncIterator[Any]:
    """Yield the topic's readable records: from its beginning or its end on; with ``once`` only up to the end as it is now."""
    if once:
        async for batch in read_bounded(settings, topic.name):
            for record in _records(topic, batch):
                yield record
        return
    consumer = await open_reader(settings)
    try:
        places = await partition_places(consumer, topic_name(settings, topic.name))
        consumer.assign(places)
        await (consumer.seek_to_beginning(*places) if from_beginning else consumer.seek_to_end(*places))
        while True:
            for raws in (await consumer.getmany(timeout_ms=500)).values():
                for record in _records(topic, [message_of(raw) for raw in raws]):
                    yield record
    finally:
        await consumer.stop()


def _records(topic: Topic, batch: list[Any]) -> list[Any]:
    read, records = decoder_of(topic), []
    for message in batch:
        try:
            records.append(read(message.value))
        except Unreadable:
            continue  # the dead-letter topic has it, with its reason
    return records
