"""The detectors that are compared: each says when it would have opened a case on one stream."""

from bisect import bisect_right
from collections.abc import Callable
from typing import Final

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from streams.evaluation.site import HOSTILE, Site, Watched
from streams.evaluation.stream import HOUR
from streams.stages.esr.budget import Budget, levels
from streams.stages.esr.config import Config, Levels, Rule, rule
from streams.stages.esr.detector import Kind, Target, advance
from streams.stages.esr.membership import Seen

Contestant = Callable[[Watched], list[tuple[int, Kind]]]
"""A stream → when cases open, and of what kind."""
CASE: Final = 6 * HOUR


class Variant(Struct, frozen=True, kw_only=True):
    """Which tests of the pair must speak."""

    name: str
    rate: bool = True
    share: bool = True


VARIANTS: Final = (Variant(name="paired"), Variant(name="rate only", share=False), Variant(name="share only", rate=False))


def esr(site: Site, variant: Variant, budget: Budget, config: Config | None = None) -> Contestant:
    """Return the e-SR detector (or one of its tests alone) for a site, at so many false alarms a day."""
    return Folded(rule(config if config is not None else Config(prior=site.prior), levels_of(budget, variant)))


def levels_of(budget: Budget, variant: Variant) -> Levels:
    """Return what evidence must reach; the test that need not speak asks for nothing."""
    found = levels(budget)
    return replace(found, rate=found.rate if variant.rate else 0.0, share=found.share if variant.share else 0.0)


class Folded:
    """The detector's own fold over a stream."""

    def __init__(self, by: Rule) -> None:
        self.rule = by

    def before(self, target: Target) -> None:
        """Do something to the state before each reply; here: nothing."""

    def __call__(self, watched: Watched) -> list[tuple[int, Kind]]:
        """Return when cases open."""
        stream, opened = watched.stream, []
        counts = np.flatnonzero(watched.seen >= Seen.FIRST)
        if np.count_nonzero(stream.x[counts] >= HOSTILE) < self.rule.config.min_hostile_authors:
            return []  # too few people were ever hostile: nothing can open
        target: Target | None = None
        columns = stream.at, stream.x, watched.seen == Seen.FIRST, stream.conversation, watched.is_new
        for at, x, is_first, talk, is_new in zip(*(column[counts].tolist() for column in columns), strict=True):
            target = Target(at) if target is None else target
            self.before(target)
            finding = advance(self.rule, target, at, x, is_first=is_first, conversation=talk, is_new=is_new)
            if finding is not None:
                opened.append((at, finding.kind))
        return opened


class WindowRule:
    """So many different people hostile within a window, and so large a share of those who answered; as ``stages.window`` does."""

    def __init__(self, people: int, share: float = 0.0, window: int = HOUR) -> None:
        self._people, self._share, self._window = people, share, window

    def __call__(self, watched: Watched) -> list[tuple[int, Kind]]:
        """Return when cases open."""
        stream, opened, until = watched.stream, [], 0
        at, author = stream.at.tolist(), stream.author.tolist()
        for row in np.flatnonzero(stream.x >= HOSTILE).tolist():
            now = at[row]
            if now < until:
                until = now + CASE
                continue
            since = bisect_right(at, now - self._window)
            hostile = {author[n] for n in range(since, row + 1) if stream.x[n] >= HOSTILE}
            if len(hostile) >= self._people and len(hostile) >= self._share * len(set(author[since : row + 1])):
                opened.append((now, Kind.PILEON))
                until = now + CASE
        return opened
