"""``replies`` as a topic or as a recording: what partitions it has, and what they hold. It can be sent to another process."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from msgspec import UNSET, Struct

from streams.errors import UserError
from streams.kafka.connection import pulled, reached
from streams.kafka.read import Columns, bounded
from streams.packed import STDIN, damage_told
from streams.replay.held import Held, held_by_recording, looked_up
from streams.replay.parquet import is_parquet
from streams.replay.reading import Opened
from streams.replay.recording import Block, Live, Recording, is_recording
from streams.replay.replies.as_live import as_live
from streams.replay.taken import Asked
from streams.settings import Settings
from streams.topics import REPLIES

AT_ONCE = 1000
Entries = Sequence[tuple[str, str, bytes]]
"""Stage, key, entry."""


class Known(Struct, frozen=True):
    """What the live stages knew of each partition when they wrote it down (``from_snapshot``)."""

    after: Mapping[int, int]
    """Partition → the last offset that it reflects; -1: none."""
    entries: Mapping[int, Entries]
    open_pileons: int


class Part(Struct, frozen=True):
    """A partition: offsets ``[first, end)`` are asked for."""

    partition: int
    first: int
    end: int

    def __len__(self) -> int:
        """Return how many messages there can be: some offsets may hold none."""
        return max(0, self.end - self.first)


class Log(Protocol):
    """A bounded part of ``replies``. Offsets of a partition are in the order of the log; partitions know nothing of each other."""

    @property
    def parts(self) -> tuple[Part, ...]:
        """Return its partitions."""

    @property
    def live(self) -> Live:
        """Return who made it, as far as anybody knows."""

    def is_cut(self, firsts: Mapping[int, int]) -> bool:
        """Return whether the log had, or once had, something before what it gave. ``firsts``: the offset of each partition's first."""

    @property
    def name(self) -> str:
        """Return what makes it another one, for whoever goes on with it."""

    def columns(self, after: Mapping[int, int]) -> Generator[Columns, None, None]:
        """Yield what these partitions hold behind these offsets, one partition after the other."""


class LogOfPeriod(Log, Protocol):
    """One of which a period was asked for."""

    @property
    def known(self) -> Known | None:
        """Return what the stages knew before its first messages; None: nothing, or nobody knows what."""

    def held(self) -> Held:
        """Return what there is, whenever it arrived: for whoever found nothing in the period. It looks again."""


class TopicLog(Struct, frozen=True):
    """The topic, up to its end as it was when it was opened."""

    settings: Settings
    asked: Asked
    parts: tuple[Part, ...]
    live: Live
    known: Known | None = None

    def is_cut(self, firsts: Mapping[int, int]) -> bool:
        """Return whether something stands, or stood, before the period and its warm-up."""
        return any(part.first > 0 for part in self.parts)

    @property
    def name(self) -> str:
        """Return prefix, period and bounds."""
        asked, begins = self.asked, "" if self.known is None else " from snapshots"
        return f"topic {self.settings.kafka.prefix!r} {asked.first} {asked.start} {asked.end} {self.parts}{begins}"

    def held(self) -> Held:
        """Return what the topic holds now."""
        return looked_up(self.settings, REPLIES.name)

    def columns(self, after: Mapping[int, int]) -> Generator[Columns, None, None]:
        """Yield what the partitions hold. UserError where the broker has let go of what comes next."""
        yield from pulled(self.settings, self._batches(after))

    async def _batches(self, after: Mapping[int, int]) -> AsyncGenerator[Columns, None]:
        ends = {part.partition: part.end for part in self.parts}
        # From where it stood when it was opened: what stands before a period is none of it, and what retention took then is not missed.
        start = {part.partition: max(part.first, after[part.partition] + 1) for part in self.parts if part.partition in after}
        async with bounded(self.settings, REPLIES.name, sorted(after), start, ends=ends) as reading:
            for partition, bound in reading.bounds.items():
                if min(start[partition], ends[partition]) < bound.first:
                    raise UserError(f"retention has taken what comes next in {REPLIES.name} partition {partition}; start again")
            async for batch in reading.columns():
                yield batch


def open_topic(settings: Settings, asked: Asked, ends: Mapping[int, int] | None = None, known: Known | None = None) -> TopicLog:
    """Return the topic's log of a period of the broker's own times. ``ends``: where it ended when it was opened before.

    ``known``: it begins behind what that reflects. UserError where there is no such topic.
    """
    return asyncio.run(reached(settings, _opened(settings, asked, ends, known)))


async def _opened(settings: Settings, asked: Asked, ends: Mapping[int, int] | None, known: Known | None) -> TopicLog:
    start = None if known is None else {partition: offset + 1 for partition, offset in known.after.items()}
    since = asked.first if known is None else None
    async with bounded(settings, REPLIES.name, start=start, since=since, until=asked.end, ends=ends) as reading:
        parts = tuple(Part(number, bound.first, bound.end) for number, bound in sorted(reading.bounds.items()))
    return TopicLog(settings, asked, parts, await as_live(settings), known)


class RecordingLog(Struct, frozen=True):
    """A recording. Every process that reads it unpacks all of it, and checks that it is whole."""

    file: str
    asked: Asked
    parts: tuple[Part, ...]
    live: Live
    first_line: str
    """Its digest."""
    begins_cut: bool = False
    """Whether the log had something before what was recorded."""
    known: None = None
    """No state is recorded."""

    def is_cut(self, firsts: Mapping[int, int]) -> bool:
        """Return whether it had something before that, or the recording has."""
        return self.begins_cut or any(firsts.get(part.partition, part.first) > part.first for part in self.parts)

    @property
    def name(self) -> str:
        """Return what the file says, how large it is, and the period."""
        asked = self.asked
        return f"recording {self.first_line} {Path(self.file).stat().st_size} {asked.first} {asked.start} {asked.end}"

    def held(self) -> Held:
        """Return what the first line says of it."""
        with Opened(self.file) as opened, damage_told(self.file):
            return held_by_recording(opened.name, Recording(opened.stream, opened.name).header)

    def columns(self, after: Mapping[int, int]) -> Generator[Columns, None, None]:
        """Yield what the partitions hold. UserError at the end where the file is not what it was."""
        with Opened(self.file) as opened, damage_told(self.file):
            for block in Recording(opened.stream, opened.name).blocks():
                if block.partition in after and block.entries[-1].offset > after[block.partition]:
                    yield from self._of_period(block, after[block.partition])

    def _of_period(self, block: Block, after: int) -> Iterator[Columns]:
        first, end = (None if at is None else at.timestamp() * 1000 for at in (self.asked.first, self.asked.end))
        taken = [
            one
            for one in block.entries
            if one.offset > after and (first is None or one.timestamp_ms >= first) and (end is None or one.timestamp_ms < end)
        ]
        for start in range(0, len(taken), AT_ONCE):
            some = taken[start : start + AT_ONCE]
            yield Columns(block.partition, [one.offset for one in some], [one.timestamp_ms for one in some], [one.value for one in some])


def is_replies(file: str) -> bool:
    """Return whether this is a recording of ``replies`` on disk. UserError where it cannot be opened."""
    if file == STDIN or is_parquet(file):  # standard input can be read once, by one
        return False
    with Opened(file) as opened, damage_told(file):
        return is_recording(opened.stream) and Recording(opened.stream, opened.name).header.topic == REPLIES.name


def open_recording(file: str, asked: Asked) -> RecordingLog:
    """Return the log of a recording of ``replies``."""
    with Opened(file) as opened, damage_told(file):
        recording = Recording(opened.stream, opened.name)
    header = recording.header
    parts = tuple(Part(part.partition, part.start if part.first is None else part.first, part.end) for part in header.partitions)
    live = Live() if header.live is UNSET else header.live
    return RecordingLog(file, asked, parts, live, hashlib.sha256(recording.first_line).hexdigest(), recording.is_cut)
