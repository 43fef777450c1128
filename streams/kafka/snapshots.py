"""A stage's whole state, written down once a day: many parts, and one message that makes them whole.

A part is a packed list of entries under ``[midnight, offset, number]``; ``[midnight, offset, "whole"]`` has count and digest. What was
torn has no such message and is passed over; written again it has the same keys and bytes, because it is the same state.
"""

import hashlib
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import zstandard
from msgspec import Struct
from msgspec.structs import replace

from streams.engine import Message, moment
from streams.kafka.read import bounded
from streams.settings import Settings
from streams.topics import json_key, snapshots_topic

PART: Final = 256 * 1024
"""Bytes of entries after which a part is full: packed it fits a batch, whatever the entries are."""
WHOLE: Final = "whole"
_LEVEL: Final = 3
_LARGEST: Final = 64 << 20
"""No part that we write unpacks to more."""
_AROUND: Final = (timedelta(days=2), timedelta(days=30))
"""How far around a time is looked for its snapshot before all are read: written when the day began, or when a worker came to it."""
_DAY_MS: Final = 86_400_000


class Closing(Struct, frozen=True, kw_only=True):
    """What makes parts whole."""

    as_of_ms: int
    """Midnight UTC: nothing that the input got from then on is in it, and all that it got before."""
    offset: int
    """The last input offset that it reflects."""
    timestamp_ms: int
    """When the input got that message: another one at this offset means that the topic was made anew."""
    state_version: int
    config: str
    """Hash of the stage's settings, as its ``applied`` entry has it."""
    entries: int
    parts: int
    sha256: str
    """Over the packed parts, in order."""


class Snapshot(Struct, frozen=True):
    """One that is whole."""

    closing: Closing
    entries: dict[bytes, bytes]
    written_ms: int = 0
    """When the broker got what makes it whole: all that came of its input was written before."""


def midnight(timestamp_ms: int) -> int:
    """Return where the UTC day of a broker's time begins, in milliseconds."""
    return timestamp_ms - timestamp_ms % _DAY_MS


def by_day(messages: Sequence[Message]) -> Iterator[Sequence[Message]]:
    """Yield messages of one partition in runs, each of which ends before a message of a later day."""
    first = 0
    for place in range(1, len(messages)):
        if midnight(messages[place - 1].timestamp_ms) < midnight(messages[place].timestamp_ms):
            yield messages[first:place]
            first = place
    if messages:
        yield messages[first:]


def packed(entries: Mapping[bytes, bytes]) -> Iterator[bytes]:
    """Yield the entries as parts, by key: the same entries make the same bytes."""
    packer = zstandard.ZstdCompressor(level=_LEVEL)
    some: list[tuple[bytes, bytes]] = []
    size = 0
    for key in sorted(entries):
        if some and size + len(key) + len(entries[key]) > PART:
            yield packer.compress(msgspec.msgpack.encode(some))
            some, size = [], 0
        some.append((key, entries[key]))
        size += len(key) + len(entries[key])
    if some:
        yield packer.compress(msgspec.msgpack.encode(some))


def key_of(as_of_ms: int, offset: int, part: int | str) -> bytes:
    """Return the key of a part, or of what makes them whole."""
    return json_key(moment(as_of_ms).isoformat(), str(offset), str(part))


def wholes(messages: Iterable[Message]) -> Iterator[Snapshot]:
    """Yield the snapshots of one partition that are whole; what is torn, or is not what its last message says, is passed over."""
    parts: dict[tuple[str, str], dict[str, bytes]] = {}
    for message in messages:
        day, offset, part = _READ_KEY(message.key or b"")
        if part != WHOLE:
            parts.setdefault((day, offset), {})[part] = message.value or b""
        elif (found := _whole(message.value or b"", parts.pop((day, offset), {}))) is not None:
            yield replace(found, written_ms=message.timestamp_ms)


def _whole(value: bytes, parts: Mapping[str, bytes]) -> Snapshot | None:
    closing = _READ_CLOSING(value)
    in_order = [parts.get(str(number)) for number in range(closing.parts)]
    there = [part for part in in_order if part is not None]
    if len(there) < closing.parts or digest(there) != closing.sha256:
        return None
    entries = {key: value for part in there for key, value in _unpacked(part)}
    return Snapshot(closing, entries) if len(entries) == closing.entries else None


def _unpacked(part: bytes) -> list[tuple[bytes, bytes]]:
    found: list[tuple[bytes, bytes]] = _READ_PART(zstandard.ZstdDecompressor().decompress(part, max_output_size=_LARGEST))
    return found


def digest(parts: Iterable[bytes]) -> str:
    """Return the SHA-256 over parts in order."""
    found = hashlib.sha256()
    for part in parts:
        found.update(part)
    return found.hexdigest()


async def last_whole(settings: Settings, stage: str, partition: int, before: datetime) -> list[Snapshot]:
    """Return whole snapshots of midnights up to ``before``, the last first; empty where there is none.

    Those written around that time are looked at first; where there is none, all.
    """
    for around in (*_AROUND, None):
        found = {one.closing.as_of_ms: one async for one in _read(settings, stage, partition, before, around)}
        if found:
            return [found[as_of] for as_of in sorted(found, reverse=True)]
    return []


async def _read(settings: Settings, stage: str, partition: int, before: datetime, around: timedelta | None) -> AsyncIterator[Snapshot]:
    since, until = (None, None) if around is None else (before.astimezone(UTC) - around, before.astimezone(UTC) + around)
    messages: list[Message] = []
    async with bounded(settings, snapshots_topic(stage), [partition], since=since, until=until) as reading:
        async for batch in reading.in_order():
            messages += [message for message in batch if _is_up_to(message, before)]
    for found in wholes(messages):
        yield found


def _is_up_to(message: Message, before: datetime) -> bool:
    return datetime.fromisoformat(_READ_KEY(message.key or b"")[0]) <= before


_READ_KEY: Final[Any] = msgspec.json.Decoder(tuple[str, str, str]).decode
_READ_CLOSING: Final = msgspec.json.Decoder(Closing).decode
_READ_PART: Final[Any] = msgspec.msgpack.Decoder(list[tuple[bytes, bytes]]).decode
