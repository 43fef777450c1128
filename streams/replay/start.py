"""Where a stage's input can be replayed from so that it makes what the live stage made: a snapshot, or the log's beginning."""

from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from streams import engine
from streams.engine import moment
from streams.kafka.applied import STATE_VERSION
from streams.kafka.read import bounded
from streams.kafka.snapshots import Closing, last_whole
from streams.replay.reach import Start
from streams.settings import Settings
from streams.stages.step import Stage


class Opening(Struct, frozen=True):
    """What a stage knew of one partition of its input, and from where on it is to be replayed."""

    entries: dict[bytes, bytes]
    """Of state, as the live stage wrote them; none: it knew nothing, or nobody knows what it knew."""
    offset: int
    """The last input offset that they reflect, or that is gone: replay begins behind it. -1: nothing came before."""
    start: Start
    as_of: datetime | None = None
    """Of a snapshot: nothing that the input got from then on is in it."""
    written_at: datetime | None = None
    """Of a snapshot: when it was done; all that came of what it reflects was written before."""
    config: str = ""
    """Of a snapshot: the hash of the stage's settings that made it, as the worker's ``applied`` entry has it."""

    def store(self, stage: Stage) -> Any:
        """Return the stage's store as it was."""
        return engine.load(stage, self.entries.items())


async def opened(settings: Settings, stage: Stage, partition: int, until: datetime) -> Opening:
    """Return where to begin for what the input got from ``until`` on: the last snapshot of a midnight up to then, else the beginning.

    A snapshot that is torn, of a topic that was made anew, of another version of state, or from which the log cannot be followed any
    more, is passed over. Raises UserError where a topic is not there.
    """
    at = until if until.tzinfo else until.replace(tzinfo=UTC)
    for found in await last_whole(settings, stage.name, partition, at):
        if await _leads_on(settings, stage, partition, found.closing):
            closing = found.closing
            written_at = moment(found.written_ms)
            return Opening(found.entries, closing.offset, Start.SNAPSHOT, moment(closing.as_of_ms), written_at, closing.config)
    return await at_the_oldest(settings, stage, partition)


async def at_the_oldest(settings: Settings, stage: Stage, partition: int) -> Opening:
    """Return what is known at the oldest message that a partition of the stage's input still has."""
    async with bounded(settings, stage.source.name, [partition]) as reading:
        return before(reading.bounds[partition].first)


def before(first: int) -> Opening:
    """Return what is known before the oldest message, at the offset ``first``.

    From offset 0 nothing came before. Where retention took the beginning, what came before is not known, and the start is approximate.
    """
    return Opening({}, first - 1, Start.APPROXIMATE if first > 0 else Start.BEGINNING)


async def _leads_on(settings: Settings, stage: Stage, partition: int, closing: Closing) -> bool:
    """Return whether the log goes on from a snapshot, and is the log of which it was made."""
    if closing.state_version not in (STATE_VERSION, STATE_VERSION - 1):
        return False
    async with bounded(settings, stage.source.name, [partition], {partition: closing.offset}) as reading:
        bound = reading.bounds[partition]
        if bound.first > closing.offset + 1 or closing.offset >= bound.end:
            return False
        async for batch in reading.in_order():
            first = batch[0]
            return first.timestamp_ms == closing.timestamp_ms if first.offset == closing.offset else first.timestamp_ms >= closing.as_of_ms
    return True
