"""With what state a partition's fold begins, and whether that is all there was: the one place that knows."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from msgspec import Struct

from streams.replay import start as starts
from streams.replay.reach import Start
from streams.replay.taken import Asked
from streams.settings import Settings
from streams.stages.step import Stage
from streams.topics import snapshots_topic

MARGIN: Final = timedelta(hours=1)
"""So much earlier than the period the fold begins, and so much later it ends: brokers' clocks differ, and what fired in the period had
its input before."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Opening(Struct, frozen=True, kw_only=True):
    """The state before the first message that is folded."""

    store: Any
    start: Start
    first: int
    """The first offset that is folded."""
    as_of: datetime | None = None
    """Of a snapshot: the midnight whose state it is."""
    written_at: datetime | None = None
    """Of a snapshot: when it was done; what came of what it reflects was written before."""
    entries: Mapping[bytes, bytes] = {}
    """Of a snapshot: what that state is made of."""

    @property
    def is_approximate(self) -> bool:
        """Return whether something before that message is missing: equality is claimed only where it is False."""
        return self.start is Start.APPROXIMATE


class Began(Struct, frozen=True, kw_only=True):
    """A line of ``starts`` in ``verify.json``: where a partition's fold began, and the record that proves that this is exact."""

    partition: int
    start: Start
    first: int
    """The first offset of ``replies`` that was folded."""
    as_of: datetime | None = None
    written_at: datetime | None = None
    """Of a snapshot: when it was done."""
    proof: str = ""


def at_the_first(stage: Stage, first: int) -> Opening:
    """Return how a fold from the oldest message that there is, at the offset ``first``, begins."""
    return _opening(stage, starts.before(first))


async def opening(settings: Settings, stage: Stage, partition: int, asked: Asked) -> Opening:
    """Return how a partition's fold for this period begins: with the last snapshot well before it, else at the first message."""
    if asked.start is not None and asked.start - _EPOCH > MARGIN:
        return _opening(stage, await starts.opened(settings, stage, partition, asked.start - MARGIN))
    return _opening(stage, await starts.at_the_oldest(settings, stage, partition))


def _opening(stage: Stage, found: starts.Opening) -> Opening:
    return Opening(
        store=found.store(stage), start=found.start, first=found.offset + 1, as_of=found.as_of, written_at=found.written_at,
        entries=found.entries,
    )  # fmt: skip


def began(stage: Stage, partition: int, opened: Opening) -> Began:
    """Return what is to be told of a fold's beginning."""
    proof = f"{stage.source.name} partition {partition} begins at offset {opened.first}"
    if opened.as_of is not None:
        key = f"[{opened.as_of.isoformat()}, {opened.first - 1}, whole]"
        proof = f"{snapshots_topic(stage.name)} partition {partition}, key {key}"
    return Began(partition=partition, start=opened.start, first=opened.first, as_of=opened.as_of, written_at=opened.written_at, proof=proof)
