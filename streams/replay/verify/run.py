"""The comparison from one end to the other: what it reads, in which order, and what of it lies in the period.

Everything is read once, in no group, committing nothing. A live worker may go on meanwhile: what it wrote is read before what it read,
so that all that the replay sees as written had its input among what the replay reads.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from streams.engine import Message, moment
from streams.errors import UserError
from streams.kafka.connection import reached
from streams.kafka.read import bounded
from streams.replay.from_recording import FromRecording, open_recording
from streams.replay.sorting import Sorted, Sorter
from streams.replay.taken import Asked
from streams.replay.verify import decisions, result
from streams.replay.verify.compare import Comparison
from streams.replay.verify.differences import Cause, order_of
from streams.replay.verify.fold import Refold
from streams.replay.verify.opening import MARGIN, at_the_first, opening
from streams.replay.verify.raw import RawLog, courses, raw_log
from streams.replay.verify.rules import Rules
from streams.replay.verify.spool import Begin
from streams.replay.verify.storms import storms_of
from streams.replay.verify.written import Written, written
from streams.settings import Settings
from streams.topics import PILEONS, REPLIES

_ENCODE: Final = msgspec.json.Encoder().encode


class Input:
    """What is known of ``replies`` once it was read."""

    def __init__(self, fold: Refold, written: Written, asked: Asked) -> None:
        self.fold, self._asked = fold, asked
        self.partitions = self.in_period = self.not_applied = 0
        self.is_behind = False
        """Whether live has yet to apply some of what was read."""
        self._last = None if written.course is None else written.course.last

    def take(self, batch: list[Message]) -> None:
        """Take a batch of the partition that was opened: as much of it as live has applied."""
        last = None if self._last is None else self._last.get(batch[0].partition, -1)
        come_to = batch if last is None else [message for message in batch if message.offset <= last]
        self.fold.take(come_to)
        self.is_behind |= len(come_to) < len(batch)
        self.not_applied += sum(self._asked.holds(moment(message.timestamp_ms)) for message in batch[len(come_to) :])
        self.in_period += sum(self._asked.holds(moment(message.timestamp_ms)) for message in come_to)

    @property
    def read(self) -> int:
        """Return how many messages were read."""
        return self.fold.records + self.not_applied


class Outcome(Struct, frozen=True):
    """What was found, and every difference as a line of JSON, by its place."""

    verified: result.Verified
    lines: Sorted


def verify_topics(
    settings: Settings, rules: Rules, asked: Asked, begin: Begin, folder: Path | None = None, *, raw: bool = False
) -> Outcome:
    """Return how what fired on the broker compares with its replay. UserError where there is nothing to compare, or no such topic.

    ``folder`` takes what is too much for memory, and must stay while the lines are read. ``raw``: also with what the comments make again.
    """
    return asyncio.run(reached(settings, _topics(settings, rules, asked, begin, folder, raw)))


async def _topics(settings: Settings, rules: Rules, asked: Asked, begin: Begin, folder: Path | None, raw: bool) -> Outcome:
    far = await courses(settings) if raw else None
    live = await written(settings, rules, folder)
    read = Input(Refold(rules.pileon, folder, keeps_log=raw), live, asked)
    end, progress = None if asked.end is None else asked.end + MARGIN, begin(REPLIES.name)
    async with bounded(settings, REPLIES.name) as reading:
        partitions, total = sorted(reading.bounds), sum(bound.end - bound.first for bound in reading.bounds.values())
    read.partitions = len(partitions)
    for partition in partitions:
        opened = await opening(settings, rules.pileon, partition, asked)
        read.fold.open(partition, opened)
        async with bounded(settings, REPLIES.name, [partition], {partition: opened.first}, until=end) as reading:
            async for batch in reading.in_order():
                read.take(batch)
                progress(read.read, total)
    comments = await raw_log(settings, rules, far, end, folder, begin) if far is not None else None
    return outcome(rules, live, read, asked, begin, folder, comments)


def verify_recordings(rules: Rules, replies: str, pileons: str, asked: Asked, begin: Begin, folder: Path | None = None) -> Outcome:
    """Return how a recording of ``pileons`` compares with the replay of one of ``replies``. UserError as above, and for other files."""
    with open_recording(pileons, PILEONS.name, "--pileons") as opened:
        live = Written(rules, _firsts(opened), folder)
        for message in opened.messages():
            live.take(message)
    read = Input(Refold(rules.pileon, folder), live, asked)
    with open_recording(replies, REPLIES.name, "--replies") as opened:
        firsts = _firsts(opened)
        read.partitions = len(firsts)
        waiting, progress = dict(firsts), begin(REPLIES.name)
        for batch in _batches(opened.messages()):
            if (first := waiting.pop(batch[0].partition, None)) is not None:
                read.fold.open(batch[0].partition, at_the_first(rules.pileon, first))
            read.take(batch)
            progress(opened.read, opened.size or 0)
        for partition, first in waiting.items():
            read.fold.open(partition, at_the_first(rules.pileon, first))
    return outcome(rules, live, read, asked, begin, folder)


def _firsts(opened: FromRecording) -> dict[int, int]:
    return {part.partition: part.start for part in opened.recording.header.partitions}


def _batches(messages: Iterable[Message], at_most: int = 1000) -> Iterator[list[Message]]:
    batch: list[Message] = []
    for message in messages:
        if batch and (len(batch) >= at_most or batch[0].partition != message.partition):
            yield batch
            batch = []
        batch.append(message)
    if batch:
        yield batch


class _Lines:
    """Takes differences in any order, and counts them by cause."""

    def __init__(self, folder: Path | None) -> None:
        self._sorter = Sorter(folder, "lines")
        self._count = 0

    def add(self, counted: Counter[Cause], line: result.Line, order: tuple[object, ...]) -> None:
        counted[line.cause] += 1
        self._count += 1
        place = "\0".join(map(str, (line.stage, line.replayed_from != REPLIES.name, *order)))
        self._sorter.add(place.encode() + self._count.to_bytes(8, "big"), _ENCODE(line))

    def sorted(self) -> Sorted:
        return self._sorter.sorted()


def outcome(
    rules: Rules, live: Written, read: Input, asked: Asked, begin: Begin, folder: Path | None = None, raw: RawLog | None = None
) -> Outcome:
    """Return the comparison of what lies in the period. UserError where nothing does."""
    comparison = Comparison(rules, live, read.fold, read.partitions, asked, begin("comparing"), raw)
    comparison.survey(ends_early=read.is_behind or asked.end is not None)
    lines, causes, of_raw = _Lines(folder), Counter[Cause](), Counter[Cause]()
    for from_raw, (pair, why) in comparison.differences():
        lines.add(of_raw if from_raw else causes, result.line_of_pair(pair, why, from_raw=from_raw), order_of(pair))
    counted = comparison.counted
    if not (counted.live or counted.replayed or read.in_period):
        raise _nothing(read, asked)
    decided, storms = _decided(live, asked, lines, causes)
    unscored = raw.unscored if raw is not None else 0
    return Outcome(
        result.Verified(
            start=asked.start, end=asked.end, replies=read.in_period, not_applied_yet=read.not_applied, unreadable=read.fold.unreadable,
            approximate=sorted(read.fold.approximate), starts=read.fold.began, begins=min(read.fold.starts.values(), default=None),
            transitions=counted.transitions(), decisions=decided, storms=storms,
            raw=None if raw is None else result.Raw(
                comments=raw.comments, replies=raw.replies, lost=raw.lost, unscored=raw.unscored,
                transitions=comparison.from_raw.transitions(), causes=result.causes(of_raw),
            ),
            causes=result.causes(causes), unexplained=causes[Cause.UNEXPLAINED] + of_raw[Cause.UNEXPLAINED] + unscored,
            configuration=rules.configuration, live_configurations=sorted(live.course.configurations()) if live.course else [],
            detector=rules.detector, program=rules.program,
        ),
        lines.sorted(),
    )  # fmt: skip


def _decided(live: Written, asked: Asked, lines: _Lines, causes: Counter[Cause]) -> tuple[result.Decisions | None, result.Decisions | None]:
    if live.live is None or live.again is None:
        return None, None
    counted = decisions.Compared()
    for one in decisions.compared(live.again, live.live, live.ends, asked.holds, counted):
        lines.add(causes, result.line_of_decision(one), (one.began, one.pileon_id, one.revision, one.kind))
    watches = list(storms_of(live.live.storms, live.again.storms, live.ends, asked.holds))
    for storm in watches:
        if storm is not None:
            lines.add(causes, result.line_of_storm(storm), ("storm", storm.source))
    attested = result.Decisions(counted.attested, counted.attested - counted.differing)
    return attested, result.Decisions(len(watches), sum(storm is None for storm in watches))


def _nothing(read: Input, asked: Asked) -> UserError:
    begins = min(read.fold.starts.values(), default=None)
    if read.fold.approximate and asked.end is not None and (begins is None or asked.end <= begins):
        since = "nothing of it is left" if begins is None else f"what is left of it begins at {begins.isoformat()}"
        return UserError(f"--to {asked.end.isoformat()}: retention has taken that part of {REPLIES.name}; {since}")
    if read.not_applied:
        return UserError("the live program has applied nothing of this period yet: is the worker running?")
    return UserError(f"nothing arrived in {REPLIES.name} in this period, and nothing fired; look at --from, --to and --prefix")
