"""Which pile-on to judge next, so that few judgements say most about which configuration is better.

1. Those that only one side has come first: a pile-on of both moves both precisions alike, and their difference hardly. Between
   ``gained`` and ``lost`` the side goes first whose interval would still be wider after those that stand above were judged.
2. Then those of both that opened earlier or later, then the unchanged: they narrow each side's own interval.

Within each the critical come first, then those with most people, then the oldest.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct

from streams.records import Severity
from streams.replay.backtest.cases import Case, Change, Kind
from streams.replay.backtest.intervals import Share, width
from streams.replay.backtest.played import Side

MOST: Final = 20


class Next(Struct, frozen=True, kw_only=True):
    """A pile-on that nobody judged."""

    change: Kind
    case: Case


class _Guess:
    """A side's precision as it would be with more judged, each as likely right as those before, Wilson's middle for a start."""

    def __init__(self, found: Share) -> None:
        self._n, self._hits = float(found.n), float(found.hits)
        self._likely = (found.hits + 2) / (found.n + 4)

    @property
    def width(self) -> float:
        return width(self._hits, self._n)

    def judge(self) -> None:
        self._n, self._hits = self._n + 1, self._hits + self._likely


def next_up(unjudged: Iterable[Change], precision: Mapping[Side, Share]) -> list[Next]:
    """Return at most 20 of these, best first."""
    waiting: dict[Kind, list[Change]] = {kind: [] for kind in Kind}
    for change in sorted(unjudged, key=_weight):
        waiting[change.change].append(change)
    differing = _in_turn(waiting[Kind.LOST], waiting[Kind.GAINED], precision)
    moved = sorted(waiting[Kind.EARLIER] + waiting[Kind.LATER], key=_weight)
    chosen = [*differing, *moved, *waiting[Kind.UNCHANGED]][:MOST]
    return [Next(change=change.change, case=change.case) for change in chosen]


def _in_turn(lost: list[Change], gained: list[Change], precision: Mapping[Side, Share]) -> list[Change]:
    """Return both, each time one of the side whose interval is wider by then."""
    sides = [(_Guess(precision[Side.CANDIDATE]), iter(gained)), (_Guess(precision[Side.BASELINE]), iter(lost))]
    chosen: list[Change] = []
    while sides and len(chosen) < MOST:
        guess, changes = max(sides, key=lambda side: side[0].width)
        if (change := next(changes, None)) is None:
            sides = [side for side in sides if side[0] is not guess]
            continue
        chosen.append(change)
        guess.judge()
    return chosen


def _weight(change: Change) -> tuple[object, ...]:
    case = change.case
    return case.severity is not Severity.CRITICAL, -case.hostile_authors, case.opened_at, case.target, case.pileon_id
