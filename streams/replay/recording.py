"""A recording: the messages of a topic in one packed, checksummed file, byte for byte as the broker has them.

Unpacked, it is a first line that says what it is, blocks of messages (four bytes of length, then MessagePack), an empty block
with the end of a line, and a last line with what it holds and a SHA-256 over the blocks and the first line.
"""

import hashlib
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import IO, Any, Final

import msgspec
import zstandard
from msgspec import Struct

from streams.engine import Message
from streams.errors import UserError

FORMAT: Final = "threadwatch recording"
VERSION: Final = 1
BEGINNING: Final = f'{{"format":"{FORMAT}"'.encode()
"""The first bytes of every recording, of any version."""
_LEVEL: Final = 6
_BLOCK: Final = 1 << 20
"""Bytes of messages after which a block is full."""
_LONGEST_BLOCK: Final = 16 << 20
"""No block that we write is longer; a length above it is damage, never a reason to take so much memory."""
_LONGEST_LINE: Final = 1 << 20
_LENGTH: Final = 4


class Part(Struct, frozen=True):
    """One partition: the bounded read was ``[start, end)``; the first and last offset that are in the file."""

    partition: int
    start: int
    end: int
    first: int | None = None
    last: int | None = None


class Live(Struct, frozen=True, kw_only=True):
    """Who made ``replies``, as far as the broker still told: a record of it names neither."""

    scorers: tuple[str, ...] = ()
    """``name@version``, of the oldest and newest records of ``comments.scored`` that were left."""
    addressing: tuple[str, ...] = ()
    """Hashes of the settings with which ``address`` was at work, of the newest of its state."""


class Header(Struct, frozen=True, kw_only=True):
    """The first line."""

    format: str = FORMAT
    version: int = VERSION
    topic: str
    """As declared, without an installation's prefix."""
    start: datetime | None = msgspec.field(name="from", default=None)
    end: datetime | None = msgspec.field(name="to", default=None)
    partitions: tuple[Part, ...]
    program: str
    live: Live | msgspec.UnsetType = msgspec.UNSET
    """Of ``replies`` alone."""


class Last(Struct, frozen=True):
    """The last line."""

    messages: int
    partitions: dict[str, int]
    """Partition → messages of it."""
    sha256: str


class Entry(Struct, frozen=True, array_like=True, gc=False):
    """One message."""

    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None


class Block(Struct, frozen=True, array_like=True):
    """Messages of one partition, in order."""

    partition: int
    entries: list[Entry]


class _Kind(Struct, frozen=True):
    version: int
    program: str = "an unknown program"


_ENCODE: Final = msgspec.msgpack.Encoder().encode


class Blocks:
    """Takes messages, a partition's in order, and writes them packed. ``close`` before the file is taken for whole."""

    def __init__(self, file: IO[bytes]) -> None:
        self._packed = _packing(file)
        self._digest = hashlib.sha256()
        self._waiting: list[Entry] = []
        self._partition = 0
        self._size = 0
        self._counts: Counter[int] = Counter()
        self._spans: dict[int, tuple[int, int]] = {}

    def add(self, message: Message) -> None:
        """Take one message."""
        if self._waiting and (message.partition != self._partition or self._size >= _BLOCK):
            self._flush()
        self._partition = message.partition
        self._waiting.append(Entry(message.offset, message.timestamp_ms, message.key, message.value))
        self._size += len(message.value or b"") + len(message.key or b"") + 16
        self._counts[message.partition] += 1
        first, _ = self._spans.get(message.partition, (message.offset, 0))
        self._spans[message.partition] = (first, message.offset)

    @property
    def count(self) -> int:
        """Return how many messages it took."""
        return self._counts.total()

    def close(self) -> None:
        """Write what waits, and the empty block."""
        if self._waiting:
            self._flush()
        self._write(b"", b"\n")
        self._packed.close()

    def part(self, partition: int, start: int, end: int) -> Part:
        """Return what the first line says of a partition."""
        first, last = self._spans.get(partition, (None, None))
        return Part(partition, start, end, first, last)

    def last_line(self, first_line: bytes) -> Last:
        """Return what the last line says; the blocks are closed."""
        counts = {str(partition): count for partition, count in sorted(self._counts.items())}
        return Last(self._counts.total(), counts, _digest(self._digest, first_line))

    def _flush(self) -> None:
        self._write(_ENCODE(Block(self._partition, self._waiting)))
        self._waiting, self._size = [], 0

    def _write(self, block: bytes, end: bytes = b"") -> None:
        framed = len(block).to_bytes(_LENGTH, "big") + block + end
        self._digest.update(framed)
        self._packed.write(framed)


def assemble(file: IO[bytes], header: Header, blocks: Blocks, body: IO[bytes]) -> Last:
    """Write a whole recording of blocks, closed, that stand in ``body``, and return its last line."""
    first = msgspec.json.encode(header) + b"\n"
    last = blocks.last_line(first)
    _write_packed(file, first)
    body.seek(0)
    shutil.copyfileobj(body, file, 1 << 20)
    _write_packed(file, msgspec.json.encode(last) + b"\n")
    return last


def _write_packed(file: IO[bytes], line: bytes) -> None:
    with _packing(file) as packed:
        packed.write(line)


def _packing(file: IO[bytes]) -> Any:
    return zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).stream_writer(file, closefd=False)


def _digest(blocks: Any, first_line: bytes) -> str:
    digest = blocks.copy()
    digest.update(first_line)
    return str(digest.hexdigest())


class Recording:
    """A recording that is read. Raises UserError where it is damaged, cut off, altered, or of another version."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        """Read the first line. ``file`` is unpacked, ``name`` is what to call it in words."""
        self._file, self._name = file, name
        self.first_line = file.readline(_LONGEST_LINE)
        kind = self._line(self.first_line, _Kind)
        if kind.version != VERSION:
            raise UserError(
                f"{name}: is a recording of version {kind.version}, made by {kind.program}; this program reads {VERSION}: "
                "use the program that made it, or record the topic again"
            )
        self.header: Header = self._line(self.first_line, Header)

    @property
    def is_cut(self) -> bool:
        """Return whether the log had, or once had, something before what was recorded."""
        parts = self.header.partitions
        is_part = self.header.start is not None
        return any(part.start > 0 or (is_part and part.end > part.start and part.first != part.start) for part in parts)

    def messages(self) -> Iterator[Message]:
        """Yield every message, partition after partition. Whether the file is whole is known only when the last one was taken."""
        for block in self.blocks():
            for entry in block.entries:
                yield Message(self.header.topic, block.partition, entry.offset, entry.timestamp_ms, entry.key, entry.value)

    def blocks(self) -> Iterator["Block"]:
        """Yield the same as they lie there, many at once."""
        digest, counts = hashlib.sha256(), Counter[int]()
        spans: dict[int, tuple[int, int]] = {}
        for block in self._blocks(digest):
            counts[block.partition] += len(block.entries)
            if block.entries:
                first, _ = spans.get(block.partition, (block.entries[0].offset, 0))
                spans[block.partition] = (first, block.entries[-1].offset)
            yield block
        self._check(_digest(digest, self.first_line), counts, spans)

    def _blocks(self, digest: Any) -> Iterator[Block]:
        decode = msgspec.msgpack.Decoder(Block).decode
        while length := int.from_bytes(self._exactly(_LENGTH, digest), "big"):
            if length > _LONGEST_BLOCK:
                raise self._damaged("a block is too long")
            try:
                yield decode(self._exactly(length, digest))
            except msgspec.MsgspecError as error:
                raise self._damaged("a block cannot be read") from error
        self._exactly(1, digest)

    def _exactly(self, count: int, digest: Any) -> bytes:
        found = self._file.read(count)
        if len(found) < count:
            raise self._damaged("it ends too early")
        digest.update(found)
        return found

    def _check(self, sha256: str, counts: Mapping[int, int], spans: Mapping[int, tuple[int, int]]) -> None:
        last: Last = self._line(self._file.readline(_LONGEST_LINE), Last)
        said = {part.partition: (part.first, part.last) for part in self.header.partitions if part.first is not None}
        found = {str(partition): count for partition, count in counts.items() if count}
        if (last.sha256, last.partitions, last.messages) != (sha256, found, sum(found.values())) or said != spans:
            raise self._damaged("its content is not what its last line says")
        if self._file.read(1):
            raise self._damaged("something stands behind its last line")

    def _line(self, line: bytes, kind: Any) -> Any:
        try:
            return msgspec.json.decode(line, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise self._damaged("a line of its own cannot be read") from error

    def _damaged(self, what: str) -> UserError:
        return UserError(f"{self._name}: the recording is damaged or was altered ({what}); copy it again, or record the topic again")


def is_recording(file: Any) -> bool:
    """Return whether an unpacked file that can be peeked into is a recording, of whatever version."""
    return bool(file.peek(len(BEGINNING))[: len(BEGINNING)] == BEGINNING)
