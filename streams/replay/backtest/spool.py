"""Replies that were made of comments, on disk: what detectors of other settings fold again and again, as they fold ``replies``."""

from collections.abc import Generator, Iterable, Mapping
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec
import zstandard
from msgspec import Struct

from streams.kafka.read import Columns
from streams.replay.order import micros
from streams.replay.recording import Live
from streams.replay.replies.logs import Part

_AT_ONCE: Final = 1000
_LENGTH: Final = 4
_PACK: Final = msgspec.msgpack.Encoder().encode
_UNPACK: Final = msgspec.msgpack.Decoder(tuple[list[float], list[bytes]]).decode


class Spool(Struct, frozen=True):
    """A log of one partition."""

    file: str
    count: int
    live: Live = Live()

    @property
    def parts(self) -> tuple[Part, ...]:
        """Return its partition."""
        return (Part(0, 0, self.count),)

    @property
    def name(self) -> str:
        """Return where it lies."""
        return self.file

    def is_cut(self, firsts: Mapping[int, int]) -> bool:
        """Return False: whether something stood before its comments, their input knows."""
        return False

    def columns(self, after: Mapping[int, int]) -> Generator[Columns, None, None]:
        """Yield all of it."""
        unpack, start = zstandard.ZstdDecompressor().decompress, 0
        with Path(self.file).open("rb") as file:
            while after and (length := int.from_bytes(file.read(_LENGTH), "big")):
                times, values = _UNPACK(unpack(file.read(length)))
                yield Columns(0, list(range(start, start + len(values))), times, list(values))
                start += len(values)


def spooled(lines: Iterable[tuple[datetime, bytes]], file: Path) -> Spool:
    """Write lines of ``replies``, each with its arrival, to a file that only its owner can read, and return what reads it."""
    pack, coming, count = zstandard.ZstdCompressor(level=1).compress, iter(lines), 0
    file.touch(0o600)
    with file.open("wb") as out:
        while some := list(islice(coming, _AT_ONCE)):
            block = pack(_PACK(([micros(at) / 1000 for at, _ in some], [line for _, line in some])))
            out.write(len(block).to_bytes(_LENGTH, "big") + block)
            count += len(some)
    return Spool(str(file), count)


def since_ms(since: datetime | None) -> float | None:
    """Return where a period begins as these times have it."""
    return None if since is None else micros(since) / 1000
