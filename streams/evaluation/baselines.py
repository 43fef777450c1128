"""What others would do with the same replies: a z-score of the last hour, and a CUSUM. Both are tuned in hindsight, as the windows are.

Both know each person's own past as the e-SR detector does: by days, without today and yesterday, with a prior for who is new.
"""

import math
from collections.abc import Iterator
from typing import Final

import numpy as np

from streams.evaluation.contestants import CASE
from streams.evaluation.site import HOSTILE, Site, Watched
from streams.evaluation.stream import DAY, HOUR
from streams.stages.esr.config import Config
from streams.stages.esr.detector import Kind
from streams.stages.esr.history import History, usual
from streams.stages.esr.membership import Seen

FLOOR: Final = 4
"""No detector here opens a case on fewer people within a day."""
Opened = list[tuple[int, Kind]]


class ZScore:
    """People hostile within a window, against as many as history expects, in standard deviations of a Poisson count."""

    def __init__(self, site: Site, deviations: float, window: int = HOUR) -> None:
        self._config, self._deviations, self._window = Config(prior=site.prior, caution_rate=0.0), deviations, window

    def __call__(self, watched: Watched) -> Opened:
        """Return when cases open."""
        recent: list[int] = []
        opened = _Cases()
        for at, pace in _hostile(watched, self._config):
            recent = [then for then in recent if then > at - self._window] + [at]
            expected = pace / DAY * self._window
            opened.look(at, is_over=len(recent) - expected >= self._deviations * math.sqrt(expected), people=len(recent))
        return opened.told


class Cusum:
    """Page's sum: each hostile person adds one, time takes ``drift`` times what is usual away; open where it passes a level."""

    def __init__(self, site: Site, drift: float, level: float) -> None:
        self._config, self._drift, self._level = Config(prior=site.prior, caution_rate=0.0), drift, level

    def __call__(self, watched: Watched) -> Opened:
        """Return when cases open."""
        total, last, people = 0.0, 0, 0
        opened = _Cases()
        for at, pace in _hostile(watched, self._config):
            total = max(0.0, total - self._drift * pace / DAY * (at - last)) + 1.0
            people = people + 1 if total > 1.0 else 1
            last = at
            opened.look(at, is_over=total >= self._level, people=people)
        return opened.told


class _Cases:
    def __init__(self) -> None:
        self.told: Opened = []
        self._until = 0

    def look(self, at: int, *, is_over: bool, people: int) -> None:
        if at >= self._until and is_over and people >= FLOOR:
            self.told.append((at, Kind.PILEON))
            self._until = at + CASE
        elif at < self._until:
            self._until = at + CASE


def _hostile(watched: Watched, config: Config) -> Iterator[tuple[int, float]]:
    """Yield when somebody was hostile for the first time of late, and how many a day are usual for this person."""
    stream = watched.stream
    counts = np.flatnonzero(watched.seen >= Seen.FIRST)
    history, pace = None, 0.0
    for at, x in zip(stream.at[counts].tolist(), stream.x[counts].tolist(), strict=True):
        day = at // DAY
        if history is None or day > history.day:
            if history is None:
                history = History(day, day)
            else:
                history.turn(day)
            pace = usual(config, history.older, history.exposure, math.sqrt)[0]
        if x >= HOSTILE:
            mass, *others = history.today
            history.today = (mass + 1.0, *others)  # type: ignore[assignment]
            yield at, pace
