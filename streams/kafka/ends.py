"""The oldest and the newest messages of a topic: what its ends tell without reading all of it."""

from collections.abc import AsyncIterator

from streams.engine import Message
from streams.kafka.read import Bound, TopicMissing, bounded
from streams.settings import Settings

AT_AN_END = 64
"""Offsets that are looked at for the newest record: some of them are markers of transactions."""


async def oldest(settings: Settings, topic: str) -> AsyncIterator[Message]:
    """Yield some of the oldest messages of each partition; none of a topic that there is not."""
    for partition in sorted(await _filled(settings, topic)):
        async with bounded(settings, topic, [partition]) as reading:
            async for batch in reading.in_order():
                for message in batch:
                    yield message
                break


async def newest(settings: Settings, topic: str, at_most: int = AT_AN_END) -> AsyncIterator[Message]:
    """Yield what stands at the last ``at_most`` offsets of each partition; none of a topic that there is not."""
    if not (filled := await _filled(settings, topic)):
        return
    start = {partition: bound.end - at_most for partition, bound in filled.items()}
    async with bounded(settings, topic, list(filled), start) as reading:
        async for batch in reading.in_order():
            for message in batch:
                yield message


async def bounds_of(settings: Settings, topic: str) -> dict[int, Bound]:
    """Return where each partition begins and ends now. UserError where there is no such topic."""
    async with bounded(settings, topic) as reading:
        return reading.bounds


async def _filled(settings: Settings, topic: str) -> dict[int, Bound]:
    try:
        found = await bounds_of(settings, topic)
    except TopicMissing:
        return {}
    return {partition: bound for partition, bound in found.items() if bound.end > bound.first}
