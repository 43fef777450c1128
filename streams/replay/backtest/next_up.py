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
from streams.replay.backtest.intervals import Share
from streams.replay.backtest.played import Side
from streams.replay.backtest.widest import in_turn

MOST: Final = 20


class Next(Struct, frozen=True, kw_only=True):
    """A pile-on that nobody judged."""

    change: Kind
    case: Case


def next_up(unjudged: Iterable[Change], precision: Mapping[Side, Share]) -> list[Next]:
    """Return at most 20 of these, best first."""
    waiting: dict[Kind, list[Change]] = {kind: [] for kind in Kind}
    for change in sorted(unjudged, key=_weight):
        waiting[change.change].append(change)
    sides = (precision[Side.CANDIDATE], waiting[Kind.GAINED]), (precision[Side.BASELINE], waiting[Kind.LOST])
    differing = in_turn(sides, MOST)
    moved = sorted(waiting[Kind.EARLIER] + waiting[Kind.LATER], key=_weight)
    chosen = [*differing, *moved, *waiting[Kind.UNCHANGED]][:MOST]
    return [Next(change=change.change, case=change.case) for change in chosen]


def _weight(change: Change) -> tuple[object, ...]:
    case = change.case
    return case.severity is not Severity.CRITICAL, -case.hostile_authors, case.opened_at, case.target, case.pileon_id
