"""What a recording says of a site: N, and what is usual for anybody there. For those who calibrate; no reply is decided here."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.stages.esr import late_test
from streams.stages.esr.config import Config, Levels, Prior, rule
from streams.stages.esr.detector import DAY
from streams.stages.esr.membership import Seen
from streams.stages.esr.priors import Heard, Lived, fitted

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
HOSTILE: Final = 0.5
EVER: Final = 1 << 62
Times = Sequence[tuple[int, int]]
"""(from, to), microseconds."""
_SPACING: Final = rule(Config(), Levels(rate=1.0, share=1.0, diluted=1.0, surge=1.0)).spacing


class Counted(NamedTuple):
    """Those of one person's replies that count, oldest first: when they were written (microseconds), and what they are to the tests."""

    at: Ints
    x: Floats
    seen: Ints
    conversation: Ints
    is_new: NDArray[np.bool_]

    def within(self, since: int, until: int) -> "Counted":
        """Return those that were written from then on, and before then."""
        return self._of((self.at >= since) & (self.at < until))

    def without(self, times: Times) -> "Counted":
        """Return those that were written at none of these times."""
        there = np.ones(self.at.size, bool)
        for begin, end in times:
            there &= (self.at < begin) | (self.at > end)
        return self._of(there)

    def _of(self, there: NDArray[np.bool_]) -> "Counted":
        return Counted(self.at[there], self.x[there], self.seen[there], self.conversation[there], self.is_new[there])


def days_heard(people: Sequence[Counted], since: int, until: int) -> float:
    """Return the days of a time, of each pause on the whole site one at most: who records nothing has no quiet days."""
    at = np.sort(np.concatenate([one.at for one in people])) if people else np.empty(0, np.int64)
    there = at[(at >= since) & (at < until)]
    gaps = np.diff(np.concatenate([[since], there, [until]]))
    return float(np.minimum(gaps, DAY).sum()) / DAY


def staked(one: Counted) -> float:
    """Return what these replies staked on the pace, and one for the person, who is new."""
    gap = _gaps(one)
    return float((gap / (gap + _SPACING)).sum()) + bool(one.at.size)


def share_staked(one: Counted, hostile: float = HOSTILE) -> float:
    """Return what they staked on the share, weighed. ``hostile``: from what x on a reply is."""
    gap = _gaps(one)
    found, clocks = float((gap / (gap + _SPACING)).sum()) * late_test.OF_PERSON, late_test.NO_CLOCKS
    for at, x, _, talk, is_new in zip(*(column.tolist() for column in one), strict=True):
        if x >= hostile:
            found += late_test.stakes_of(clocks, talk, at, _SPACING, is_new=is_new)
        clocks = late_test.talked(clocks, talk, at, x, 0.1, 1.0, _SPACING, 1.0, is_hostile=x >= hostile)
        if is_new:
            clocks = late_test.came(clocks, at, x, 0.1, 1.0, 0.0, _SPACING, 1.0, is_hostile=x >= hostile)
    return found


def _gaps(one: Counted) -> Floats:
    """Return the pauses before all but the first; what came out of order came at once."""
    return np.diff(np.maximum.accumulate(one.at)).astype(float)


def usual_among(people: Sequence[Counted], until: int | None, hostile: float = HOSTILE) -> Prior:
    """Return what is usual among these people, by what they wrote ``until`` then (None: a day after each person's last).

    Raises ValueError where nobody was hostile or answered at all.
    """
    return fitted(
        [lived for one in people if (lived := _lived(one, until, hostile)) is not None], [day for one in people for day in _days(one)],
        [talk for one in people for talk in _talks(one)], _new(people),
    )  # fmt: skip


def _talks(one: Counted) -> list[Heard]:
    _, talk = np.unique(one.conversation, return_inverse=True)
    x = one.x
    columns = (np.bincount(talk, weights=each) for each in (np.ones_like(x), x, x * x))
    return [Heard(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def _new(every: Sequence[Counted]) -> Heard:
    x = np.concatenate([one.x[one.is_new] for one in every])
    return Heard(float(x.size), float(x.sum()), float((x * x).sum()))


def _lived(one: Counted, until: int | None, hostile: float) -> Lived | None:
    at, x, seen = one.at, one.x, one.seen
    if not at.size:
        return None
    first, later = x[seen == Seen.FIRST], x[seen == Seen.LATER]
    mass = np.concatenate([first, later[later >= hostile]])
    days = ((int(at[-1]) + DAY if until is None else until) - int(at[0])) / DAY
    sums = ((float(each.size), float(each.sum()), float((each * each).sum())) for each in (first, later))
    return Lived(days, float(mass.sum()), float((mass * mass).sum()), *next(sums), *next(sums))


def _days(one: Counted) -> list[tuple[float, float]]:
    """Return n and Σx of the first replies of each day."""
    first = one.seen == Seen.FIRST
    _, day = np.unique(one.at[first] // DAY, return_inverse=True)
    n, total = np.bincount(day, minlength=1), np.bincount(day, weights=one.x[first], minlength=1)
    return [(float(a), float(b)) for a, b in zip(n, total, strict=True) if a]
