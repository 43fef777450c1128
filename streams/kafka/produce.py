"""Send records of a source: idempotent producer, whole batches, keys and partitions as the topic says."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any, Final

import msgspec

from streams.kafka.batches import Outgoing, partition_of, partitions_of, send_all
from streams.kafka.connection import MAX_MESSAGE, client_options, reached, topic_name
from streams.kafka.read import missing_topic
from streams.records import Record
from streams.settings import Settings
from streams.topics import Topic

BATCH_BYTES: Final = 512 * 1024
"""A record batch counts against the topic's limit as a whole; the smallest limit is 1 MB."""
_AT_ONCE: Final = 1000
Publish = Callable[[Sequence[Any]], Awaitable[None]]


def send_records(settings: Settings, topic: Topic, records: Iterable[Record], progress: Callable[[int], None] | None = None) -> int:
    """Send every record and return how many; all are acknowledged by then. UserError if there is no broker."""
    return asyncio.run(reached(settings, send_records_async(settings, topic, records, progress)))


async def send_records_async(
    settings: Settings, topic: Topic, records: Iterable[Record], progress: Callable[[int], None] | None = None
) -> int:
    """Do what ``send_records`` says, in a running loop."""
    sent, source = 0, iter(records)
    async with publishing(settings, topic) as publish:
        while some := list(islice(source, _AT_ONCE)):
            await publish(some)
            sent += len(some)
            if progress:
                progress(len(some))
    return sent


@asynccontextmanager
async def publishing(settings: Settings, topic: Topic) -> AsyncIterator[Publish]:
    """Yield a function that sends records and comes back when the broker has acknowledged them all. UserError without the topic."""
    from aiokafka.errors import UnknownTopicOrPartitionError

    async with started_producer(settings) as producer:
        name = topic_name(settings, topic.name)
        try:
            partitions = await partitions_of(producer, name)
        except UnknownTopicOrPartitionError as error:
            raise missing_topic(name) from error

        async def publish(records: Sequence[Any]) -> None:
            await send_all(producer, (outgoing(topic, name, partitions, record) for record in records))

        yield publish


def outgoing(topic: Topic, name: str, partitions: int, record: Any) -> Outgoing:
    """Return a record as the bytes, key and partition that its topic says."""
    key = topic.key(record)
    return Outgoing(name, partition_of(key, partitions), key, msgspec.json.encode(record))


@asynccontextmanager
async def started_producer(settings: Settings) -> AsyncIterator[Any]:
    """Yield an idempotent producer, which is stopped afterwards; also when its start fails or is cancelled halfway."""
    producer = open_producer(settings)
    try:
        await producer.start()
        yield producer
    finally:
        await producer.stop()


def open_producer(settings: Settings, transactional_id: str | None = None) -> Any:
    """Return a producer (not started): idempotent, or transactional when it has an id."""
    from aiokafka import AIOKafkaProducer

    mode = {"transactional_id": transactional_id} if transactional_id else {"enable_idempotence": True}
    return AIOKafkaProducer(
        **client_options(settings),
        **mode,
        max_request_size=MAX_MESSAGE,
        max_batch_size=BATCH_BYTES,
        linger_ms=0,
        acks="all",
        transaction_timeout_ms=60_000,
    )
