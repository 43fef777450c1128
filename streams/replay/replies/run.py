"""``threadwatch replay`` from ``replies``: the log that the detector followed, ticks and verdicts and all, through detector and alerts."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import msgspec
from msgspec import Struct

from streams.replay.at_the_end import digest_of
from streams.replay.folder import Folder
from streams.replay.held import nothing_in
from streams.replay.pool import all_done
from streams.replay.positions import packed
from streams.replay.recorded import Cut, Progress
from streams.replay.replies.checkpoint import CHECKPOINT, Checkpoint, Position, joined, written_by
from streams.replay.replies.fold import Folded
from streams.replay.replies.logs import Log, LogOfPeriod
from streams.replay.replies.plan import Plan, rules_of
from streams.replay.replies.summary import Summary, summed
from streams.replay.replies.work import Begun, Task, entries_of, folded_of, shared
from streams.replay.taken import Asked


class How(Struct, frozen=True):
    """How it is done. It changes no byte of what comes of it."""

    processes: int = 1
    resumed: Checkpoint | None = None


def replay(plan: Plan, log: LogOfPeriod, asked: Asked, out: Folder, progress: Progress, cut: Cut, how: How) -> Summary:
    """Fold every partition and write what comes of it to ``out``, partition after partition.

    Raises UserError where nothing in the period says anything, Unbalanced if a record went missing.
    """
    if how.resumed:
        how.resumed.check(plan.program, plan.configuration, log.name)
    room, total = out.room(), sum(map(len, log.parts))
    begun = _begun(plan, log) | (how.resumed.restore(out, room) if how.resumed else {})
    since = None if asked.start is None else asked.start.timestamp() * 1000
    alone: Any = msgspec.structs.replace(log, known=None)  # type: ignore[type-var]  # a task has its own part of that
    tasks = [
        Task(partial(rules_of, plan.settings), alone, partitions, str(room), since, {one: begun[one] for one in partitions if one in begun})
        for partitions in shared(log.parts, how.processes)
    ]
    before = sum(one.folded.messages for one in begun.values())
    done = all_done([partial(folded_of, task) for task in tasks], how.processes, lambda count: progress(before + count, total), cut)
    found = {partition: folded for some in done for partition, folded in some.items()}
    joined(out, room, found)
    left = _left(log, found) if cut.is_asked else 0
    cut.reached = sum(folded.messages for folded in found.values())
    if left:
        cut.check()
        entries = {partition: entries_of(room, partition) or _untouched(begun, found, partition) for partition in found}
        ends = {part.partition: part.end for part in log.parts}
        out.put(CHECKPOINT, [packed(_position(plan, log, found, entries, ends, out))])
    summary = summed(plan, log, asked, found, left, digest_of(out.read("alerts"), room))
    if not left and summary.is_of_nothing:
        raise nothing_in(asked, log.held(), summary.replies["dead_lettered"])
    out.finish(msgspec.json.format(msgspec.json.encode(summary), indent=2) + b"\n")
    return summary


def _begun(plan: Plan, log: LogOfPeriod) -> dict[int, Begun]:
    """Return what the stages of each partition begin with, where that was written down."""
    if log.known is None:
        return {}
    rules = rules_of(plan.settings)
    return {number: Begun(Folded(rules.tally(), rules.tally()), some) for number, some in log.known.entries.items()}


def _untouched(begun: Mapping[int, Begun], found: Mapping[int, Folded], partition: int) -> Any:
    """Return what a partition was to begin with, where it has not begun."""
    return begun[partition].entries if partition in begun and not found[partition].messages else []


def _left(log: Log, found: Mapping[int, Folded]) -> int:
    return sum(max(0, part.end - max(part.first, found[part.partition].offset + 1)) for part in log.parts)


def _position(plan: Plan, log: Log, found: dict[int, Folded], entries: dict[int, Any], ends: dict[int, int], out: Folder) -> Position:
    return Position(
        program=plan.program, configuration=plan.configuration, log=log.name, ends=ends, partitions=found, entries=entries,
        written=written_by(out),
    )  # fmt: skip
