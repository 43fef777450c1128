"""The state of one target as it is written down: numbers and marks, no name and no text."""

from typing import TypeVar

from msgspec import Struct

from streams.stages.esr.detector import NOTHING, Kind, Target
from streams.stages.esr.history import NO_COUNTS, History
from streams.stages.esr.late_test import NO_CLOCKS, Bets, Times
from streams.stages.esr.membership import Generation, Membership

_T = TypeVar("_T")
_Five = tuple[float, float, float, float, float]
_Four = tuple[float, float, float, float]
_Clock = tuple[Times, Bets[float]]


class Entry(Struct, frozen=True, array_like=True, omit_defaults=True, gc=False):
    """A target, packed. Days are counted from 1970; times are microseconds."""

    last_at: int
    first_day: int
    day: int
    rate: _Five
    rate_alone: _Five | None
    """None: as ``rate``. They part at the first alarm."""
    first: _Four
    every: _Four | None
    """None: as ``first``. They part at the first later reply."""
    lately: tuple[float, float] = NOTHING
    today: _Five | None = None
    yesterday: _Five | None = None
    older: _Five | None = None
    """None: nothing came."""
    hostile_at: tuple[int, ...] = ()
    members_day: int = 0
    now: bytes | None = None
    before: bytes | None = None
    case_until: int = 0
    surge_until: int = 0
    case_kind: Kind | None = None
    clocks: tuple[_Clock, _Clock, _Clock] | None = None
    """None: nobody was hostile."""


def entry(target: Target) -> Entry:
    """Return what must be written down of a target."""
    history, members = target.history, target.members
    # In the order of the fields: of so many keywords CPython makes a dict, and the call takes four times as long.
    return Entry(
        target.last_at, history.first_day, history.day, target.rate, _unless(target.rate_alone, target.rate), target.first,
        _unless(target.every, target.first), target.lately, _unless(history.today, NO_COUNTS), _unless(history.yesterday, NO_COUNTS),
        _unless(history.older, NO_COUNTS), target.hostile_at, members.day, _packed(members.now), _packed(members.before),
        target.case_until, target.surge_until, target.case_kind, _unless(target.clocks, NO_CLOCKS),
    )  # fmt: skip


def target_of(entry: Entry) -> Target:
    """Return the target that was written down."""
    target = Target(entry.last_at)
    target.members = Membership(entry.members_day, _unpacked(entry.now), _unpacked(entry.before))
    counts = entry.today or NO_COUNTS, entry.yesterday or NO_COUNTS, entry.older or NO_COUNTS
    target.history = History(entry.first_day, entry.day, *counts)
    target.rate, target.rate_alone = entry.rate, entry.rate_alone or entry.rate
    target.first, target.every = entry.first, entry.every or entry.first
    target.lately, target.hostile_at, target.case_kind = entry.lately, entry.hostile_at, entry.case_kind
    target.clocks = entry.clocks or NO_CLOCKS
    target.case_until, target.surge_until = entry.case_until, entry.surge_until
    return target


def _unless(value: _T, usual: _T) -> _T | None:
    return None if value == usual else value


def _packed(generation: Generation | None) -> bytes | None:
    return None if generation is None else generation.packed()


def _unpacked(packed: bytes | None) -> Generation | None:
    return None if packed is None else Generation(packed)
