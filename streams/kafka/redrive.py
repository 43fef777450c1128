"""Dead letters, mended or to be tried again, back to where they came from: once each, and the dead letters stay.

What was sent back is told by the topic itself: each message carries its letter's id in a header.
"""

from collections.abc import AsyncIterator, Iterable
from typing import Any, Final

from msgspec import Struct

from streams.engine import decoder_of
from streams.kafka.batches import Outgoing, partition_of, partitions_of, send_all
from streams.kafka.connection import topic_name
from streams.kafka.produce import started_producer
from streams.kafka.read import open_reader, partition_places
from streams.settings import Settings
from streams.stages.decode import Unreadable
from streams.topics import Topic

REDRIVEN_FROM: Final = "redriven-from"
"""Header of a message that was a dead letter: partition and offset of the letter."""
_CLOCKS_DIFFER_BY_MS: Final = 600_000
"""The brokers of a letter and of the message it became need not agree on the time."""


class Letter(Struct, frozen=True):
    """A dead letter as it lies in ``<topic>.dlq``: the bytes as they came, and why they are there."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: dict[str, str]
    timestamp_ms: int = 0

    @property
    def name(self) -> str:
        """Return partition and offset: what the letter is told by."""
        return f"{self.partition}:{self.offset}"


async def dead_letters(settings: Settings, topic: Topic) -> list[Letter]:
    """Return every dead letter of a topic, oldest first per partition."""
    consumer = await open_reader(settings)
    try:
        places = await partition_places(consumer, topic_name(settings, topic.dead_letters))
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        return [_letter(raw) async for raw in _up_to_now(consumer, places)]
    finally:
        await consumer.stop()


async def latest_letters(settings: Settings, topic: Topic, most: int) -> tuple[int, list[Letter]]:
    """Return about how many dead letters a topic has (holes in the log count), and the newest ``most`` of them, newest first."""
    consumer = await open_reader(settings)
    try:
        places = await partition_places(consumer, topic_name(settings, topic.dead_letters))
        consumer.assign(places)
        firsts, ends = await consumer.beginning_offsets(places), await consumer.end_offsets(places)
        for place in places:
            consumer.seek(place, max(firsts[place], ends[place] - most))
        letters = [_letter(raw) async for raw in _up_to_now(consumer, places)]
    finally:
        await consumer.stop()
    newest = sorted(letters, key=lambda letter: (letter.timestamp_ms, letter.partition, letter.offset), reverse=True)
    return sum(ends[place] - firsts[place] for place in places), newest[:most]


async def _up_to_now(consumer: Any, places: list[Any]) -> AsyncIterator[Any]:
    stops = await consumer.end_offsets(places) if places else {}
    while waiting := [place for place in places if await consumer.position(place) < stops[place]]:
        for raws in (await consumer.getmany(*waiting, timeout_ms=500)).values():
            for raw in raws:
                yield raw


def _letter(raw: Any) -> Letter:
    headers = {name: value.decode(errors="replace") for name, value in raw.headers}
    return Letter(raw.partition, raw.offset, raw.key, raw.value, headers, raw.timestamp)


async def sent_back_before(settings: Settings, topic: Topic, letters: Iterable[Letter]) -> set[str]:
    """Return the names of the letters that stand in the topic again; it is read from when the oldest letter was written."""
    since = min((letter.timestamp_ms for letter in letters), default=None)
    if since is None:
        return set()
    consumer = await open_reader(settings)
    try:
        places = await partition_places(consumer, topic_name(settings, topic.name))
        consumer.assign(places)
        later = await consumer.offsets_for_times(dict.fromkeys(places, max(0, since - _CLOCKS_DIFFER_BY_MS)))
        ends = await consumer.end_offsets(places)
        for place, found in later.items():
            consumer.seek(place, ends[place] if found is None else found.offset)
        return {
            value.decode(errors="replace")
            async for raw in _up_to_now(consumer, places)
            for name, value in raw.headers
            if name == REDRIVEN_FROM
        }
    finally:
        await consumer.stop()


class Redriven(Struct, frozen=True):
    """What became of the dead letters of a topic that were tried again."""

    sent: int
    before: int
    """Sent back before, and not again."""
    left: int
    """Still unreadable."""


async def try_again(settings: Settings, topic: Topic) -> Redriven:
    """Send back what is readable now, as it is, once."""
    letters = await dead_letters(settings, topic)
    before = await sent_back_before(settings, topic, letters)
    new = [letter for letter in letters if letter.name not in before]
    good = [(letter, letter.value) for letter in new if letter.value and is_readable(topic, letter.value)]
    return Redriven(await send_back(settings, topic, good), len(letters) - len(new), len(new) - len(good))


def is_readable(topic: Topic, value: bytes) -> bool:
    """Return whether these bytes are a record of the topic."""
    try:
        decoder_of(topic)(value)
    except Unreadable:
        return False
    return True


async def send_back(settings: Settings, topic: Topic, mended: Iterable[tuple[Letter, bytes]]) -> int:
    """Send readable bytes back to the topic, each as the letter it was; return how many.

    A letter's own name travels in a header; the stages drop a comment that comes twice.
    """
    count = 0
    async with started_producer(settings) as producer:
        name = topic_name(settings, topic.name)
        partitions = await partitions_of(producer, name)
        for letter, value in mended:
            await send_all(producer, [_outgoing(topic, name, partitions, letter, value)])
            count += 1
    return count


def _outgoing(topic: Topic, name: str, partitions: int, letter: Letter, value: bytes) -> Outgoing:
    key = topic.key(decoder_of(topic)(value))
    return Outgoing(name, partition_of(key, partitions), key, value, ((REDRIVEN_FROM, letter.name.encode()),))
