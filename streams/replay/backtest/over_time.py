"""How alerts and messages lie over the period, for a chart that a person reads: counts by hour, day or more."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from streams.replay.backtest.measures import Lived, fired
from streams.replay.backtest.period import Period
from streams.replay.backtest.played import Side

MOST: Final = 120
"""Bars of one chart: each is still some pixels wide."""
_STEPS: Final = (timedelta(hours=1), timedelta(days=1), timedelta(weeks=1))


class OverTime(Struct, frozen=True, kw_only=True):
    """Counts in equal steps of event time."""

    start: datetime
    """Where the first step begins, at a round time."""
    step_seconds: float
    alerts: dict[Side, list[int]]
    """Decisions to fire in each step."""
    pages: dict[Side, list[int]]
    """Messages that would have reached people, grouped, in each step."""


def over_time(lived: Mapping[Side, Lived], when: Period) -> OverTime:
    """Return the counts: by hour for up to five days, by day for up to 120, else by as many weeks as it takes."""
    steps = _in_steps(when)
    alerts = {side: _counted((told.at for told in fired(one.played)), steps) for side, one in lived.items()}
    pages = {side: _counted((page.at for page in one.pages), steps) for side, one in lived.items()}
    return OverTime(start=steps.first, step_seconds=steps.step.total_seconds(), alerts=alerts, pages=pages)


def _in_steps(when: Period) -> Period:
    for step in _STEPS:
        found = Period(when.start, when.end, step)
        if found.steps <= MOST:
            return found
    weeks = -((when.start - when.end) // (timedelta(weeks=1) * (MOST - 1)))
    return Period(when.start, when.end, timedelta(weeks=weeks))


def _counted(times: Iterable[datetime], steps: Period) -> list[int]:
    counts = [0] * steps.steps
    for at in times:
        counts[steps.number(at) - 1] += 1
    return counts
