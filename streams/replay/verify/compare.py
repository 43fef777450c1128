"""What fired beside what is made again, person by person: each difference with its cause. Memory holds one person's records."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct

from streams.errors import UserError
from streams.kafka.batches import partition_of
from streams.replay.recorded import Progress
from streams.replay.sorting import Sorted
from streams.replay.taken import Asked
from streams.replay.verify import fold, matched
from streams.replay.verify.causes import Evidence, Kept, Person, Target, explained, target_of
from streams.replay.verify.differences import Cause, Fired, Found, Key, Made, Pair, key_of, paired
from streams.replay.verify.fold import Heard, Logged, Refold
from streams.replay.verify.raw import Again, RawLog
from streams.replay.verify.reordered import Reordered
from streams.replay.verify.result import Transitions
from streams.replay.verify.rules import Rules
from streams.replay.verify.spool import Going, joined
from streams.replay.verify.written import Written, read_fired
from streams.stages.window import DEFAULT_LATENESS
from streams.topics import json_key

Told = tuple[Pair, Found]


class Counted(Struct):
    """How many transitions were compared."""

    live: int = 0
    replayed: int = 0
    equal: int = 0

    def transitions(self) -> Transitions:
        """Return it as ``verify.json`` has it."""
        return Transitions(self.live, self.replayed, self.equal)


class _Group(Struct, frozen=True, kw_only=True):
    """All that is held of one person."""

    fired: list[Fired]
    made: list[Made]
    heard: list[Heard]
    log: list[Logged]
    again: list[Again]
    entry: fold.Known | None

    @property
    def target(self) -> Target | None:
        """Return whom it is about; None: a person of whom only replies are left that say nothing here."""
        if self.fired or self.made:
            return target_of((self.fired or self.made)[0].pileon)
        record: Any = self.log[0].record if self.log else self.again[0].reply if self.again else None
        return None if record is None else (record.source, record.community, record.target_id)


class Comparison:
    """Goes through everybody twice: once to learn where logs begin, once to tell the differences."""

    def __init__(
        self, rules: Rules, written: Written, read: Refold, partitions: int, asked: Asked, progress: Progress, raw: RawLog | None = None
    ) -> None:
        """``partitions``: how many ``replies`` has. ``raw``: what the comments make again, where that is compared too."""
        self._rules, self._written, self._read, self._asked = rules, written, read, asked
        self._partitions, self._raw = partitions, raw
        spools = (written.fired, read.made, read.heard, read.log, None if raw is None else raw.again, read.known)
        self._streams = [Sorted() if spool is None else spool.sorted() for spool in spools]
        self._going = Going(progress, 2 * sum(map(len, self._streams)))
        self._evidence = Evidence(configuration=rules.configuration, detector=rules.detector)
        self._known = matched.Known()
        self.counted, self.from_raw = Counted(), Counted()
        self._written_at = {one.partition: one.written_at for one in read.began}

    def _groups(self) -> Iterator[_Group]:
        for _, parts in joined(*self._streams):
            self._going.more(sum(map(len, parts)))
            yield _Group(
                fired=[*map(read_fired, parts[0])], made=[*map(_READ_MADE, parts[1])], heard=[*map(_READ_HEARD, parts[2])],
                log=[*map(_READ_LOGGED, parts[3])], again=[*map(_READ_AGAIN, parts[4])],
                entry=_READ_KNOWN(parts[5][0]) if parts[5] else None,
            )  # fmt: skip

    def survey(self, *, ends_early: bool) -> None:
        """Go through everybody once. UserError where what fired was made with another installation key.

        ``ends_early``: ``replies`` goes on behind what was folded.
        """
        kept, ids = Kept(), _Ids()
        if self._raw is not None:
            self._known = matched.Known(
                raw={number: bound.first for number, bound in self._raw.raw.items()},
                scored={number: bound.first for number, bound in self._raw.scored.items()},
                addressed=self._raw.addressed.by_partition, addressing=self._rules.addressing, ends_early=ends_early,
                begun_later=frozenset(one.partition for one in self._read.began if one.first),
            )  # fmt: skip
        for group in self._groups():
            if (target := group.target) is None:
                continue
            person = self._person(target, group)
            kept.take(person, group.made)
            ids.take(group)
            matched.bound(self._known, person.partition, group.log, group.again)
        ids.check()
        course = self._written.course
        self._evidence = Evidence(
            configuration=self._rules.configuration, detector=self._rules.detector, applied=course.by_partition if course else {},
            approximate=self._read.approximate, starts=self._read.starts, ends=self._written.ends, kept=kept.first,
        )  # fmt: skip

    def differences(self) -> Iterator[tuple[bool, Told]]:
        """Yield the differences of the period, and whether each is one of what the comments make again."""
        for group in self._groups():
            if (target := group.target) is None:
                continue
            person = self._person(target, group)
            if group.fired or group.made:
                yield from ((False, told) for told in self._of_log(group, person))
            if self._raw is not None:
                yield from ((True, told) for told in self._of_raw(group, person, target[0]))

    def _person(self, target: Target, group: _Group) -> Person:
        key = json_key(*target)
        return Person(
            partition=partition_of(key, self._partitions), written_to=partition_of(key, self._written.partitions), fired=group.fired,
            heard=frozenset(at for one in group.heard for at in (one.created_at, one.ingested_at)),
        )  # fmt: skip

    def _of_log(self, group: _Group, person: Person) -> Iterator[Told]:
        made, fired = self._of_period(group.made, group.fired, person.partition)
        pairs, equal = paired(made, fired)
        self._count(self.counted, made, fired, equal)
        yield from zip(pairs, explained(pairs, self._evidence, person), strict=True)

    def _of_raw(self, group: _Group, person: Person, source: str) -> Iterator[Told]:
        assert self._raw is not None
        what = matched.replayed(group.log, group.again, self._known, person.partition, len(self._raw.scored))
        reordered = Reordered(
            stage=self._rules.pileon, ones=what.ones, entry=group.entry, ticked=self._read.ticked.get(person.partition),
            lateness=self._rules.lateness.get(source, DEFAULT_LATENESS), changes=self._read.changes.get(person.partition, ()),
        )  # fmt: skip
        if not (group.fired or group.made) and what.is_as_logged:
            return
        made, fired = self._of_period(reordered.made(), group.fired, person.partition)
        pairs, equal = paired(made, fired)
        self._count(self.from_raw, made, fired, equal)
        if pairs:
            before = self._from_log(group, person)
            yield from ((pair, _why(pair, before, what.strange, reordered, fired)) for pair in pairs)

    def _from_log(self, group: _Group, person: Person) -> dict[Key, Found]:
        """Return why what the log makes is not what fired: then seam 4's order is not to blame."""
        pairs, _ = paired(group.made, group.fired)
        return {key_of(pair.pileon): why for pair, why in zip(pairs, explained(pairs, self._evidence, person), strict=True)}

    def _of_period(self, made: list[Made], fired: list[Fired], partition: int) -> tuple[list[Made], list[Fired]]:
        """Return what was made of input of the period, all that fired of that, and what else fired in it."""
        ours = {key_of(one.pileon) for one in made}
        within = [one for one in made if self._asked.holds(one.input.at)]
        keys = {key_of(one.pileon) for one in within}
        return within, [
            one for one in fired if key_of(one.pileon) in keys or (key_of(one.pileon) not in ours and self._is_told(one, partition))
        ]

    def _is_told(self, one: Fired, partition: int) -> bool:
        """Return whether it fired in the period; what was written before the snapshot was done is of what that reflects."""
        done = self._written_at.get(partition)
        if done is not None and one.place.at <= done:
            return False
        return self._written.is_told(one.place) and self._asked.holds(one.place.at)

    def _count(self, counted: Counted, made: Sequence[Made], fired: Sequence[Fired], equal: int) -> None:
        counted.live += len(fired)
        counted.replayed += len(made)
        counted.equal += equal


def _why(pair: Pair, before: dict[Key, Found], strange: Sequence[Found], reordered: Reordered, fired: Iterable[Fired]) -> Found:
    key = key_of(pair.pileon)
    if key in before:
        return before[key]
    if strange:
        return next((one for one in strange if one.cause is Cause.UNEXPLAINED), strange[0])
    return reordered.found(key, next((one.value for one in fired if key_of(one.pileon) == key), None))


class _Ids:
    """Whether ids were made with the same installation key: the same openings have other ids throughout where they were not."""

    def __init__(self) -> None:
        self._openings = self._alike = 0

    def take(self, group: _Group) -> None:
        ours = {one.pileon.opened_by: one.pileon.pileon_id for one in group.made}
        theirs = {one.pileon.opened_by: one.pileon.pileon_id for one in group.fired}
        same = ours.keys() & theirs.keys()
        self._openings += len(same)
        self._alike += sum(ours[opening] == theirs[opening] for opening in same)

    def check(self) -> None:
        if self._openings and not self._alike:
            raise UserError("the live pile-ons' ids were made with another installation key: name it with --data or THREADWATCH_KEY")


_READ_MADE: Final = msgspec.msgpack.Decoder(Made).decode
_READ_HEARD: Final = msgspec.msgpack.Decoder(Heard).decode
_READ_LOGGED: Final = msgspec.msgpack.Decoder(Logged).decode
_READ_AGAIN: Final = msgspec.msgpack.Decoder(Again).decode
_READ_KNOWN: Final = msgspec.msgpack.Decoder(fold.Known).decode
