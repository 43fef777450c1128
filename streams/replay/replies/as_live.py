"""Who scored and who addressed what ``replies`` holds: the broker is asked, because no reply says it."""

from collections.abc import AsyncIterator

import msgspec
from msgspec import Struct

from streams.engine import APPLIED, Message, decoder_of
from streams.errors import UserError
from streams.kafka.read import Bounded, bounded
from streams.replay.recording import Live
from streams.settings import Settings
from streams.stages.decode import Unreadable
from streams.topics import COMMENTS_SCORED, state_topic

_AT_AN_END = 64
"""Offsets that are looked at for the newest record: some of them are markers of transactions."""
_OF_STATE = 4096
"""The same for an ``applied`` entry: it is the last of its batch."""


class _Applied(Struct, frozen=True):
    config: str = ""


async def as_live(settings: Settings) -> Live:
    """Return what the broker still tells of it; nothing where it does not have these topics, or they are empty."""
    scorers = {name async for message in _ends(settings, COMMENTS_SCORED.name, _AT_AN_END) if (name := _scorer(message))}
    applied = [one async for one in _newest(settings, state_topic("address"), _OF_STATE) if one.key == APPLIED and one.value]
    hashes = {msgspec.json.decode(one.value or b"", type=_Applied).config for one in applied}
    return Live(scorers=tuple(sorted(scorers)), addressing=tuple(sorted(hashes - {""})))


def _scorer(message: Message) -> str:
    try:
        scored = decoder_of(COMMENTS_SCORED)(message.value)
    except Unreadable:
        return ""
    return "" if scored.scorer == "none@0" else str(scored.scorer)  # that of a deletion


async def _ends(settings: Settings, topic: str, at_most: int) -> AsyncIterator[Message]:
    async for message in _oldest(settings, topic):
        yield message
    async for message in _newest(settings, topic, at_most):
        yield message


async def _oldest(settings: Settings, topic: str) -> AsyncIterator[Message]:
    for partition in sorted(await _bounds(settings, topic)):
        async with bounded(settings, topic, [partition]) as reading:
            async for batch in reading.in_order():
                for message in batch:
                    yield message
                break


async def _newest(settings: Settings, topic: str, at_most: int) -> AsyncIterator[Message]:
    if not (ends := await _bounds(settings, topic)):
        return
    async with bounded(settings, topic, list(ends), {partition: end - at_most for partition, end in ends.items()}) as reading:
        async for batch in reading.in_order():
            for message in batch:
                yield message


async def _bounds(settings: Settings, topic: str) -> dict[int, int]:
    try:
        async with bounded(settings, topic) as reading:
            return _filled(reading)
    except UserError:  # there is no such topic
        return {}


def _filled(reading: Bounded) -> dict[int, int]:
    return {partition: bound.end for partition, bound in reading.bounds.items() if bound.end > bound.first}
