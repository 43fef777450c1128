"""How counts grow over the steps of a period: the values of one metric family, one sample per step."""

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from itertools import accumulate, product

from streams.instruments import OTHER, closed
from streams.replay.backtest.period import Period

Labels = tuple[str, ...]


class Course:
    """Counts by label values, each label's a closed set; every combination is there from the start, at zero."""

    def __init__(self, period: Period, **sets: Iterable[str]) -> None:
        """``sets``: label → its words. A word outside counts as ``other``, where the set has that."""
        self.names = tuple(sets)
        self._period = period
        self._sets = tuple(sorted(map(str, words)) for words in sets.values())
        self._steps = {labels: [0] * (period.steps + 1) for labels in product(*self._sets)}

    def add(self, at: datetime, *labels: str, by: int = 1) -> None:
        """Count something that happened at this time."""
        known = tuple(closed(str(word), words) if OTHER in words else str(word) for word, words in zip(labels, self._sets, strict=True))
        self._steps[known][self._period.number(at)] += by

    def counted(self) -> Iterator[tuple[Labels, list[int]]]:
        """Yield label values, and what had been counted before the first step and by the end of each."""
        for labels, steps in self._steps.items():
            yield labels, list(accumulate(steps))


class Spread:
    """A histogram over the steps of a period."""

    def __init__(self, period: Period, bounds: Collection[float]) -> None:
        """``bounds``: the buckets' upper bounds, +Inf left out."""
        self.bounds = (*map(float, bounds), float("inf"))
        self._period = period
        self._buckets = [[0] * (period.steps + 1) for _ in self.bounds]
        self._sums = [0.0] * (period.steps + 1)

    def add(self, at: datetime, value: float) -> None:
        """Count a value of this time."""
        number = self._period.number(at)
        self._sums[number] += value
        for bound, steps in zip(self.bounds, self._buckets, strict=True):
            steps[number] += value <= bound

    def counted(self) -> list[list[float]]:
        """Return before the first step and by the end of each: the buckets' counts, the count of all, their sum."""
        counts = [list(accumulate(steps)) for steps in self._buckets]
        sums = [round(total, 3) for total in accumulate(self._sums)]
        return [list(row) for row in zip(*counts, counts[-1], sums, strict=True)]
