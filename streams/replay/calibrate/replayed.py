"""A recording's people, asked again and again: whom would so much evidence have been told of? Pure.

Only few people could ever open anything. Each of them is gone through once with nothing told, which bounds what any level finds; exactly
replayed is only who might pass.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streams.stages.esr.config import Config, Levels, rule
from streams.stages.esr.detector import DAY, Finding, Kind, Target, advance, evidence
from streams.stages.esr.learning import Counted, Times, days_heard
from streams.stages.esr.membership import Seen

_UNREACHED: Final = 1e280
"""Levels so high that nothing is told; their caps are numbers still."""
_SILENT: Final = Levels(rate=_UNREACHED, share=_UNREACHED, diluted=_UNREACHED, diluted_share=_UNREACHED, surge=_UNREACHED)


class Person(NamedTuple):
    """One person's replies, and when somebody judged them to be piled on."""

    replies: Counted
    real: Times = ()
    calm: Times = ()
    """And when they were judged not to be."""

    @property
    def unjudged(self) -> Counted:
        """Return the replies of which nobody said anything."""
        return self.replies.without((*self.real, *self.calm))

    def within(self, since: int, until: int) -> "Person":
        """Return what was written from then on, and before then."""
        return self._replace(replies=self.replies.within(since, until))


class Replayed:
    """The people who could open something, and how many days of them are counted."""

    def __init__(self, people: Iterable[Person], config: Config, since: int, until: int) -> None:
        """``since`` and ``until``: microseconds; what comes before moves the evidence and is not counted."""
        everybody = list(people)
        self._config, self._since = config, since
        self.days = days_heard([one.replies for one in everybody], since, until)
        self._paths = [(one, path) for one in everybody if len(path := _path(one.replies, config))]

    def told(self, levels: Levels) -> list[tuple[int, int]]:
        """Return (pile-ons, warnings ``diluted``) that nobody judged real, told of each person whose evidence gets so far."""
        return [_counts(self._found(one, levels)) for one, path in self._paths if _might(self._config, levels, path)]

    def _found(self, person: Person, levels: Levels) -> Iterator[Finding]:
        one = person.replies
        by, target = rule(self._config, levels), Target(int(one.at[0]))
        for at, x, seen, talk, is_new in zip(*(column.tolist() for column in one), strict=True):
            finding = advance(by, target, at, x, is_first=seen == Seen.FIRST, conversation=talk, is_new=is_new)
            if finding is not None and at >= self._since and not any(begin <= at <= end for begin, end in person.real):
                yield finding


def _counts(findings: Iterator[Finding]) -> tuple[int, int]:
    kinds = [finding.kind for finding in findings]
    return kinds.count(Kind.PILEON), kinds.count(Kind.DILUTED)


def _path(one: Counted, config: Config) -> NDArray[np.float64]:
    """Return pace, share and people at each hostile reply at which enough people were hostile; no level finds more than they say."""
    if not _is_possible(one, config):
        return np.empty((0, 3))
    by, target, found = rule(config, _SILENT), Target(int(one.at[0])), []
    for at, x, seen, talk, is_new in zip(*(column.tolist() for column in one), strict=True):
        advance(by, target, at, x, is_first=seen == Seen.FIRST, conversation=talk, is_new=is_new)
        if x >= by.min_hostility:
            people = sum(1 for then in target.hostile_at if then > target.last_at - DAY)
            if people >= config.min_hostile_authors:
                rate, _, share = evidence(by, target)
                found.append((rate, share, people))
    return np.array(found).reshape(-1, 3)


def _is_possible(one: Counted, config: Config) -> bool:
    """Return whether so many people were ever hostile within a day; what came out of order counts as come at once."""
    at = np.maximum.accumulate(one.at)[one.x >= config.min_hostility]
    n = config.min_hostile_authors
    return bool((at[n - 1 :] - at[: 1 - n] < DAY).any()) if at.size >= n else False


def _might(config: Config, levels: Levels, path: NDArray[np.float64]) -> bool:
    rate, share, people = path.T
    pair = (rate >= levels.rate) & (share >= levels.share)
    alone = (rate >= levels.diluted) & (share >= levels.diluted_share) & (people >= config.min_diluted_authors)
    return bool((pair | alone).any())
