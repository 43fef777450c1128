"""A partition's targets for a fold that writes no state: ledgers stay as they are worked on, and nobody makes entries of them.

The same episodes on the same ledgers as over ``Watched``, so the same is told; what is forgotten is what can matter no more, when
time shows it. Replays follow; a worker watches, because another must be able to go on.
"""

from collections.abc import Iterator
from heapq import heappop, heappush
from typing import Final

import msgspec

from streams.stages.case import Case
from streams.stages.changes import Changes, is_of_a_shadow
from streams.stages.dues import Dues
from streams.stages.ledger import Ledger, Target

WARM: Final = 8192
"""Targets of a generation: at most two of them are at hand, all others are packed."""
WARM_REPLIES: Final = 100_000
_HOUR: Final = 3_600_000_000


class Held:
    """A target at hand."""

    __slots__ = ("case", "ledger")

    def __init__(self, ledger: Ledger, case: Case | None) -> None:
        self.ledger = ledger
        self.case = case


class Followed:
    """Targets by key. Whoever changes one that it was given says so by ``keep``."""

    def __init__(self, keep: int) -> None:
        """``keep``: microseconds after its newest reply for which a target's replies can matter."""
        self.dues = Dues()
        self.changes = Changes()
        self._keep = keep
        self._young: dict[str, Held] = {}
        self._old: dict[str, Held] = {}
        self._cold: dict[str, bytes] = {}
        self._hours: dict[int, list[str]] = {}
        self._hours_first: list[int] = []
        self._listed: set[str] = set()
        self._replies = 0

    def __len__(self) -> int:
        """Return how many targets are remembered."""
        return len(self._young) + len(self._old) + len(self._cold)

    def held(self, key: str) -> Held:
        """Return a target at hand; one of whom nothing is known is not remembered until ``keep``."""
        return self._young.get(key) or self._brought(key)

    def keep(self, key: str, held: Held, case: Case | None) -> None:
        """Remember a target as it is now, with its case; one without replies and case is forgotten, as an entry would be."""
        if case is not held.case:
            held.case = case
            self.dues.put(key, None if case is None else case.due)
        if case is None and held.ledger.is_empty:
            self._young.pop(key, None)
            return
        self._young[key] = held
        self._replies += 1

    def apply(self, key: str, target: Target) -> None:
        """Take over a target, or a changed setting, as another fold remembered it."""
        if is_of_a_shadow(key):  # that ran along once
            return
        if target.change is not None:
            self.changes.put(key, target)
            return
        self._young[key] = held = Held(Ledger(target), target.case)
        self._replies += held.ledger.size
        self.dues.put(key, None if target.case is None else target.case.due)
        self._make_room()

    def entries(self) -> Iterator[tuple[str, Target]]:
        """Yield what is remembered as state entries would have it, by key."""
        for key in sorted((*self._young, *self._old, *self._cold, *self.changes)):
            if (change := self.changes.get(key)) is not None:
                yield key, change
                continue
            held = self._young.get(key) or self._old.get(key)
            target = held.ledger.target(held.case) if held is not None else _unpack(self._cold[key])
            if target is not None:
                yield key, target

    def forget_by(self, at: int) -> None:
        """Forget the packed targets that can matter no more at ``at`` (microseconds)."""
        now = at // _HOUR
        while self._hours_first and self._hours_first[0] < now:
            for key in self._hours.pop(heappop(self._hours_first)):
                self._listed.remove(key)
                if (cold := self._cold.get(key)) is not None:
                    self._look_at(key, _unpack(cold), now)

    def _look_at(self, key: str, target: Target, now: int) -> None:
        last = self._last_hour(target)
        if target.case is not None or last >= now:
            self._list(key, max(last, now))
        elif (rested := target.rested()) is None or (last := self._last_hour(rested)) < now:
            del self._cold[key]
        else:
            self._cold[key] = _pack(rested)
            self._list(key, last)

    def _last_hour(self, target: Target) -> int:
        return target.matters_until(self._keep) // _HOUR

    def _list(self, key: str, hour: int) -> None:
        """Note when a packed target is looked at. One place for each: who is answered again and again would fill it otherwise."""
        if key in self._listed:
            return
        self._listed.add(key)
        if hour not in self._hours:
            self._hours[hour] = []
            heappush(self._hours_first, hour)
        self._hours[hour].append(key)

    def _brought(self, key: str) -> Held:
        self._make_room()
        held = self._old.pop(key, None)
        if held is None:
            cold = self._cold.pop(key, None)
            if cold is None:
                return Held(Ledger(_NOTHING), None)
            target = _unpack(cold)
            held = Held(Ledger(target), target.case)
        self._young[key] = held
        self._replies += held.ledger.size
        return held

    def _make_room(self) -> None:
        if len(self._young) < WARM and self._replies < WARM_REPLIES:
            return
        for key, held in self._old.items():
            if (target := held.ledger.target(held.case)) is not None:
                self._cold[key] = _pack(target)
                self._list(key, self._last_hour(target))
        self._old, self._young, self._replies = self._young, {}, 0


_NOTHING: Final = Target()
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Target).decode
