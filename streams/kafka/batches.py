"""Whole record batches, built here: one future per batch instead of one per message."""

import asyncio
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2
from msgspec import Struct


class Outgoing(Struct, frozen=True):
    """Bytes on their way to a topic's partition."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


@lru_cache(maxsize=65_536)
def partition_of(key: bytes, partitions: int) -> int:
    """Return Kafka's own choice: murmur2, sign bit off, modulo. Remembered: aiokafka's murmur2 is Python."""
    return int(murmur2(key) & 0x7FFFFFFF) % partitions


async def partitions_of(producer: AIOKafkaProducer, topic: str) -> int:
    """Return how many partitions a topic has. UnknownTopicOrPartitionError where it is not there: Kafka is not asked to make it."""
    return len(await producer.partitions_for(topic))


async def send_all(producer: AIOKafkaProducer, outgoing: Iterable[Outgoing]) -> None:
    """Write everything, in order per partition, and return once the broker has acknowledged all of it."""
    by_place: dict[tuple[str, int], list[Outgoing]] = {}
    for message in outgoing:
        by_place.setdefault((message.topic, message.partition), []).append(message)
    await asyncio.gather(*(_send_place(producer, *place, messages) for place, messages in by_place.items()))


async def _send_place(producer: AIOKafkaProducer, topic: str, partition: int, messages: list[Outgoing]) -> None:
    waiting = [await producer.send_batch(batch, topic, partition=partition) for batch in _batches(producer, messages)]
    await asyncio.gather(*waiting)


def _batches(producer: AIOKafkaProducer, messages: list[Outgoing]) -> Iterable[Any]:
    batch = producer.create_batch()
    for message in messages:
        if not _appended(batch, message):
            yield batch
            batch = producer.create_batch()
            if not _appended(batch, message):
                raise ValueError(f"a message of {len(message.value or b'')} bytes does not fit an empty batch")
    yield batch


def _appended(batch: Any, message: Outgoing) -> bool:
    return batch.append(key=message.key, value=message.value, timestamp=None, headers=list(message.headers)) is not None
