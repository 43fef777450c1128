"""The time that a backtest covers: event time, in steps that a chart can show."""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct

from streams.records import Comment
from streams.replay.order import arrival, as_of_then
from streams.settings import Settings, Source

MAX_STEPS: Final = 1000
"""Of one period: about as many as a chart is wide in pixels, and few enough that a year stays a small file."""
_DAY: Final = timedelta(days=1)
_MINUTES: Final = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Lateness:
    """How long after it was written a comment may arrive, per source: the larger of what the two configurations say."""

    def __init__(self, settings: Sequence[Settings]) -> None:
        self._of: dict[str, timedelta] = {}
        for name in {name for one in settings for name in one.sources}:
            self._of[name] = max(one.sources.get(name, Source()).lateness for one in settings)

    def of(self, source: str) -> timedelta:
        """Return it for a source; the usual one where neither names it."""
        return self._of.get(source, Source().lateness)


def is_late(comment: Comment, lateness: Lateness) -> bool:
    """Return whether a comment arrived too late to be counted. Estimated times are never late."""
    return not comment.created_at_is_estimated and arrival(comment) - as_of_then(comment) > lateness.of(comment.source)


def event_time(comment: Comment, lateness: Lateness) -> datetime:
    """Return when a comment was written or changed; what is estimated, ahead of its arrival or late stands where it arrived.

    So one comment from years ago, or from a wrong clock, stretches the period for nobody.
    """
    written, arrived_at = as_of_then(comment), arrival(comment)
    if comment.created_at_is_estimated or written > arrived_at or is_late(comment, lateness):
        return arrived_at
    return written


class Period(Struct, frozen=True):
    """From the first to the last event time, cut into equal steps that begin at round times."""

    start: datetime
    end: datetime
    step: timedelta

    @property
    def days(self) -> float:
        """Return its length in days, and one for less than that: a rate per day is never blown up from a few hours."""
        return max(self.end - self.start, _DAY) / _DAY

    @property
    def first(self) -> datetime:
        """Return where the first step begins: nothing has happened yet."""
        return self.start - (self.start - _EPOCH) % self.step

    @property
    def steps(self) -> int:
        """Return how many steps there are, at least one."""
        return (self.end - self.first) // self.step + 1

    def number(self, at: datetime) -> int:
        """Return the step that a time lies in, from 1; what lies outside belongs to the first or the last."""
        return min(max((at - self.first) // self.step + 1, 1), self.steps)

    def ends(self) -> Iterator[int]:
        """Yield Unix seconds: where the first step begins, then the end of each."""
        first, step = round((self.first - _EPOCH).total_seconds()), round(self.step.total_seconds())
        return iter(range(first, first + step * self.steps + 1, step))


def period(times: Collection[datetime]) -> Period:
    """Return the period of these times (at least one), in the smallest round steps of which it has at most MAX_STEPS."""
    start, end = min(times), max(times)
    for minutes in _MINUTES:
        found = Period(start, end, timedelta(minutes=minutes))
        if found.steps <= MAX_STEPS:
            return found
    weeks = -((start - end) // (timedelta(weeks=1) * (MAX_STEPS - 1)))
    return Period(start, end, timedelta(weeks=weeks))
