"""The points of a grid, each by itself: shared by processes, and those that were tried before an interruption are not tried again."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

from msgspec import Struct

from streams.replay.backtest.folding import Unit, folded
from streams.replay.backtest.judged import Score, score
from streams.replay.backtest.labels import Label
from streams.replay.backtest.measures import lived as lived_of
from streams.replay.backtest.measures import measures
from streams.replay.backtest.played import Played, Rules
from streams.replay.pool import all_done
from streams.replay.recorded import Cut
from streams.replay.replies.logs import Log
from streams.settings import Settings

TOGETHER: Final = 4
"""Points that share one reading of the replies: more would share it among more, and be lost together where they are interrupted."""


class Point(Struct, frozen=True, kw_only=True):
    """What one combination comes to."""

    values: dict[str, str]
    """Setting → value, as it was asked for; nothing: the settings as they are."""
    configuration: str
    measures: dict[str, int | float | None]
    """Counts stay whole numbers when they are read again: an interrupted sweep goes on to the same bytes."""
    score: Score | None
    """Beside the labels, where there are any."""


class Some(Struct, frozen=True):
    """Points that one process tries together."""

    unit: Unit
    points: tuple[tuple[int, dict[str, str], str], ...]
    """Number, values and configuration of each, as the unit has their settings."""
    days: float
    labels: tuple[Label, ...]


Tried = Mapping[int, tuple[dict[str, str], Rules]]
"""Number → values and rules."""


def on(log: Log, tried: Tried, since_ms: float | None, days: float, labels: Sequence[Label]) -> list[Some]:
    """Return the points of a grid on replies, some together."""
    numbers = list(tried)
    return [
        Some(
            Unit(log, tuple(part.partition for part in log.parts), tuple(tried[one][1].settings for one in some), since_ms),
            tuple((one, tried[one][0], tried[one][1].plan.configuration) for one in some),
            days,
            tuple(labels),
        )
        for start in range(0, len(numbers), TOGETHER)
        if (some := numbers[start : start + TOGETHER])
    ]


def found(jobs: Sequence[Some], processes: int, told: Callable[[int], object], cut: Cut) -> dict[int, Point]:
    """Return what the points come to, by number. Where it is interrupted, those that were not tried to their end are left out."""
    done = all_done([partial(_tried, job) for job in jobs], processes, told, cut)
    return {number: point for some in done for number, point in some.items()}


def _tried(job: Some, told: Callable[[int], object], is_stopped: Callable[[], bool]) -> dict[int, Point]:
    made = folded(job.unit, told, is_stopped)
    if not made.is_whole:
        return {}
    return {
        number: _point(values, configuration, settings, played, job)
        for (number, values, configuration), settings, played in zip(job.points, job.unit.settings, made.played, strict=True)
    }


def _point(values: dict[str, str], configuration: str, settings: Settings, made: Played, job: Some) -> Point:
    lived = lived_of(made, settings.alert.storm_length)
    scored = score(job.labels, lived.cases, lived.begun) if job.labels else None
    return Point(values=values, configuration=configuration, measures=dict(measures(lived, job.days, scored)), score=scored)
