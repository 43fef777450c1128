"""Mutes in ``config``: read by workers and for replays, written by the console, forgotten with whom they were about."""

import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from streams.engine import Message, decoder_of, moment
from streams.kafka.batches import Outgoing, partition_of, partitions_of, send_all
from streams.kafka.connection import topic_name
from streams.kafka.produce import outgoing, started_producer
from streams.kafka.read import TopicMissing, read_bounded
from streams.records import ConfigRecord
from streams.settings import Settings
from streams.stages.alert_config import Mute
from streams.stages.decode import Unreadable
from streams.stages.muting import Muting, is_muting, mutes_of, muting_of, record_of, settled
from streams.topics import CONFIG

log = logging.getLogger("threadwatch.live")

KEPT: Final = timedelta(days=400)
"""So long after its end a mute is kept, as what it held."""


class Standing:
    """The mutes there are, as messages of ``config`` say them one after the other."""

    def __init__(self) -> None:
        self._said: dict[str, Muting] = {}

    @property
    def mutes(self) -> tuple[Mute, ...]:
        """Return them, in order of their names."""
        return mutes_of(self._said.values())

    @property
    def said(self) -> list[Muting]:
        """Return them with their names."""
        return list(self._said.values())

    def take(self, message: Message) -> bool:
        """Take a message in; return whether what is muted is another now. Of each name the highest version stands, until it is removed."""
        name = (message.key or b"").decode(errors="replace")
        if not is_muting(name):
            return False
        if message.value is None:
            return self._said.pop(name, None) is not None
        try:
            said = muting_of(decoder_of(CONFIG)(message.value))
        except Unreadable as unreadable:
            return _refused(message, unreadable.reason)
        if said is None or said.name != name or (said := settled(said, moment(message.timestamp_ms))) is None:
            return _refused(message, "it says no mute")
        if name in self._said and said.version < self._said[name].version:
            return False
        self._said[name] = said
        return True


def _refused(message: Message, why: str) -> bool:
    """Say where it stands: a mute that is none holds nothing back, and the one before it stands."""
    log.warning("a mute cannot be read and holds nothing: %s, partition %d, offset %d (%s)", message.topic, message.partition,
                message.offset, why)  # fmt: skip
    return False


async def with_mutes(settings: Settings) -> Settings:
    """Return settings that hold what moderators muted too. Where there is no topic ``config``, nobody muted anything."""
    return replace(settings, mutes=(*settings.mutes, *(await _standing(settings)).mutes))


async def send_mutes(settings: Settings, mutings: Iterable[Muting], now: datetime) -> list[Muting]:
    """Send those that are news, and remove those that ended long ago; return what was sent. UserError where the topic is missing.

    No version is sent twice: the log would keep the later one alone, with another time than that from which workers held it.
    """
    standing = await _standing(settings)
    known = {said.name: said.version for said in standing.said}
    new = [muting for muting in mutings if muting.version > known.get(muting.name, 0)]
    await _send(settings, new, [said.name for said in standing.said if said.mute.until < now - KEPT])
    return new


async def forget_mutes(settings: Settings, target: str) -> int:
    """Remove every mute of this person, also what says none but names them; return how many there were."""
    about: set[str] = set()
    async for message in _messages(settings):
        name = (message.key or b"").decode(errors="replace")
        (about.add if _names(message, target) else about.discard)(name)
    await _send(settings, (), sorted(about))
    return len(about)


def _names(message: Message, target: str) -> bool:
    try:
        record: ConfigRecord = decoder_of(CONFIG)(message.value)
    except Unreadable:  # removed, or no record
        return False
    return is_muting(record.name) and record.values.get("target") == target


async def _standing(settings: Settings) -> Standing:
    standing = Standing()
    async for message in _messages(settings):
        standing.take(message)
    return standing


async def _messages(settings: Settings) -> AsyncIterator[Message]:
    """Yield the messages of ``config``; none where there is no such topic."""
    with suppress(TopicMissing):
        async for batch in read_bounded(settings, CONFIG.name):
            for message in batch:
                yield message


async def _send(settings: Settings, mutings: Iterable[Muting], removed: list[str]) -> None:
    records = [record_of(muting) for muting in mutings]
    if not records and not removed:
        return
    name = topic_name(settings, CONFIG.name)
    async with started_producer(settings) as producer:
        partitions = await partitions_of(producer, name)
        gone = [Outgoing(name, partition_of(key, partitions), key, None) for key in (each.encode() for each in removed)]
        await send_all(producer, [*(outgoing(CONFIG, name, partitions, record) for record in records), *gone])
