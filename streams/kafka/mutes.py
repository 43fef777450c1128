"""Mutes in ``config``: read for replays, written by the console, forgotten with whom they were about."""

from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from streams.kafka.batches import Outgoing, partition_of, partitions_of, send_all
from streams.kafka.connection import topic_name
from streams.kafka.follow import follow
from streams.kafka.produce import outgoing, started_producer
from streams.kafka.read import TopicMissing
from streams.records import ConfigRecord
from streams.settings import Settings
from streams.stages.muting import Muting, is_muting, mutes_of, muting_of, record_of
from streams.topics import CONFIG

KEPT: Final = timedelta(days=400)
"""So long after its end a mute is kept, as what it held."""


async def with_mutes(settings: Settings) -> Settings:
    """Return settings that hold what moderators muted too. Where there is no topic ``config``, nobody muted anything."""
    return replace(settings, mutes=(*settings.mutes, *mutes_of((await _records(settings)).values())))


async def send_mute(settings: Settings, muting: Muting, now: datetime) -> None:
    """Send one, and remove those that ended long ago. UserError where the topic is missing."""
    old = [name for name, record in (await _records(settings)).items() if _is_over(record, now - KEPT)]
    await _send(settings, [record_of(muting)], old)


async def forget_mutes(settings: Settings, target: str) -> int:
    """Remove every mute of this person; return how many there were."""
    about = [name for name, record in (await _records(settings)).items() if record.values.get("target") == target]
    await _send(settings, [], about)
    return len(about)


def _is_over(record: ConfigRecord, before: datetime) -> bool:
    said = muting_of(record)
    return said is not None and said.mute.until < before


async def _records(settings: Settings) -> dict[str, ConfigRecord]:
    """Return the latest record of each mute. A removed one is among them until the broker compacts its topic: removing twice is no harm."""
    try:
        return {record.name: record async for record in follow(settings, CONFIG, once=True) if is_muting(record.name)}
    except TopicMissing:
        return {}


async def _send(settings: Settings, records: list[ConfigRecord], removed: list[str]) -> None:
    if not records and not removed:
        return
    name = topic_name(settings, CONFIG.name)
    async with started_producer(settings) as producer:
        partitions = await partitions_of(producer, name)
        gone = [Outgoing(name, partition_of(key, partitions), key, None) for key in (each.encode() for each in removed)]
        await send_all(producer, [*(outgoing(CONFIG, name, partitions, record) for record in records), *gone])
