"""Dead letters, mended or to be tried again, back to where they came from: once each, and the dead letters stay."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from msgspec import Struct

from streams.kafka.batches import Outgoing, partition_of, partitions_of, send_all
from streams.kafka.connection import topic_name
from streams.kafka.produce import open_producer
from streams.kafka.read import open_reader, partition_places
from streams.settings import Settings
from streams.topics import Topic


class Letter(Struct, frozen=True):
    """A dead letter as it lies in ``<topic>.dlq``: the bytes as they came, and why they are there."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: dict[str, str]


async def dead_letters(settings: Settings, topic: Topic) -> list[Letter]:
    """Return every dead letter of a topic, oldest first per partition."""
    consumer = await open_reader(settings)
    try:
        places = await partition_places(consumer, topic_name(settings, topic.dead_letters))
        consumer.assign(places)
        stops = await consumer.end_offsets(places) if places else {}
        await consumer.seek_to_beginning(*places)
        letters: list[Letter] = []
        while waiting := [place for place in places if await consumer.position(place) < stops[place]]:
            for raws in (await consumer.getmany(*waiting, timeout_ms=500)).values():
                letters += [_letter(raw) for raw in raws]
        return letters
    finally:
        await consumer.stop()


def _letter(raw: Any) -> Letter:
    return Letter(raw.partition, raw.offset, raw.key, raw.value, {name: value.decode(errors="replace") for name, value in raw.headers})


async def redrive(settings: Settings, topic: Topic, letters: Iterable[Letter], mend: Callable[[bytes], bytes | None]) -> Counter[str]:
    """Send what ``mend`` makes readable back to the topic; return how many were sent back and how many cannot be.

    A letter's own id (partition and offset) travels in a header; the stages drop a comment that comes twice.
    """
    counts: Counter[str] = Counter()
    producer = open_producer(settings)
    async with producer:
        name = topic_name(settings, topic.name)
        partitions = await partitions_of(producer, name)
        for letter in letters:
            mended = mend(letter.value) if letter.value else None
            counts["sent back" if mended else "still unreadable"] += 1
            if mended:
                await send_all(producer, [_outgoing(topic, name, partitions, letter, mended)])
    return counts


def _outgoing(topic: Topic, name: str, partitions: int, letter: Letter, value: bytes) -> Outgoing:
    from streams.engine import decoder_of

    key = topic.key(decoder_of(topic)(value))
    origin = f"{letter.partition}:{letter.offset}".encode()
    return Outgoing(name, partition_of(key, partitions), key, value, (("redriven-from", origin),))
