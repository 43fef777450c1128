"""Partitions of ``replies`` folded in this process or in several: each by itself, so it does not matter where."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import IO, Final, Self

import msgspec
from msgspec import Struct

from streams.replay.replies.fold import WRITTEN, Folded, Folding, Rules, Told, lines_of
from streams.replay.replies.logs import Entries, Log, Part

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


def folded_of(task: Task, told: Callable[[int], object], is_stopped: Callable[[], bool]) -> dict[int, Folded]:
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
