"""One partition of ``replies`` through the detector and the alerts, as the live stages fold it: its own order, its own ticks."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct, field

from streams.engine import decoder_of, moment
from streams.kafka.read import Columns
from streams.records import SCHEMA_VERSION, PileOn
from streams.replay.reading import BadLine
from streams.replay.remembered import entries_of
from streams.replay.summary import Tally
from streams.stages.alert import AlertDecision, Alerts
from streams.stages.decode import Unreadable
from streams.stages.episode import LATE
from streams.stages.pileon import Following
from streams.topics import REPLIES

WRITTEN: Final = ("pileons", "alerts", "late", "dead-letters")
"""What is made of a partition: files of lines."""
_ENCODE: Final = msgspec.json.Encoder().encode


class Rules(Struct, frozen=True):
    """The stages behind ``replies``."""

    pileon: Following
    alert: Alerts

    def tally(self) -> Tally:
        """Return a tally in which every outcome stands at zero."""
        return Tally(outcomes={stage.name: _zeros(stage.outcomes) for stage in (self.pileon, self.alert)})


class Folded(Struct):
    """How far one partition is, and what came of it by then."""

    tally: Tally
    before: Tally
    """Of the warm-up."""
    offset: int = -1
    """Of the last message taken."""
    messages: int = 0
    first_offset: int | None = None
    first_ms: int | None = None
    """When the broker got the first one, warm-up and all."""
    period_ms: int | None = None
    """The first one of the period."""
    last_ms: int | None = None
    sizes: dict[str, int] = field(default_factory=dict)
    """Bytes of each file of lines."""


class Told(Struct, frozen=True):
    """What a batch brought, warm-up left out."""

    pileons: list[PileOn]
    decisions: list[AlertDecision]
    late: list[Any]
    unreadable: list[BadLine]


Watch = Callable[[Told, Sequence[Any], Sequence[str], bool], None]
"""Given what a batch brought, its records, their outcomes, and whether they belong to the period."""


class Folding:
    """Folds one partition."""

    def __init__(self, rules: Rules, since_ms: float | None, folded: Folded | None = None, watch: Watch | None = None) -> None:
        """``since_ms``: where the period begins, in the broker's time. ``folded``: how far another one was; see ``restore``."""
        self._watch = watch
        self.folded = folded or Folded(rules.tally(), rules.tally())
        self._rules, self._since = rules, since_ms
        self._store, self._firing = rules.pileon.new_store(), rules.alert.new_store()
        self._follow = rules.pileon.detector.follow

    def restore(self, entries: Iterable[tuple[str, str, bytes]]) -> None:
        """Take over what another one remembered: stage, key, entry."""
        kinds = {"pileon": (self._store, self._rules.pileon.entry), "alert": (self._firing, self._rules.alert.entry)}
        for stage, key, entry in entries:
            store, kind = kinds[stage]
            store.apply(key, msgspec.json.decode(entry, type=kind))

    def entries(self) -> Iterator[tuple[str, str, bytes]]:
        """Yield what is remembered now."""
        for stage, store in (("pileon", self._store), ("alert", self._firing)):
            for key, entry in entries_of(store):
                yield stage, key, _ENCODE(entry)

    def take(self, columns: Columns, records: Sequence[Any] | None = None) -> Told:
        """Fold a batch, and return what it brought in the period. ``records``: what it holds, where that is known already."""
        folded, found = self.folded, Told([], [], [], [])
        records = records_of(columns.values) if records is None else records
        begins = self._begins(columns)
        if begins:
            self._take(columns.cut(0, begins), records[:begins], folded.before, Told([], [], [], []))
        if begins < len(columns):
            if folded.period_ms is None:
                folded.period_ms = columns.times_ms[begins]
            self._take(columns.cut(begins) if begins else columns, records[begins:] if begins else records, folded.tally, found)
        if folded.first_ms is None:
            folded.first_ms, folded.first_offset = columns.times_ms[0], columns.offsets[0]
        folded.offset, folded.last_ms = columns.offsets[-1], columns.times_ms[-1]
        folded.messages += len(columns)
        return found

    def _begins(self, columns: Columns) -> int:
        """Return how many of them belong to the warm-up: all before the first that the broker got in the period."""
        if self._since is None or self.folded.period_ms is not None:
            return 0
        since = self._since
        return next((place for place, at in enumerate(columns.times_ms) if at >= since), len(columns))

    def _take(self, columns: Columns, records: Sequence[Any], tally: Tally, found: Told) -> None:
        follow, store = self._follow, self._store
        outcomes, notes = [], []
        for place, record in enumerate(records):
            if type(record) is Unreadable:
                bad = BadLine(columns.offsets[place], str(record.reason), record.detail, columns.values[place] or b"")
                found.unreadable.append(msgspec.structs.replace(bad, partition=columns.partition))
                continue
            outcome, told, noted = follow(store, record)
            outcomes.append(outcome)
            if told:
                self._decide(told, columns.times_ms[place], tally, found)
            if outcome == LATE:
                found.late.append(record)
            if noted:
                notes += noted
        tally.lines += len(columns)
        tally.dead_lettered += len(columns) - len(outcomes)
        tally.outcomes["pileon"].update(outcomes)
        tally.notes.setdefault("pileon", _zeros(())).update(notes)
        if self._watch is not None:
            readable = [record for record in records if type(record) is not Unreadable] if found.unreadable else records
            self._watch(found, readable, outcomes, tally is self.folded.tally)

    def _decide(self, told: Sequence[PileOn], at_ms: int, tally: Tally, found: Told) -> None:
        for pileon in told:
            step = self._rules.alert.step(self._firing, pileon, moment(at_ms))
            for key, entry in step.entries:
                self._firing.apply(key, entry)
            tally.outcomes["alert"][step.outcome] += 1
            tally.notes.setdefault("alert", _zeros(())).update(step.notes)
            tally.statuses[str(pileon.status)] += 1
            found.decisions.extend(step.outputs)
        found.pileons.extend(told)


def _zeros(outcomes: Iterable[str]) -> Counter[str]:
    return Counter(dict.fromkeys(outcomes, 0))


def records_of(values: Sequence[bytes | None]) -> Sequence[Any]:
    """Return what the messages hold, ``Unreadable`` for what cannot be read."""
    try:
        records = [_DECODE(value) for value in values]  # type: ignore[arg-type]  # None is what cannot be read
        if all(record.schema_version == SCHEMA_VERSION for record in records):
            return records
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, TypeError):
        pass
    return [_readable(value) for value in values]


def _readable(value: bytes | None) -> Any:
    try:
        return decoder_of(REPLIES)(value)
    except Unreadable as unreadable:
        return unreadable


def lines_of(found: Told) -> Mapping[str, list[bytes]]:
    """Return what a batch brought as lines, by file."""
    parts: tuple[Sequence[Any], ...] = (found.pileons, found.decisions, found.late, found.unreadable)
    return {name: [_ENCODE(one) for one in some] for name, some in zip(WRITTEN, parts, strict=True)}


_DECODE: Final = msgspec.json.Decoder(REPLIES.record).decode
