"""Invented replies in numbers: people who are answered often and seldom, some hostility, a raid now and then, ticks every hour. No text."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final

import msgspec

from streams.engine import Message
from streams.kafka.batches import partition_of
from streams.records import LinkKind, Reply, Tick
from streams.topics import REPLIES, by_target
from tests.support.recorded import write_recording

START: Final = datetime(2026, 3, 1, tzinfo=UTC)
PARTITIONS: Final = 4
_HOSTILE: Final = 0.06
_RAID_EVERY: Final = 20_000
"""Replies; a raid is twelve hostile ones in a row on one person."""
_RAID: Final = 12


def replies(count: int, a_day: int = 100_000, people: int = 20_000, seed: int = 1) -> Iterator[Reply | Tick]:
    """Yield so many replies in order of arrival, and ticks; always the same ones."""
    chance, step, hour = Random(seed), timedelta(days=1) / a_day, START
    for number in range(count):
        at = START + number * step
        if at - hour >= timedelta(hours=1):
            hour = at
            yield Tick(at=at)
        raid, place = divmod(number, _RAID_EVERY)
        is_raid = place < _RAID
        target = raid * 7 % people if is_raid else int(people * chance.random() ** 3)
        hostility = 0.85 if is_raid or chance.random() < _HOSTILE else 0.1
        yield Reply(
            source="invented", community=f"c{target % 7}", target_id=f"person-{target}", author_id=f"author-{chance.randrange(people)}",
            comment_id=f"comment-{number}", conversation_id=f"talk-{target % 500}-{number // 20_000}", toxicity=hostility,
            hostility=hostility, kind=LinkKind.PARENT, confidence=1.0,
            created_at=at - timedelta(seconds=20 * chance.random()), ingested_at=at,
        )  # fmt: skip


def over_partitions(count: int, a_day: int = 100_000, people: int = 20_000) -> Iterator[tuple[int, bytes, bytes, int]]:
    """Yield partition, key, value and milliseconds of each message: ticks stand in every partition."""
    encode = msgspec.json.Encoder().encode
    for record in replies(count, a_day, people):
        if isinstance(record, Tick):
            at, value = int(record.at.timestamp() * 1000), encode(record)
            yield from ((partition, b"tick", value, at) for partition in range(PARTITIONS))
        else:
            key = by_target(record)
            yield partition_of(key, PARTITIONS), key, encode(record), int(record.ingested_at.timestamp() * 1000)


def recorded(file: Path, count: int) -> Path:
    """Write a recording of them."""
    apart: list[list[Message]] = [[] for _ in range(PARTITIONS)]
    for partition, key, value, at in over_partitions(count):
        apart[partition].append(Message(REPLIES.name, partition, len(apart[partition]), at, key, value))
    return write_recording(file, REPLIES.name, [message for some in apart for message in some])
