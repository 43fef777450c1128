"""One person's replies in seam 4's order through the detector, and why that is not what fired. Pure.

A cause is proven by folding once more: with nothing but its own records at their place in the log, what comes out is what fired.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final

import msgspec
from msgspec import Struct

from streams.records import Action, Reply, Tick
from streams.replay.verify.causes import UNEXPLAINED
from streams.replay.verify.differences import Cause, Found, Key, Made, Place, Record, key_of
from streams.replay.verify.fold import Known as Entry
from streams.replay.verify.fold import Logged, Ticked
from streams.replay.verify.matched import One
from streams.stages.step import Arrived, Stage
from streams.stages.window import DEFAULT_LATENESS
from streams.topics import REPLIES

_ENCODE: Final = msgspec.json.Encoder().encode


class Reordered(Struct, frozen=True, kw_only=True):
    """One person's records, and with what their fold begins and ends."""

    stage: Stage
    ones: Sequence[One]
    """Those that are replayed: in the order of the log, then those that it does not have."""
    entry: Entry | None = None
    """Of the state with which the partition's fold began."""
    ticked: Ticked | None = None
    """The latest time that the log claims."""
    lateness: timedelta = DEFAULT_LATENESS
    changes: Sequence[Logged] = ()
    """Settings that the partition's log has changed, in its order."""

    def made(self) -> list[Made]:
        """Return the transitions that seam 4's order makes."""
        return self._folded(self._order(_none))

    def found(self, key: Key, live: bytes | None) -> Found:
        """Return why seam 4's order does not make of this transition what fired: ``live``, None: nothing."""
        return self._deleted(key, live) or self._late(key, live) or self._merged(key, live) or UNEXPLAINED

    def _deleted(self, key: Key, live: bytes | None) -> Found | None:
        moved = [one for one in self.ones if _is_deletion(one)]
        if not moved or not self._gives(key, live, _is_deletion):
            return None
        later = next((one for one in moved if self._moved_past(one)), moved[0])
        told = "the deletion reached the log after this, and arrived before it as it says"
        return Found(Cause.DELETED_SINCE, told, (_record(later),))

    def _late(self, key: Key, live: bytes | None) -> Found | None:
        late = [one for one in self.ones if self._is_late(one)]
        if late and self._gives(key, live, self._is_late):
            told = f"it arrived more than {self.lateness} after it was written, so it did not count, and only told that time had passed"
            return Found(Cause.LATE, told, (_record(next((one for one in late if self._moved_past(one)), late[0])),))
        behind = [one for one in self.ones if _is_behind(one)]
        if behind and self._gives(key, live, _is_behind, ticks=True):
            told = "it reached the log behind a tick that claims a later time than its arrival"
            return Found(Cause.LATE, told, (_record(behind[0]), *_tick_of(behind[0])))
        return None

    def _merged(self, key: Key, live: bytes | None) -> Found | None:
        racing = next(iter(self._races()), None)
        if racing is None or not self._gives(key, live, _every, ticks=True):
            return None
        told = "two conversations raced into one person: the first came before the second in replies, and arrived after it"
        return Found(Cause.MERGE_ORDER, told, (_record(racing[0]), _record(racing[1])))

    def _races(self) -> Iterator[tuple[One, One]]:
        """Yield records of two conversations that stand the other way round in the log: what comes first there, and what second."""
        ordered = self._order(_none)
        for first, second in pairwise(ordered):
            if first.logged is None or second.logged is None or first.order is None or second.order is None:
                continue
            if first.logged.place.offset > second.logged.place.offset and _talk(first) != _talk(second):
                yield second, first

    def _moved_past(self, one: One) -> bool:
        return any(one is first or one is second for first, second in self._races())

    def _gives(self, key: Key, live: bytes | None, is_kept: Callable[[One], bool], *, ticks: bool = False) -> bool:
        """Return whether what fired comes out where these records stand as in the log, all others in seam 4's order."""
        found = {key_of(one.pileon): _ENCODE(one.pileon) for one in self._folded(self._order(is_kept), ticks=ticks)}
        return found.get(key) == live

    def _order(self, is_kept: Callable[[One], bool]) -> list[One]:
        """Return the records in seam 4's order. Those that are kept, or whose place only the log knows, stay behind what is before them."""
        latest: tuple[bytes, int] = (b"", 0)
        placed: list[tuple[tuple[bytes, int], int, int, One]] = []
        for number, one in enumerate(self.ones):
            if one.order is None or (one.logged is not None and is_kept(one)):
                placed.append((latest, 1, number, one))
            else:
                placed.append((one.order, 0, number, one))
                latest = max(latest, one.order) if one.logged is not None else latest
        return [one for *_, one in sorted(placed, key=lambda place: place[:3])]

    def _folded(self, ordered: Sequence[One], *, ticks: bool = False) -> list[Made]:
        store = self.stage.new_store()
        if self.entry is not None:
            store.apply(self.entry.key, msgspec.json.decode(self.entry.entry, type=self.stage.entry))
        made: list[Made] = []
        last: Ticked | None = None
        changes = list(reversed(self.changes))
        for one in ordered:
            for change in self._changed_before(one, changes):
                made += self._taken(store, change.record, change.place)
            ticked = one.logged.ticked if ticks and one.logged is not None and _is_behind(one) else None
            if ticked is not None and ticked != last:
                made += self._taken(store, Tick(at=ticked.at), ticked.place)
            last = ticked or last
            made += self._taken(store, _said(one), _place(one))
        if self.ticked is not None:
            made += self._taken(store, Tick(at=self.ticked.at), self.ticked.place)
        return made

    def _changed_before(self, one: One, changes: list[Logged]) -> Iterable[Logged]:
        """Take out the changes, the next at the end, that the log has before a record; return the last one of each name."""
        latest: dict[str, Logged] = {}
        while changes and one.logged is not None and changes[-1].place.offset < one.logged.place.offset:
            change = changes.pop()
            latest[change.record.name] = change  # type: ignore[union-attr]
        return latest.values()

    def _taken(self, store: Any, record: Any, place: Place) -> Iterator[Made]:
        for step in self.stage.steps(store, [Arrived(record, place.at)]):
            for key, entry in step.entries:
                store.apply(key, entry)
            for pileon in step.outputs:
                yield Made(pileon, place)

    def _is_late(self, one: One) -> bool:
        said = _said(one)
        if not isinstance(said, Reply) or said.created_at_is_estimated:
            return False
        return said.ingested_at - said.created_at > self.lateness


def _none(_: One) -> bool:
    return False


def _every(_: One) -> bool:
    return True


def _said(one: One) -> Any:
    if one.again is not None:
        return one.again.reply
    assert one.logged is not None
    return one.logged.record


def _place(one: One) -> Place:
    if one.logged is not None:
        return one.logged.place
    assert one.again is not None
    return Place(-1, -1, one.again.reply.ingested_at)


def _talk(one: One) -> str | None:
    said = _said(one)
    return said.conversation_id if isinstance(said, Reply) else None


def _is_deletion(one: One) -> bool:
    said = _said(one)
    return isinstance(said, Reply) and said.action is Action.DELETED


def _is_behind(one: One) -> bool:
    logged: Logged | None = one.logged
    if logged is None or logged.ticked is None or not isinstance(logged.record, Reply):
        return False
    return logged.record.ingested_at < logged.ticked.at


def _record(one: One) -> Record:
    place = _place(one)
    return Record(REPLIES.name, place.partition, place.offset)


def _tick_of(one: One) -> tuple[Record, ...]:
    ticked = one.logged.ticked if one.logged is not None else None
    return () if ticked is None else (Record(REPLIES.name, ticked.place.partition, ticked.place.offset),)
