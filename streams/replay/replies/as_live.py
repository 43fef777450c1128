"""Who scored and who addressed what ``replies`` holds: the broker is asked, because no reply says it."""

from collections.abc import AsyncIterator

from streams.engine import Message, decoder_of
from streams.kafka.applied import said_in
from streams.kafka.ends import newest, oldest
from streams.replay.recording import Live
from streams.settings import Settings
from streams.stages.decode import Unreadable
from streams.topics import COMMENTS_SCORED, state_topic

_OF_STATE = 4096
"""Offsets that are looked at for the newest ``applied`` entry: it is the last of its batch."""


async def as_live(settings: Settings) -> Live:
    """Return what the broker still tells of it; nothing where it does not have these topics, or they are empty."""
    scorers = {name async for message in _ends(settings, COMMENTS_SCORED.name) if (name := _scorer(message))}
    hashes = {said.config async for message in newest(settings, state_topic("address"), _OF_STATE) if (said := said_in(message))}
    return Live(scorers=tuple(sorted(scorers)), addressing=tuple(sorted(hashes - {""})))


def _scorer(message: Message) -> str:
    try:
        scored = decoder_of(COMMENTS_SCORED)(message.value)
    except Unreadable:
        return ""
    return "" if scored.scorer == "none@0" else str(scored.scorer)  # that of a deletion


async def _ends(settings: Settings, topic: str) -> AsyncIterator[Message]:
    async for message in oldest(settings, topic):
        yield message
    async for message in newest(settings, topic):
        yield message
