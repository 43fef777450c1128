"""Files as they are: plain, ``.gz`` or ``.zst``, or standard input; read as a stream of lines, memory flat whatever they hold."""

import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

import zstandard
from msgspec import Struct

from streams.errors import UserError

STDIN: Final = "-"
MAX_LINE: Final = 4 * 1024 * 1024
"""Bytes; ``comments.raw`` takes no larger message."""
_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPED: Final = b"\x2a\x4d\x18"
"""Bytes 2 to 4 of a frame that holds no data; some packers begin with one."""
_WINDOW: Final = 2**31
"""The largest there is; Reddit's dumps are written with it."""
_PIECE: Final = 1024
"""Bytes taken at once: 1 KiB of a hostile frame unpacks to some 32 MiB, never to gigabytes."""
_DAMAGED: Final = (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError)


class Line(Struct, frozen=True):
    """A line of a file, from 1, without its end: at most MAX_LINE bytes of it. ``length`` is how many it had."""

    number: int
    value: bytes
    length: int

    @property
    def is_too_long(self) -> bool:
        """Return whether the line is longer than a message can be."""
        return self.length > MAX_LINE


@contextmanager
def opened(file: str) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """Give the unpacked bytes of a file (or of standard input for ``-``), and the file itself, whose place tells the progress.

    Raises UserError where the file cannot be opened, or is damaged.
    """
    raw = open_raw(file)
    try:
        with damage_told(file):
            yield unpacked(raw, file), raw
    finally:
        if file != STDIN:
            raw.close()


def name_of(file: str) -> str:
    """Return what to call a file in words."""
    return "stdin" if file == STDIN else file


def open_raw(file: str) -> BinaryIO:
    """Return a file opened, still packed. Raises UserError where it cannot be."""
    if file == STDIN:
        given: Any = sys.stdin.buffer
        return given if hasattr(given, "peek") else io.BufferedReader(given)
    if Path(file).is_dir():
        raise UserError(f"{file}: cannot be read: it is a folder; name one file")
    try:
        return Path(file).open("rb")
    except OSError as error:
        raise UserError(f"{file}: cannot be read: {error.strerror or error}") from error


def unpacked(raw: Any, file: str) -> BinaryIO:
    """Return the bytes a packed file holds. Its first bytes tell how it is packed, so standard input can be, too; else its name's end."""
    start = raw.peek(4)[:4]
    if start[:2] == _GZIP or file.endswith(".gz"):
        return gzip.GzipFile(fileobj=raw)  # type: ignore[return-value]
    if start == _ZSTD or (start[1:] == _ZSTD_SKIPPED and start[0] >> 4 == 5) or file.endswith((".zst", ".zstd")):
        return io.BufferedReader(_Frames(raw), 1 << 20)
    return raw  # type: ignore[no-any-return]


@contextmanager
def damage_told(file: str) -> Iterator[None]:
    """Raise UserError where a packed file turns out to be damaged while it is read."""
    try:
        yield
    except _DAMAGED as error:
        raise UserError(f"{name_of(file)}: cannot be unpacked, it is damaged or cut off ({error}); fetch or pack it again") from error


def lines_of(stream: Any) -> Iterator[Line]:
    """Yield each line. Of one longer than MAX_LINE the rest is passed over: a line of gigabytes is never held whole."""
    number = 0
    while read := stream.readline(MAX_LINE + 2):  # a line may end in two bytes
        number += 1
        value = read.rstrip(b"\r\n")
        rest = _rest_of_line(stream) if len(value) > MAX_LINE and not read.endswith(b"\n") else 0
        yield Line(number, value[:MAX_LINE], len(value) + rest)


def _rest_of_line(stream: Any) -> int:
    skipped = 0
    while part := stream.readline(MAX_LINE):
        skipped += len(part.rstrip(b"\r\n"))
        if part.endswith(b"\n"):
            break
    return skipped


class _Frames(io.RawIOBase):
    """What a zstd file holds, frame after frame. Unlike zstandard's own reader it notices a file that was cut off."""

    def __init__(self, packed: Any) -> None:
        self._packed = packed
        self._frame: Any = None
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            piece = self._packed.read(_PIECE)
            if not piece:
                if self._frame is not None:
                    raise EOFError("it ends before its end-of-frame marker")
                return 0
            self._ready = memoryview(self._unpack(piece))
        count = min(len(buffer), len(self._ready))
        buffer[:count], self._ready = self._ready[:count], self._ready[count:]
        return count

    def _unpack(self, piece: bytes) -> bytes:
        found = b""
        while piece:
            frame = self._frame or zstandard.ZstdDecompressor(max_window_size=_WINDOW).decompressobj()
            found += frame.decompress(piece)
            self._frame, piece = (None, frame.unused_data) if frame.eof else (frame, b"")
        return found
