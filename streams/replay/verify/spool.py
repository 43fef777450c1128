"""What is held of logs while they are compared: on disk, so that what is about one person, or one pile-on, comes together."""

from collections.abc import Callable, Iterable, Iterator
from heapq import merge
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Final

import msgspec

from streams.replay.order import sorting
from streams.replay.recorded import Progress
from streams.replay.sorting import Item, Sorted, Sorter

Begin = Callable[[str], Progress]
"""Told what begins; what it returns is told how much of how much of that is done."""

_NUMBER: Final = 8
_HELD: Final = 20_000
"""Records of one spool in memory: there are ten of them at once."""
_TOLD: Final = 1000
"""Records from one telling of how much is done to the next."""
_GROUP: Final = itemgetter(0)
_PACK: Final = msgspec.msgpack.Encoder().encode


class Spool:
    """Takes records, each of a group, and gives those of one group together, in the order in which they came."""

    def __init__(self, folder: Path | None, name: str) -> None:
        """``folder``: for what is too much for memory; without one all of it is held."""
        self._sorter = Sorter(folder, name, _HELD)
        self.count = 0

    def add(self, group: bytes, record: Any) -> None:
        """Take one. OSError where the disk takes no more."""
        self.count += 1
        self._sorter.add(group + self.count.to_bytes(_NUMBER, "big"), _PACK(record))

    def sorted(self) -> Sorted:
        """Return all that was taken."""
        return self._sorter.sorted()


def group_of(*parts: str) -> bytes:
    """Return what tells a group from every other; none is the beginning of another."""
    return b"".join(map(sorting, parts))


def joined(*streams: Iterable[Item]) -> Iterator[tuple[bytes, list[list[bytes]]]]:
    """Yield each group with its records in each of the streams: packed, one group at a time in memory."""
    tagged = merge(*(_tagged(stream, number) for number, stream in enumerate(streams)), key=_GROUP)
    for group, items in groupby(tagged, key=_GROUP):
        found: list[list[bytes]] = [[] for _ in streams]
        for _, number, record in items:
            found[number].append(record)
        yield group, found


class Going:
    """Tells how many records are done, not of each: telling takes longer than most of them."""

    def __init__(self, progress: Progress, of: int) -> None:
        """``of``: how many there are."""
        self._progress, self._of = progress, of
        self._done = 0

    def more(self, records: int) -> None:
        """Count these."""
        before, self._done = self._done, self._done + records
        if before // _TOLD != self._done // _TOLD or self._done == self._of:
            self._progress(self._done, self._of)


def _tagged(stream: Iterable[Item], number: int) -> Iterator[tuple[bytes, int, bytes]]:
    for key, record in stream:
        yield key[:-_NUMBER], number, record
