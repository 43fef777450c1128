"""Has the floor been crossed? Distinct hostile authors within a window, and their share of those who replied."""

from collections.abc import Iterable
from operator import itemgetter

from msgspec import Struct

from streams.records import Grounds
from streams.stages.kept import Hostile, Kept
from streams.stages.ledger import Ledger
from streams.stages.pileon_config import Config, Rule


class Crossing(Struct, frozen=True):
    """The hostile replies that crossed together, oldest first, and the end of their window (microseconds)."""

    hostile: tuple[Hostile, ...]
    end: int
    grounds: Grounds | None = None
    """Of a detector that weighs evidence: what it weighed."""


def crossing(rule: Rule, ledger: Ledger, new: Hostile, *, untimed: bool) -> Crossing | None:
    """Return what the newly kept hostile reply crossed with, or None. Only windows that hold it are looked at."""
    if untimed:
        return _among_last(rule.config, ledger, new)
    if new.at < ledger.newest():
        return _around(rule, ledger, new)
    if not passes(rule.config, *ledger.recent(rule.window)):
        return None
    return Crossing(_hostile(ledger.within(new.at - rule.window, new.at)), new.at)


def passes(config: Config, hostile_authors: int, replying_authors: int) -> bool:
    """Return whether so many hostile people among so many are a pile-on."""
    return hostile_authors >= config.min_hostile_authors and hostile_authors / max(1, replying_authors) >= config.min_share


def _among_last(config: Config, ledger: Ledger, new: Hostile) -> Crossing | None:
    """A page without times: the last replies stand for the window."""
    window = list(ledger.untimed_window())
    hostile = _hostile(window)
    if not passes(config, len({kept.author for kept in hostile}), len({kept.author for kept in window})):
        return None
    return Crossing(hostile, max(new.at, hostile[-1].at))


def _around(rule: Rule, ledger: Ledger, new: Hostile) -> Crossing | None:
    """A reply that came out of order: the windows that end with it or with a hostile reply after it, earliest first."""
    window = sorted(ledger.within(new.at - rule.window, new.at + rule.window - 1), key=_mild_first)
    everyone, hostile = _Distinct(), _Distinct()
    oldest = 0
    for kept in window:
        while window[oldest].at <= kept.at - rule.window:
            _move(window[oldest], everyone, hostile, -1)
            oldest += 1
        _move(kept, everyone, hostile, 1)
        if isinstance(kept, Hostile) and kept.at >= new.at and passes(rule.config, len(hostile), len(everyone)):
            return Crossing(_hostile(ledger.within(kept.at - rule.window, kept.at)), kept.at)
    return None


class _Distinct(dict[int, int]):
    """Authors and how many replies each has."""

    def move(self, author: int, step: int) -> None:
        self[author] = self.get(author, 0) + step
        if not self[author]:
            del self[author]


def _move(kept: Kept, everyone: _Distinct, hostile: _Distinct, step: int) -> None:
    everyone.move(kept.author, step)
    if isinstance(kept, Hostile):
        hostile.move(kept.author, step)


def _mild_first(kept: Kept) -> tuple[int, bool, int]:
    return kept.at, isinstance(kept, Hostile), kept.comment


def _hostile(window: Iterable[Kept]) -> tuple[Hostile, ...]:
    found = [(kept.at, kept.comment, kept) for kept in window if isinstance(kept, Hostile)]
    return tuple(kept for *_, kept in sorted(found, key=itemgetter(0, 1)))
