"""Bytes sorted by keys that may be many more than memory holds: runs of bounded size, sorted, packed, merged when they are read."""

import os
from collections.abc import Iterable, Iterator
from heapq import merge
from operator import itemgetter
from pathlib import Path
from typing import Final

import msgspec
import zstandard
from msgspec import Struct

RUN_ITEMS: Final = 50_000
"""Items that are held at most; fewer never touch the disk."""
RUN_BYTES: Final = 32 << 20
_BLOCK: Final = 64 << 10
"""Bytes of a block before it is packed: of every run one is in memory while it is read."""
_LENGTH: Final = 4
_OWNER_ONLY: Final = 0o600

Item = tuple[bytes, bytes]
"""Key and value."""
_KEY: Final = itemgetter(0)
_ENCODE: Final = msgspec.msgpack.Encoder().encode
_DECODE: Final = msgspec.msgpack.Decoder(list[tuple[bytes, bytes]]).decode


class Sorted(Struct, frozen=True):
    """Items in the order of their keys, of one key in the order they came. Can be read as often as one likes, by any process."""

    count: int = 0
    held: list[Item] = []
    """Those that were few enough for memory."""
    file: str = ""
    runs: list[tuple[int, int]] = []
    """Where each sorted run begins and ends in the file."""

    def __len__(self) -> int:
        """Return how many there are."""
        return self.count

    def __iter__(self) -> Iterator[Item]:
        """Yield them."""
        if not self.runs:
            return iter(self.held)
        return self._merged()

    def _merged(self) -> Iterator[Item]:
        with Path(self.file).open("rb", buffering=0) as file:
            yield from merge(*(_run(file.fileno(), *run) for run in self.runs), key=_KEY)


class Sorter:
    """Takes items in any order. Without a folder all of them stay in memory."""

    def __init__(self, folder: Path | None, name: str, at_most: int | None = None) -> None:
        """``name``: of the file in the folder, made only when it is needed. ``at_most``: items that are held, ``RUN_ITEMS`` unless said."""
        self._file = None if folder is None else folder / name
        self._at_most = RUN_ITEMS if at_most is None else at_most
        self._held: list[Item] = []
        self._size = 0
        self._count = 0
        self._runs: list[tuple[int, int]] = []

    def add(self, key: bytes, value: bytes) -> None:
        """Take one item. OSError where the disk takes no more."""
        self._held.append((key, value))
        self._size += len(key) + len(value)
        self._count += 1
        if (len(self._held) > self._at_most or self._size > RUN_BYTES) and self._file is not None:
            self._write(self._file)

    def sorted(self) -> Sorted:
        """Return all that was taken."""
        if self._file is None or not self._runs:
            self._held.sort(key=_KEY)
            return Sorted(self._count, self._held)
        if self._held:
            self._write(self._file)
        return Sorted(self._count, [], str(self._file), self._runs)

    def _write(self, path: Path) -> None:
        self._held.sort(key=_KEY)
        path.touch(_OWNER_ONLY)
        with path.open("ab") as file:
            start = file.seek(0, os.SEEK_END)
            file.writelines(len(block).to_bytes(_LENGTH, "big") + block for block in _blocks(self._held))
            self._runs.append((start, file.tell()))
        self._held, self._size = [], 0


def merged(parts: Iterable[Iterable[Item]]) -> Iterator[Item]:
    """Yield the items of several that are each in order."""
    few = list(parts)
    return iter(few[0]) if len(few) == 1 else merge(*few, key=_KEY)


def _blocks(items: list[Item]) -> Iterator[bytes]:
    pack = zstandard.ZstdCompressor(level=1).compress
    some: list[Item] = []
    size = 0
    for item in items:
        some.append(item)
        size += len(item[0]) + len(item[1])
        if size >= _BLOCK:
            yield pack(_ENCODE(some))
            some, size = [], 0
    if some:
        yield pack(_ENCODE(some))


def _run(handle: int, start: int, end: int) -> Iterator[Item]:
    unpack = zstandard.ZstdDecompressor().decompress
    while start < end:
        length = int.from_bytes(os.pread(handle, _LENGTH, start), "big")
        yield from _DECODE(unpack(os.pread(handle, length, start + _LENGTH)))
        start += _LENGTH + length
