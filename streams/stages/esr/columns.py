"""Many targets as arrays, and a batch of replies folded into them: bit for bit what ``detector.step`` makes of each.

Replies of different targets do not touch: the first of each is taken at once, then the second of each, and so on. When few are
left (one target that many answer), they are taken one by one.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from streams.stages.esr import rate_test, share_test
from streams.stages.esr.config import Rule
from streams.stages.esr.detector import DAY, NEVER, NOTHING, RING, Finding, Kind, Target, Usual, advance, counted, found
from streams.stages.esr.each import came_each, exp_minus_each, exposure_each, kept_each, talked_each
from streams.stages.esr.history import NO_COUNTS, History, turned, usual
from streams.stages.esr.membership import Membership, Seen
from streams.stages.esr.rate_test import ONE_RATE
from streams.stages.esr.share_test import NO_BET

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
_FEW: Final = 24
"""Below so many at once, arrays cost more than they save."""
_KINDS: Final = (None, *Kind)
_AT_FIRST: Final = np.array([*ONE_RATE, *ONE_RATE, *NO_BET, *NO_BET, *NOTHING])


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Replies as the tests see them (``detector.Exposure``), in the order of the log; ``slots`` are the rows of their targets."""

    slots: Ints
    at: Ints
    author: Ints
    comment: Ints
    x: Floats
    conversation: Ints
    is_new: NDArray[np.bool_]


class Columns:
    """The state of many targets, one row each. A row's number is given out by ``slot``."""

    def __init__(self) -> None:
        self._slots: dict[str, int] = {}
        self._usual_at_first: tuple[Rule, Usual] | None = None
        self.members: list[Membership] = []
        self.evidence: Floats = np.empty((0, 20))
        """5 rate, 5 rate alone, 4 first, 4 every; Σx and n of late."""
        self.usual: Floats = np.empty((0, 3))
        self.counts: Floats = np.empty((0, 15))
        """Today, yesterday, older."""
        self.days: Ints = np.empty((0, 2), np.int64)
        """The first, and the one that is today."""
        self.times: Ints = np.empty((0, 4), np.int64)
        """The last reply, the end of the case, of the surge, and which kind of case."""
        self.hostile_at: Ints = np.empty((0, RING), np.int64)
        self.clock_times: Ints = np.empty((0, 3, 3), np.int64)
        self.clock_bets: Floats = np.empty((0, 3, 4))

    def __len__(self) -> int:
        """Return how many targets there are."""
        return len(self.members)

    def slot(self, rule: Rule, key: str, at: int) -> int:
        """Return a target's row; a new one begins now."""
        found_slot = self._slots.get(key)
        if found_slot is None:
            found_slot = self._slots[key] = len(self.members)
            self._grow(found_slot)
            self._begin(rule, found_slot, at)
        return found_slot

    def load(self, slot: int) -> Target:
        """Return a row as a target of its own."""
        target = Target(0)
        bets, counts = self.evidence[slot].tolist(), self.counts[slot].tolist()
        first_day, day = self.days[slot].tolist()
        target.members = self.members[slot]
        target.history = History(first_day, day, tuple(counts[:5]), tuple(counts[5:10]), tuple(counts[10:]))
        target.rate, target.rate_alone = tuple(bets[:5]), tuple(bets[5:10])
        target.first, target.every, target.lately = tuple(bets[10:14]), tuple(bets[14:18]), (bets[18], bets[19])
        target.last_at, target.case_until, target.surge_until, kind = self.times[slot].tolist()
        target.case_kind = _KINDS[kind]
        target.hostile_at = tuple(then for then in self.hostile_at[slot].tolist() if then != NEVER)
        here, there, new = zip(map(tuple, self.clock_times[slot].tolist()), map(tuple, self.clock_bets[slot].tolist()), strict=True)
        target.clocks = here, there, new
        b, m, m_later = self.usual[slot].tolist()
        target.usual = b, m, m_later
        return target

    def save(self, slot: int, target: Target) -> None:
        """Write a target into its row."""
        history = target.history
        self.members[slot] = target.members
        self.evidence[slot] = (*target.rate, *target.rate_alone, *target.first, *target.every, *target.lately)
        self.counts[slot] = (*history.today, *history.yesterday, *history.older)
        self.days[slot] = history.first_day, history.day
        self.times[slot] = target.last_at, target.case_until, target.surge_until, _KINDS.index(target.case_kind)
        self.hostile_at[slot] = (*(NEVER,) * (RING - len(target.hostile_at)), *target.hostile_at)
        self.clock_times[slot] = [times for times, _ in target.clocks]
        self.clock_bets[slot] = [bets for _, bets in target.clocks]
        if target.usual is not None:
            self.usual[slot] = target.usual

    def _begin(self, rule: Rule, slot: int, at: int) -> None:
        """Write a row as ``Target(at)`` would be: zeros, but for this. What is usual at first is the same for everybody."""
        if self._usual_at_first is None or self._usual_at_first[0] is not rule:
            self._usual_at_first = rule, usual(rule.config, NO_COUNTS, 0.0, math.sqrt)
        day = at // DAY
        self.members.append(Membership(day))
        self.evidence[slot] = _AT_FIRST
        self.usual[slot] = self._usual_at_first[1]
        self.days[slot] = day
        self.times[slot, 0] = at

    def _grow(self, rows: int) -> None:
        if rows < len(self.evidence):
            return
        for name in ("evidence", "usual", "counts", "days", "times", "hostile_at", "clock_times", "clock_bets"):
            column = getattr(self, name)
            wider = np.zeros((max(64, rows + rows // 2), *column.shape[1:]), column.dtype)
            wider[:rows] = column[:rows]
            setattr(self, name, wider)


def fold(rule: Rule, columns: Columns, batch: Batch) -> list[tuple[int, Finding]]:
    """Take a batch; return (place in the batch, finding), in order."""
    seen = _seen(rule, columns, batch)
    places = np.flatnonzero(seen >= Seen.FIRST)
    findings: list[tuple[int, Finding]] = []
    for places_now, is_last in _rounds(batch.slots, places):
        if is_last:
            findings += _one_by_one(rule, columns, batch, seen, places_now)
        else:
            findings += _together(rule, columns, batch, seen[places_now], places_now)
    return sorted(findings, key=lambda finding: finding[0])


def _seen(rule: Rule, columns: Columns, batch: Batch) -> Ints:
    hostile = (batch.x >= rule.min_hostility).tolist()
    rows = zip(batch.slots.tolist(), (batch.at // DAY).tolist(), batch.author.tolist(), batch.comment.tolist(), hostile, strict=True)
    members = columns.members
    return np.array([members[slot].take(day, who, what, is_hostile=hostile) for slot, day, who, what, hostile in rows], np.int64)


def _rounds(slots: Ints, places: Ints) -> Iterator[tuple[Ints, bool]]:
    """Yield the first replies of each target, then the second of each, … and at last, as one, all that are left."""
    order = places[np.argsort(slots[places], kind="stable")]
    sorted_slots = slots[order]
    begins = np.flatnonzero(np.r_[True, sorted_slots[1:] != sorted_slots[:-1]]) if order.size else order
    lengths = np.diff(np.r_[begins, order.size])
    n = 0
    while (going := lengths > n).sum() >= _FEW:
        yield order[begins[going] + n], False
        n += 1
    left = [order[begin + n : begin + length] for begin, length in zip(begins[going], lengths[going], strict=True)]
    if left:
        yield np.concatenate(left), True


def _one_by_one(rule: Rule, columns: Columns, batch: Batch, seen: Ints, places: Ints) -> Iterator[tuple[int, Finding]]:
    slot, target = -1, Target(0)
    for place, row in zip(places.tolist(), batch.slots[places].tolist(), strict=True):
        if row != slot:
            if slot >= 0:
                columns.save(slot, target)
            slot, target = row, columns.load(row)
        finding = advance(
            rule, target, int(batch.at[place]), float(batch.x[place]), is_first=bool(seen[place] == Seen.FIRST),
            conversation=int(batch.conversation[place]), is_new=bool(batch.is_new[place]),
        )  # fmt: skip
        if finding is not None:
            yield place, finding
    columns.save(slot, target)


def _together(rule: Rule, columns: Columns, batch: Batch, seen: Ints, places: Ints) -> Iterator[tuple[int, Finding]]:
    """``detector.advance`` for replies to different targets."""
    rows, at, x = batch.slots[places], batch.at[places], batch.x[places]
    _turn(rule, columns, rows, at // DAY)
    hostile, first = x >= rule.min_hostility, (seen == Seen.FIRST).astype(np.float64)
    mass = np.where((first == 1.0) | hostile, x, 0.0)
    bets = _bet(rule, columns, rows, at, x, mass, first)
    columns.evidence[rows] = np.stack(bets, axis=1)
    _tick(rule, columns, rows, x, first, hostile, batch.conversation[places], batch.is_new[places])
    today = columns.counts[rows, :5]
    columns.counts[rows, :5] = np.stack(counted(tuple(today.T), x, mass, first), axis=1)
    if hostile.any():
        yield from _look(rule, columns, rows, places, bets, np.flatnonzero(hostile))


def _turn(rule: Rule, columns: Columns, rows: Ints, day: Ints) -> None:
    later = day > columns.days[rows, 1]
    if not later.any():
        return
    rows, day = rows[later], day[later]
    counts, days = columns.counts[rows].T, day - columns.days[rows, 1]
    is_gap = (days >= 2).astype(np.float64)
    older = turned(tuple(counts[10:]), tuple(counts[5:10]), tuple(counts[:5]), kept_each(np.maximum(days - 2, 0)), is_gap)
    columns.counts[rows, 10:] = np.stack(older, axis=1)
    columns.counts[rows, 5:10] = np.where(days == 1, counts[:5], 0.0).T
    columns.counts[rows, :5] = 0.0
    columns.days[rows, 1] = day
    columns.usual[rows] = np.stack(usual(rule.config, older, exposure_each(day, columns.days[rows, 0]), np.sqrt), axis=1)


def _bet(rule: Rule, columns: Columns, rows: Ints, at: Ints, x: Floats, mass: Floats, first: Floats) -> tuple[Any, ...]:
    b, m, m_later = columns.usual[rows].T
    last = columns.times[rows, 0]
    gap = np.maximum(at - last, 0).astype(np.float64)
    columns.times[rows, 0] = np.maximum(at, last)
    memory = exp_minus_each(rule.forgets * gap)
    most, most_alone, most_share = rule.most
    rates = rate_test.factors(mass, exp_minus_each(b / DAY * gap))
    held: Any = tuple(columns.evidence[rows].T)
    usually = np.where(first == 1.0, m, m_later)
    shares = share_test.factors(x, share_test.daily(usually, held[18:], memory, rule.config.prior.day_weight, np.maximum))
    passed: Any = tuple(np.where(first == 1.0, factor, 1.0) for factor in shares)
    new = gap / (gap + rule.spacing)
    return (
        *(np.minimum(bet, most) for bet in rate_test.moved(held[:5], rates, memory, new)),
        *(np.minimum(bet, most_alone) for bet in rate_test.moved(held[5:10], rates, memory, new)),
        *(np.minimum(bet, most_share) for bet in share_test.moved(held[10:14], passed, memory, new)),
        *(np.minimum(bet, most_share) for bet in share_test.moved(held[14:18], shares, memory, new)),
        *share_test.noted(held[18:], x, memory),
    )


def _tick(rule: Rule, columns: Columns, rows: Ints, x: Floats, first: Floats, hostile: Any, conversation: Ints, is_new: Any) -> None:
    _, m, m_later = columns.usual[rows].T
    prior, at, most = rule.config.prior, columns.times[rows, 0], rule.most[2]
    here = np.maximum(np.where(first == 1.0, m, m_later), prior.talk_mean)
    times, bets, weight = columns.clock_times[rows], columns.clock_bets[rows], prior.talk_weight
    talked_each(times, bets, conversation, at, x, here, weight, rule.spacing, most, is_hostile=hostile)
    here = np.maximum(here, prior.new_mean)
    came_each(times, bets, at, x, here, weight, rule.forgets, rule.spacing, most, is_hostile=hostile, is_new=is_new)
    columns.clock_times[rows], columns.clock_bets[rows] = times, bets


def _look(rule: Rule, columns: Columns, rows: Ints, places: Ints, bets: tuple[Any, ...], hostile: Ints) -> Iterator[tuple[int, Finding]]:
    """Note the hostile replies; look closer where there may be news or an open case."""
    their = rows[hostile]
    last = columns.times[their, 0]
    columns.hostile_at[their, :-1] = columns.hostile_at[their, 1:]
    columns.hostile_at[their, -1] = last
    rate, alone = rate_test.evidence(bets[:5])[hostile], rate_test.evidence(bets[5:10])[hostile]
    levels = rule.levels
    closer = (rate >= levels.rate) | (alone >= min(levels.diluted, levels.surge)) | (last < columns.times[their, 1])
    for slot, place in zip(their[closer].tolist(), places[hostile][closer].tolist(), strict=True):
        target = columns.load(slot)
        finding = found(rule, target)
        columns.save(slot, target)
        if finding is not None:
            yield place, finding
