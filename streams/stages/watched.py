"""The state of a partition's targets: a function of its entries alone, with what is due next kept at hand.

Targets touched lately stand ready as ledgers; all others are packed, because there are so many of them.
"""

from collections import OrderedDict
from collections.abc import Iterator
from datetime import datetime
from itertools import chain, islice
from typing import Final

import msgspec
from msgspec import Struct

from streams.records import Severity
from streams.stages.changes import Changes, is_of_a_shadow
from streams.stages.dues import Dues
from streams.stages.instants import instant
from streams.stages.ledger import Ledger, Target

MAX_WARM: Final = 1024
MAX_WARM_REPLIES: Final = 50_000
_HOUR: Final = 3_600_000_000


class OpenCase(Struct, frozen=True):
    """An open pile-on; a metric may show its first three."""

    source: str
    community: str
    severity: Severity
    target_id: str
    pileon_id: str


class Watched:
    """Target entries by key. ``apply`` is the only door; everything else is derived from them."""

    def __init__(self, keep: int) -> None:
        """``keep``: microseconds after its newest reply for which an entry can matter."""
        self._warm: OrderedDict[str, Target] = OrderedDict()
        self._warm_replies = 0
        self._ledgers: dict[str, tuple[Target, Ledger]] = {}
        self._cold: dict[str, bytes] = {}
        """All of them, so that each has one key object for good; empty for those that stand ready."""
        self._keep = keep
        self.changes = Changes()
        self._dues = Dues()
        self._hours: dict[int, list[str]] = {}
        self._held: set[str] = set()
        self._left: dict[str, None] = {}

    def __len__(self) -> int:
        """Return how many targets are remembered."""
        return len(self._cold)

    def __iter__(self) -> Iterator[str]:
        """Yield the keys of targets and of changed settings, sorted."""
        return iter(sorted((*self._cold, *self.changes)))

    def get(self, key: str) -> Target | None:
        """Return an entry."""
        if (change := self.changes.get(key)) is not None:
            return change
        if (warm := self._warm.get(key)) is not None:
            return warm
        cold = self._cold.get(key)
        return None if cold is None else _unpack(cold)

    def apply(self, key: str, entry: Target | None) -> None:
        """Put one entry, or remove it."""
        if is_of_a_shadow(key):  # that ran along once: its entries go with the next ticks
            if entry is None:
                self._left.pop(key, None)
            else:
                self._left[key] = None
            return
        if entry is not None and entry.change is not None:
            self.changes.put(key, entry)
            return
        before = self._taken(key)
        if entry is None:
            self._cold.pop(key, None)
            self._ledgers.pop(key, None)
            self._held.discard(key)
        else:
            self._cold[key] = _READY
            expiry = entry.matters_until(self._keep)
            if before is None or expiry < before.matters_until(self._keep) or (entry.case is None and key in self._held):
                self._held.discard(key)
                self._hours.setdefault(expiry // _HOUR, []).append(key)
            self._warm[key] = entry
            self._warm_replies += entry.size
        self._dues.put(key, None if entry is None or entry.case is None else entry.case.due)
        while len(self._warm) > MAX_WARM or (self._warm_replies > MAX_WARM_REPLIES and len(self._warm) > 1):
            oldest = next(iter(self._warm))
            self._cold[oldest] = _pack(self._cooled(oldest))
            self._ledgers.pop(oldest, None)

    def ledger(self, key: str) -> Ledger:
        """Return a working form of the target's entry, which the caller may change if it then calls ``remember``."""
        entry = self.get(key)
        entry_then, ledger = self._ledgers.get(key, (None, None))
        # An entry that came another way (loaded, or a step never applied) makes the working form stale.
        if ledger is None or entry_then is not entry:
            return Ledger(_NOTHING if entry is None else entry)
        return ledger

    def remember(self, key: str, entry: Target | None, ledger: Ledger) -> None:
        """Keep the working form of an entry that is about to be applied, for the next reply."""
        if entry is not None:
            self._ledgers[key] = (entry, ledger)

    def due_by(self, at: int) -> list[tuple[int, str]]:
        """Return (due, key) of the open cases that are due by then, soonest first."""
        return self._dues.by(at)

    def expired_by(self, at: int) -> list[str]:
        """Return the keys whose entries could matter until an hour that has passed, sorted.

        A function of the entries and ``at`` alone: a store made again from its entries forgets the same at the same tick.
        """
        found, now = set(), at // _HOUR
        for hour in sorted(hour for hour in self._hours if hour < now):
            for key in dict.fromkeys(self._hours.pop(hour)):
                if (entry := self.get(key)) is None:
                    continue
                if entry.case is not None:  # looked at again when that has ended
                    self._held.add(key)
                    continue
                last = entry.matters_until(self._keep) // _HOUR
                if last < now:
                    found.add(key)
                # It stays in its hour until it is removed; one that lives on is looked at when it could go.
                self._hours.setdefault(last, []).append(key)
        return sorted(found)

    def left_behind(self, most: int) -> list[str]:
        """Return the keys of so many entries that a shadow left, which runs along no more."""
        return list(islice(self._left, most))

    def rested(self, key: str) -> Target | None:
        """Return what stays of an expired entry."""
        entry = self.get(key)
        return None if entry is None else entry.rested()

    def next_due(self) -> datetime | None:
        """Return when a tick would have something to do, or None. At the soonest: what was put off may come later.

        At any time where a shadow left something.
        """
        if self._left:
            return instant(0)
        hours = ((hour + 1) * _HOUR for hour in self._hours)
        case = self._dues.soonest()
        soonest = min(hours if case is None else chain(hours, (case,)), default=None)
        return None if soonest is None else instant(soonest)

    def open_cases(self) -> Iterator[OpenCase]:
        """Yield the pile-ons that are open now, sorted by key; one that was judged to be none is not."""
        for key in sorted(self._dues.of):
            source, community, target = msgspec.json.decode(key)
            entry = self.get(key)
            if entry is not None and entry.case is not None and not entry.case.bar:
                yield OpenCase(source, community, entry.case.severity, target, entry.case.pileon_id)

    def _taken(self, key: str) -> Target | None:
        """Take an entry out, if there is one: it is warm or cold, never both."""
        if key in self._warm:
            return self._cooled(key)
        cold = self._cold.get(key)
        return None if cold is None else _unpack(cold)

    def _cooled(self, key: str) -> Target:
        """Take an entry out of the warm ones."""
        entry = self._warm.pop(key)
        self._warm_replies -= entry.size
        return entry


_NOTHING: Final = Target()
_READY: Final = b""
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Target).decode
