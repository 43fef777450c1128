"""Partitions of ``replies`` folded in this process or in several: each by itself, so it does not matter where."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, closing
from ctypes import c_longlong
from itertools import groupby
from multiprocessing import get_context
from operator import attrgetter
from pathlib import Path
from typing import IO, Any, Final, Self

import msgspec
from msgspec import Struct

from streams.errors import UserError
from streams.replay.recorded import Cut
from streams.replay.replies.fold import WRITTEN, Folded, Folding, Rules, Told, lines_of
from streams.replay.replies.logs import Log, Part
from streams.replay.workers import ctrl_c_is_ours

Entries = Sequence[tuple[str, str, bytes]]
"""Stage, key, entry."""
_EVERY: Final = 0.1
"""Seconds between two looks at how far others are."""
_ENTRIES: Final = "entries"


class Begun(Struct, frozen=True):
    """How far a partition was when another run was stopped, and what its stages remembered."""

    folded: Folded
    entries: Entries = ()


class Task(Struct, frozen=True):
    """What one process folds."""

    rules: Callable[[], Rules]
    """Makes the stages anew."""
    log: Log
    partitions: tuple[int, ...]
    room: str
    """Where files of lines are written, one for each partition; those of an earlier run stand there."""
    since_ms: float | None = None
    begun: Mapping[int, Begun] = {}


def file_of(room: str | Path, name: str, partition: int) -> Path:
    """Return where the lines of a partition stand."""
    return Path(room) / f"{name}-{partition}"


def done(task: Task, told: Callable[[int], object], is_stopped: Callable[[], bool]) -> dict[int, Folded]:
    """Fold a task's partitions, and return how far each is: to its end, unless it was stopped."""
    rules = task.rules()
    found = {partition: _blank(task, rules, partition) for partition in task.partitions}
    after = {partition: folded.offset for partition, folded in found.items()}
    with closing(task.log.columns(after)) as coming:
        for partition, batches in groupby(coming, key=attrgetter("partition")):
            with _Partition(task, rules, partition) as working:
                found[partition] = working.folding.folded
                for columns in batches:
                    working.take(working.folding.take(columns))
                    told(len(columns))
                    if is_stopped():
                        working.remember()
                        return found
    return found


def _blank(task: Task, rules: Rules, partition: int) -> Folded:
    return task.begun[partition].folded if partition in task.begun else Folded(rules.tally(), rules.tally())


class _Partition:
    def __init__(self, task: Task, rules: Rules, partition: int) -> None:
        self.partition = partition
        begun = task.begun.get(partition)
        self.folding = Folding(rules, task.since_ms, None if begun is None else begun.folded)
        if begun is not None:
            self.folding.restore(begun.entries)
        self._room = task.room
        self._undo = ExitStack()
        self._files: dict[str, IO[bytes]] = {}

    def __enter__(self) -> Self:
        for name in WRITTEN:
            self._files[name] = self._undo.enter_context(file_of(self._room, name, self.partition).open("ab"))
        return self

    def __exit__(self, *_: object) -> None:
        self.folding.folded.sizes = {name: file.tell() for name, file in self._files.items()}
        self._undo.close()

    def take(self, found: Told) -> None:
        for name, lines in lines_of(found).items():
            if lines:
                self._files[name].write(b"\n".join(lines) + b"\n")

    def remember(self) -> None:
        entries = list(self.folding.entries())
        file_of(self._room, _ENTRIES, self.partition).write_bytes(msgspec.msgpack.encode(entries))


def entries_of(room: Path, partition: int) -> list[tuple[str, str, bytes]]:
    """Return what a partition's stages remembered where they were stopped; nothing where it was at its end, or not begun."""
    file = file_of(room, _ENTRIES, partition)
    return msgspec.msgpack.decode(file.read_bytes(), type=list[tuple[str, str, bytes]]) if file.exists() else []


def shared(parts: Sequence[Part], processes: int) -> list[tuple[int, ...]]:
    """Return which partitions each process takes: the largest first, each to who has least."""
    takes: list[tuple[int, list[int]]] = [(0, []) for _ in range(max(1, min(processes, len(parts))))]
    for part in sorted(parts, key=lambda part: (-len(part), part.partition)):
        least = min(range(len(takes)), key=lambda number: takes[number][0])
        takes[least] = takes[least][0] + len(part), [*takes[least][1], part.partition]
    return [tuple(sorted(partitions)) for _, partitions in takes]


def all_done(tasks: Sequence[Task], told: Callable[[int], object], cut: Cut) -> dict[int, Folded]:
    """Do every task, each in a process of its own where there are several. ``told``: how many messages are folded in all by now.

    Raises UserError where a process is ended from outside.
    """
    if len(tasks) > 1:
        return _apart(tasks, told, cut)
    count = 0

    def more(some: int) -> None:
        nonlocal count
        told(count := count + some)

    return done(tasks[0], more, lambda: cut.is_asked)


def _apart(tasks: Sequence[Task], told: Callable[[int], object], cut: Cut) -> dict[int, Folded]:
    context = get_context("spawn")
    counts, stop = context.Array(c_longlong, len(tasks), lock=False), context.Value("b", 0, lock=False)
    with ProcessPoolExecutor(len(tasks), context, _begin, (counts, stop)) as pool:
        try:
            with ctrl_c_is_ours():  # the processes are started here
                futures = [pool.submit(_done, task, number) for number, task in enumerate(tasks)]
            _wait(futures, lambda: told(sum(counts[:])), cut, stop)
            return {partition: folded for future in futures for partition, folded in future.result().items()}
        except BrokenProcessPool as gone:
            raise UserError("a process of this replay was ended: start again; where memory is short, with fewer --processes") from gone
        finally:
            stop.value = 1


def _wait(futures: Sequence[Future[Any]], told: Callable[[], object], cut: Cut, stop: Any) -> None:
    waiting: set[Future[Any]] = set(futures)
    while waiting:
        ended, waiting = wait(waiting, _EVERY, FIRST_EXCEPTION)
        told()
        if cut.is_asked:
            stop.value = 1
        for one in ended:
            one.result()


_COUNTS: Any = None
_STOP: Any = None


def _begin(counts: Any, stop: Any) -> None:
    global _COUNTS, _STOP  # what all processes share comes in no other way
    _COUNTS, _STOP = counts, stop


def _done(task: Task, number: int) -> dict[int, Folded]:
    def more(some: int) -> None:
        _COUNTS[number] += some

    return done(task, more, lambda: bool(_STOP.value))
