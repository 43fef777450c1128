"""Comment records from a file of JSON lines: plain, ``.gz`` or ``.zst``, or standard input."""

import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final, Self

import zstandard
from msgspec import Struct

from streams.errors import UserError
from streams.records import Comment
from streams.stages.decode import Unreadable, decoder

MAX_LINE: Final = 4 * 1024 * 1024
"""Bytes; the largest message that ``comments.raw`` takes."""
KEPT_OF_TOO_LONG: Final = 64 * 1024
"""Bytes of a longer line that its dead letter keeps."""
TOO_LONG: Final = "too_long"
_PACKED_AT_ONCE: Final = 1024
"""Bytes: a hostile kilobyte unpacks to some 32 MiB, never to gigabytes."""
_WINDOW: Final = 2**31
"""The largest there is: what other programs pack with it can be read."""


class BadLine(Struct, frozen=True):
    """A line that is no comment: which one (from 1), why, and its bytes (base64 in JSON)."""

    line: int
    reason: str
    detail: str
    bytes: bytes


class Line(Struct, frozen=True):
    """A line of a file, from 1, without its end. ``length`` is what it was, if more than ``value`` holds."""

    number: int
    value: bytes
    length: int


def read_comments(file: IO[bytes]) -> Iterator[Comment | BadLine]:
    """Yield what each line holds; blank lines hold nothing. Raises nothing for what cannot be read."""
    decode = decoder(Comment)
    for line in lines(file):
        if line.length > MAX_LINE:
            yield BadLine(line.number, TOO_LONG, f"{line.length} bytes, at most {MAX_LINE} are read", line.value)
            continue
        try:
            yield decode(line.value)
        except Unreadable as unreadable:
            yield BadLine(line.number, str(unreadable.reason), unreadable.detail, line.value)


def lines(file: IO[bytes]) -> Iterator[Line]:
    """Yield each line that is not blank. A line of gigabytes is never held whole."""
    number = 0
    while value := file.readline(MAX_LINE + 2):
        number += 1
        length = len(value.rstrip(b"\r\n"))
        if length > MAX_LINE:
            rest = 0 if value.endswith(b"\n") else _rest_of_line(file)
            yield Line(number, value[:KEPT_OF_TOO_LONG], length + rest)
        elif value := value.strip():
            yield Line(number, value, len(value))


def _rest_of_line(file: IO[bytes]) -> int:
    skipped = 0
    while part := file.readline(MAX_LINE):
        skipped += len(part.rstrip(b"\r\n"))
        if part.endswith(b"\n"):
            break
    return skipped


class Opened:
    """A file opened for reading, unpacked by its name's end. Use as a context manager.

    ``read`` is how many bytes were read of ``size`` on disk (None where unknown): a progress bar's two numbers.
    """

    def __init__(self, name: str) -> None:
        self._raw: IO[bytes] = sys.stdin.buffer if name == "-" else _opened(Path(name))
        self.size = None if name == "-" else Path(name).stat().st_size
        self.name = "standard input" if name == "-" else name
        self._file = io.BufferedReader(_Readable(_unpacked(name, self._raw)), 1 << 20)

    @property
    def read(self) -> int:
        """Return how far the file on disk was read, in bytes."""
        return self._raw.tell() if self.size is not None else 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.size is not None:
            self._raw.close()

    def comments(self) -> Iterator[Comment | BadLine]:
        """Yield the file's comments and bad lines; UserError where the packed file is damaged or cut short."""
        try:
            yield from read_comments(self._file)
        except (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError) as error:
            raise UserError(f"{self.name}: cannot be unpacked ({error}); is it whole? Pack it again or give it unpacked") from error


def _opened(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        raise UserError(f"there is no file {path}; give comment records as `threadwatch ingest … --to -` writes them") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from error


def _unpacked(name: str, raw: IO[bytes]) -> Any:
    if name.endswith(".gz"):
        return gzip.GzipFile(fileobj=raw)
    if name.endswith((".zst", ".zstd")):
        return _Zstandard(raw)
    return raw


class _Zstandard:
    """Frames one after the other. The library's own reader ends silently where a file was cut short; this one says so."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self._frame: Any = None
        self._packed = b""
        self._ready = b""

    def read(self, size: int) -> bytes:
        while not self._ready:
            self._packed = self._packed or self._raw.read(_PACKED_AT_ONCE)
            if not self._packed:
                return self._end()
            self._frame = self._frame or zstandard.ZstdDecompressor(max_window_size=_WINDOW).decompressobj()
            self._ready, self._packed = self._frame.decompress(self._packed), b""
            if self._frame.eof:
                self._packed, self._frame = self._frame.unused_data, None
        part, self._ready = self._ready[:size], self._ready[size:]
        return part

    def _end(self) -> bytes:
        if self._frame is not None:
            raise EOFError("it ends before its end-of-frame marker")
        return b""


class _Readable(io.RawIOBase):
    """What the readers of packed files have in common, for a buffer that knows lines."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = self._file.read(len(buffer))
        buffer[: len(part)] = part
        return len(part)
