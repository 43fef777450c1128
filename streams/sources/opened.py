"""Files as they are: plain, ``.gz`` or ``.zst`` (told by their first bytes, so on stdin too), read as a stream, memory flat."""

import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

import zstandard

from streams.errors import UserError

STDIN: Final = "-"
MAX_PAGE: Final = 64 * 1024 * 1024
"""Bytes; a page is read whole."""
MAX_LINE: Final = 4 * 1024 * 1024
"""Bytes; ``comments.raw`` takes no larger message."""
_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_WINDOW: Final = 2**31
"""Reddit's dumps are written with the largest window there is."""
_PIECE: Final = 1024
"""Bytes taken at once: 1 KiB of a hostile frame unpacks to some 32 MiB, never to gigabytes."""
DAMAGED: Final = (EOFError, gzip.BadGzipFile, zlib.error, zstandard.ZstdError)


class _Unpacked(io.RawIOBase):
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
                    raise EOFError("the last frame is cut off")
                return 0
            self._ready = memoryview(self._unpack(piece))
        count = min(len(buffer), len(self._ready))
        buffer[:count], self._ready = self._ready[:count], self._ready[count:]
        return count

    def _unpack(self, piece: bytes) -> bytes:
        unpacked = b""
        while piece:
            frame = self._frame or zstandard.ZstdDecompressor(max_window_size=_WINDOW).decompressobj()
            unpacked += frame.decompress(piece)
            self._frame, piece = (None, frame.unused_data) if frame.eof else (frame, b"")
        return unpacked


@contextmanager
def opened(file: str) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """Give the unpacked bytes of a file (or of stdin for ``-``), and the file itself, whose place tells the progress.

    Raises UserError where the file cannot be opened, or is damaged.
    """
    raw = _file(file)
    try:
        yield _unpacked(raw), raw
    except DAMAGED as error:
        raise UserError(f"{name_of(file)}: the compressed file is damaged or cut off ({error}); fetch it again") from error
    finally:
        if file != STDIN:
            raw.close()


def name_of(file: str) -> str:
    """Return what to call a file in words."""
    return "stdin" if file == STDIN else file


def _file(file: str) -> BinaryIO:
    if file == STDIN:
        return sys.stdin.buffer
    if Path(file).is_dir():
        raise UserError(f"{file} is a folder: name one file")
    try:
        return Path(file).open("rb")
    except OSError as error:
        raise UserError(f"{file}: cannot be read: {error.strerror or error}") from error


def _unpacked(raw: Any) -> BinaryIO:
    start = raw.peek(4)[:4]
    if start[:2] == _GZIP:
        return gzip.GzipFile(fileobj=raw)  # type: ignore[return-value]
    if start == _ZSTD:
        return io.BufferedReader(_Unpacked(raw), 1 << 20)
    return raw  # type: ignore[no-any-return]


def page_text(file: str) -> str:
    """Return a page's text: UTF-8 (or UTF-16 with its mark); bytes that are neither become the replacement sign."""
    with opened(file) as (stream, _):
        data = stream.read(MAX_PAGE + 1)
    if len(data) > MAX_PAGE:
        raise UserError(f"{name_of(file)}: larger than {MAX_PAGE // 1024 // 1024} MiB is no comment page; is it the right file?")
    coding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return data.decode(coding, errors="replace")


def lines_of(stream: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """Yield each line without its end, and whether it was longer than MAX_LINE; the rest of such a line is passed over."""
    while line := stream.readline(MAX_LINE + 1):
        whole = line.endswith(b"\n") or len(line) <= MAX_LINE
        yield line.rstrip(b"\r\n"), not whole
        while not whole:
            rest = stream.readline(MAX_LINE)
            whole = not rest or rest.endswith(b"\n")
