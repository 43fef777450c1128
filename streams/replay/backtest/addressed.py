"""The stages before the detector, once for all settings that differ behind them."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from streams.replay.addressing import BEFORE
from streams.replay.backtest.played import Rules
from streams.replay.backtest.spool import Spool, spooled
from streams.replay.order import clock_of
from streams.replay.recorded import Cut, Progress, Recorded
from streams.replay.run import TICKS_EVERY, Ticks
from streams.replay.workers import Here, Several, Stages
from streams.stages.step import Arrived
from streams.stages.targets import Target


class Addressed(Struct, frozen=True):
    """What became of comments: replies with the ticks among them, and whom they were aimed at."""

    replies: Spool
    answered: set[Target]


class _Aimed(Struct, frozen=True):
    source: str
    community: str
    target_id: str


_AIMED: Final = msgspec.json.Decoder(_Aimed).decode
_ENCODE: Final = msgspec.json.Encoder().encode


def addressed(rules: Rules, recorded: Recorded, progress: Progress, file: Path, stages: Stages | None = None) -> Addressed:
    """Run the comments through the stages before the detector, and put what comes of them into a file.

    ``stages`` makes them in other processes, one for each share; None: all is done here.
    """
    answered: set[Target] = set()
    return Addressed(spooled(_lines(rules, recorded, progress, answered, stages), file), answered)


def _lines(
    rules: Rules, recorded: Recorded, progress: Progress, answered: set[Target], stages: Stages | None
) -> Iterator[tuple[datetime, bytes]]:
    ticks, count = Ticks(TICKS_EVERY, recorded.until), 0
    with Several(stages, recorded) if stages else Here(rules.plan.stages[: len(BEFORE)], recorded) as making:
        for some in making.batches(Cut()):
            for one in some:
                for line in one.replies:
                    aimed = _AIMED(line)
                    answered.add((aimed.source, aimed.community, aimed.target_id))
                    yield from _ticked(ticks, line, clock_of(one.place))
            count += len(some)
            progress(count, recorded.count)
    if recorded.ends_at is not None:
        yield _told(ticks.tick(ticks.bounded(recorded.ends_at)))


def _ticked(ticks: Ticks, line: bytes, at: datetime) -> Iterator[tuple[datetime, bytes]]:
    if (tick := ticks.due(at)) is not None:
        yield _told(tick)
    yield at, line


def _told(tick: Arrived) -> tuple[datetime, bytes]:
    return tick.at, _ENCODE(tick.record)
