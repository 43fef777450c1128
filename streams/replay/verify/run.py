"""The comparison from one end to the other: what it reads, in which order, and what of it lies in the period.

Everything is read once, in no group, committing nothing. A live worker may go on meanwhile: what it wrote is read before what it read,
so that all that the replay sees as written had its input among what the replay reads.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

import msgspec
from msgspec import Struct, field

from streams.engine import APPLIED, Message, moment
from streams.errors import UserError
from streams.kafka.batches import partition_of
from streams.kafka.connection import reached
from streams.kafka.read import bounded
from streams.replay.from_recording import FromRecording, open_recording
from streams.replay.taken import Asked
from streams.replay.verify import decisions, result
from streams.replay.verify.causes import Applied, Evidence, Target, explained, target_of
from streams.replay.verify.differences import Fired, Made, fired_in, key_of, paired
from streams.replay.verify.fold import Refold
from streams.replay.verify.rules import Rules
from streams.settings import Settings
from streams.topics import PILEONS, REPLIES, json_key, state_topic

MARGIN: Final = timedelta(hours=1)
"""So much longer than the period ``replies`` is folded: brokers' clocks differ, and what fired in it had its input before."""
DELIVERIES: Final = "deliveries"
Progress = Callable[[int, int], None]
"""Told how many messages of ``replies`` of how many are folded."""


class Written(Struct, kw_only=True):
    """What the live program left, beside the log that it read."""

    pileons: list[Message]
    fired: list[Fired]
    """The transitions among them."""
    firsts: Mapping[int, int]
    """Partition of ``pileons`` → the oldest offset."""
    until: Mapping[int, int] | None = None
    """Partition → end of ``pileons`` when nothing else was read yet; None: as much as there is."""
    applied: Mapping[int, list[Applied]] | None = None
    """Partition of ``replies`` → how it was applied; None: not known, and all of it was."""
    alerts: decisions.Live | None = None


class Input(Struct, kw_only=True):
    """What is known of ``replies`` once it was read."""

    fold: Refold
    partitions: int
    in_period: int = 0
    not_applied: int = 0
    starts: dict[int, datetime] = field(default_factory=dict)


class Outcome(Struct, frozen=True):
    """What was found, and every difference."""

    verified: result.Verified
    lines: list[result.Line]


def verify_topics(settings: Settings, rules: Rules, asked: Asked, progress: Progress) -> Outcome:
    """Return how what fired on the broker compares with its replay. UserError where there is nothing to compare, or no such topic."""
    return asyncio.run(reached(settings, _topics(settings, rules, asked, progress)))


async def _topics(settings: Settings, rules: Rules, asked: Asked, progress: Progress) -> Outcome:
    deliveries, _ = await _all_of(settings, DELIVERIES)
    alerts, _ = await _all_of(settings, state_topic("alert"))
    async with bounded(settings, PILEONS.name) as reading:
        until = {number: bound.end for number, bound in reading.bounds.items()}
    applied = _applied([one async for one in _each_of(settings, state_topic("pileon")) if one.key == APPLIED])  # targets are many
    pileons, firsts = await _all_of(settings, PILEONS.name)
    written = Written(
        pileons=pileons, fired=fired_in(pileons), firsts=firsts, until=until, applied=applied,
        alerts=decisions.live_in(alerts, deliveries),
    )  # fmt: skip
    end = None if asked.end is None else asked.end + MARGIN
    async with bounded(settings, REPLIES.name, until=end) as reading:
        read = _input(rules, written, {number: bound.first for number, bound in reading.bounds.items()})
        total = sum(bound.end - bound.first for bound in reading.bounds.values())
        async for batch in reading.in_order():
            _take(read, written, batch, asked)
            progress(read.fold.records + read.not_applied, total)
    return outcome(rules, written, read, asked)


def verify_recordings(rules: Rules, replies: str, pileons: str, asked: Asked, progress: Progress) -> Outcome:
    """Return how a recording of ``pileons`` compares with the replay of one of ``replies``. UserError as above, and for other files."""
    with open_recording(pileons, PILEONS.name, "--pileons") as opened:
        messages = list(opened.messages())
    written = Written(pileons=messages, fired=fired_in(messages), firsts=_firsts(opened))
    with open_recording(replies, REPLIES.name, "--replies") as opened:
        read = _input(rules, written, _firsts(opened))
        for batch in _batches(opened.messages()):
            _take(read, written, batch, asked)
            progress(opened.read, opened.size or 0)
    return outcome(rules, written, read, asked)


def _firsts(opened: FromRecording) -> dict[int, int]:
    return {part.partition: part.start for part in opened.recording.header.partitions}


def _batches(messages: Iterable[Message], at_most: int = 1000) -> Iterable[list[Message]]:
    batch: list[Message] = []
    for message in messages:
        if batch and (len(batch) >= at_most or batch[0].partition != message.partition):
            yield batch
            batch = []
        batch.append(message)
    if batch:
        yield batch


async def _all_of(settings: Settings, topic: str) -> tuple[list[Message], dict[int, int]]:
    async with bounded(settings, topic) as reading:
        messages = [message async for batch in reading.in_order() for message in batch]
        return messages, {number: bound.first for number, bound in reading.bounds.items()}


async def _each_of(settings: Settings, topic: str) -> AsyncIterator[Message]:
    async with bounded(settings, topic) as reading:
        async for batch in reading.in_order():
            for message in batch:
                yield message


def _applied(state: Iterable[Message]) -> dict[int, list[Applied]]:
    found: dict[int, list[Applied]] = {}
    for message in state:
        if message.value:
            entry = msgspec.json.decode(message.value, type=_Entry)
            found.setdefault(message.partition, []).append(Applied(entry.offset, moment(message.timestamp_ms), entry.config))
    return found


class _Entry(Struct, frozen=True):
    offset: int
    config: str = ""


def _input(rules: Rules, written: Written, firsts: Mapping[int, int]) -> Input:
    targets = {target_of(one.pileon) for one in written.fired}
    return Input(fold=Refold(rules.pileon, dict(firsts), targets), partitions=len(firsts))


def _take(read: Input, written: Written, batch: list[Message], asked: Asked) -> None:
    last = None if written.applied is None else max((one.offset for one in written.applied.get(batch[0].partition, ())), default=-1)
    come_to = batch if last is None else [message for message in batch if message.offset <= last]
    read.fold.take(come_to)
    read.not_applied += sum(asked.holds(moment(message.timestamp_ms)) for message in batch[len(come_to) :])
    read.in_period += sum(asked.holds(moment(message.timestamp_ms)) for message in come_to)
    read.starts.setdefault(batch[0].partition, moment(batch[0].timestamp_ms))


def outcome(rules: Rules, written: Written, read: Input, asked: Asked) -> Outcome:
    """Return the comparison of what lies in the period. UserError where nothing does."""
    _check_key(read.fold.made, written.fired)
    made, fired = _of_period(read.fold.made, written, asked)
    if not (made or fired or read.in_period):
        raise _nothing(read, asked)
    pairs, equal = paired(made, fired)
    found = explained(pairs, _evidence(rules, written, read))
    decided = _decided(rules, written, asked)
    told = list(result.lines(pairs, found, decided))
    counted = result.causes(told)
    return Outcome(
        result.Verified(
            start=asked.start, end=asked.end, replies=read.in_period, not_applied_yet=read.not_applied, unreadable=read.fold.unreadable,
            approximate=sorted(read.fold.approximate), begins=min(read.fold.starts.values(), default=None),
            transitions=result.Transitions(len(fired), len(made), equal), decisions=_counted(decided), causes=counted,
            unexplained=counted["unexplained"], configuration=rules.configuration,
            live_configurations=_live(written), detector=rules.detector, program=rules.program,
        ),
        told,
    )  # fmt: skip


def _check_key(made: list[Made], fired: list[Fired]) -> None:
    """Raise UserError where the same openings have other ids throughout: ids are made with the installation key."""
    ours = {(target_of(one.pileon), one.pileon.opened_by): one.pileon.pileon_id for one in made}
    theirs = {(target_of(one.pileon), one.pileon.opened_by): one.pileon.pileon_id for one in fired}
    same = ours.keys() & theirs.keys()
    if same and not any(ours[opening] == theirs[opening] for opening in same):
        raise UserError("the live pile-ons' ids were made with another installation key: name it with --data or THREADWATCH_KEY")


def _of_period(made: list[Made], written: Written, asked: Asked) -> tuple[list[Made], list[Fired]]:
    """Return what was made of input of the period, all that fired of that, and what else fired in it."""
    ours = {key_of(one.pileon) for one in made}
    within = [one for one in made if asked.holds(one.input.at)]
    keys = {key_of(one.pileon) for one in within}
    fired = [(key_of(one.pileon), one) for one in written.fired]
    return within, [one for key, one in fired if key in keys or (key not in ours and _is_told(one, written, asked))]


def _is_told(one: Fired, written: Written, asked: Asked) -> bool:
    is_before = written.until is None or one.place.offset < written.until.get(one.place.partition, 0)
    return is_before and asked.holds(one.place.at)


def _evidence(rules: Rules, written: Written, read: Input) -> Evidence:
    fired, made = written.fired, read.fold.made
    targets = {target_of(one.pileon) for one in fired} | {target_of(one.pileon) for one in made}
    return Evidence(
        configuration=rules.configuration, detector=rules.detector, applied=written.applied or {},
        approximate=frozenset(read.fold.approximate), starts=read.starts, heard=read.fold.heard,
        partition_of=_placed(targets, read.partitions), ends=_begins(written), written_to=_placed(targets, len(written.firsts)),
        fired=fired, made=made,
    )  # fmt: skip


def _placed(targets: Iterable[Target], partitions: int) -> dict[Target, int]:
    return {target: partition_of(json_key(*target), partitions) for target in targets}


def _begins(written: Written) -> dict[int, tuple[int, datetime | None]]:
    at: dict[int, datetime] = {}
    for message in written.pileons:
        at.setdefault(message.partition, moment(message.timestamp_ms))
    return {partition: (first, at.get(partition)) for partition, first in written.firsts.items()}


def _decided(rules: Rules, written: Written, asked: Asked) -> decisions.Compared | None:
    if written.alerts is None:
        return None
    again = decisions.Redecided(rules.alert, written.alerts)
    for message in written.pileons:
        again.take(message)
    return decisions.compared(again, written.alerts, _begins(written), asked.holds)


def _counted(decided: decisions.Compared | None) -> result.Decisions | None:
    return None if decided is None else result.Decisions(decided.attested, decided.attested - decided.differing)


def _live(written: Written) -> list[str]:
    return sorted({one.configuration for some in (written.applied or {}).values() for one in some})


def _nothing(read: Input, asked: Asked) -> UserError:
    begins = min(read.starts.values(), default=None)
    if read.fold.approximate and asked.end is not None and (begins is None or asked.end <= begins):
        since = "nothing of it is left" if begins is None else f"what is left of it begins at {begins.isoformat()}"
        return UserError(f"--to {asked.end.isoformat()}: retention has taken that part of {REPLIES.name}; {since}")
    if read.not_applied:
        return UserError("the live program has applied nothing of this period yet: is the worker running?")
    return UserError(f"nothing arrived in {REPLIES.name} in this period, and nothing fired; look at --from, --to and --prefix")
