"""What looks like a pile-on, though nobody judged it: it would teach that raids are usual, and the detector would see none. Pure."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from streams.replay.calibrate.replayed import Person
from streams.stages.esr.learning import Counted, Times
from streams.stages.esr.membership import Seen

HOUR: Final = 3_600_000_000
_LOOKS: Final = ((1.25, 0.8), (2.0, 0.6))
"""At least so many times the least people, and so much of what was answered: five of six, or eight of thirteen."""
_TIMES_USUAL: Final = 3.0
"""And so many times what is usual. Harsh hours that come by chance stay: on a simulated site to which nothing is done nothing is left out,
and on one that is always harsh neither."""


class Burst(NamedTuple):
    """A time in which so many people were hostile within each hour, and how many answered in it."""

    begin: int
    end: int
    hostile: int
    answering: int

    @property
    def share(self) -> float:
        """Return the hostile share of it."""
        return self.hostile / self.answering


def bursts(one: Counted, hostile: float, people: int) -> list[Burst]:
    """Return them: ``people`` were hostile within an hour, each counted once a day."""
    first = one.seen == Seen.FIRST
    at, every = np.sort(one.at[first & (one.x >= hostile)]), np.sort(one.at[first])
    if at.size < people:
        return []
    begins = np.flatnonzero(at[people - 1 :] - at[: at.size - people + 1] <= HOUR)
    return [_burst(at[group[0]], at[group[-1] + people - 1], at, every) for group in _groups(begins, people)]


def _groups(begins: np.ndarray, people: int) -> list[np.ndarray]:
    """Return them in groups that share people."""
    return [group for group in np.split(begins, np.flatnonzero(np.diff(begins) >= people) + 1) if group.size]


def _burst(begin: int, end: int, hostile: np.ndarray, every: np.ndarray) -> Burst:
    counts = (int(((at >= begin) & (at <= end)).sum()) for at in (hostile, every))
    return Burst(int(begin), int(end), *counts)


def likely(people: Sequence[Person], hostile: float, least: int) -> list[Times]:
    """Return each person's times that look like pile-ons, without what was judged to be one, or none.

    They are left out of what is usual alone. Whether they were real nobody knows: they stay false alarms to what is learned of the bound.
    """
    found = [[one for one in bursts(person.unjudged, hostile, least) if _looks_like_one(one, least)] for person in people]
    usual = _usual_share(people, found, hostile)
    return [tuple((one.begin, one.end) for one in of if one.share >= _TIMES_USUAL * usual) for of in found]


def _looks_like_one(one: Burst, least: int) -> bool:
    return any(one.hostile >= times * least and one.share >= share for times, share in _LOOKS)


def _usual_share(people: Sequence[Person], found: Sequence[Sequence[Burst]], hostile: float) -> float:
    """Return the hostile share of first replies outside of these times."""
    rest = [person.unjudged.without([(one.begin, one.end) for one in of]) for person, of in zip(people, found, strict=True)]
    x = np.concatenate([one.x[one.seen == Seen.FIRST] for one in rest]) if rest else np.empty(0)
    return float((x >= hostile).mean()) if x.size else 0.0
