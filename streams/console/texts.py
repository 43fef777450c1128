"""Comments' texts, in files of their own, one for each day they arrived: what is deleted is overwritten where it stands.

A database copies rows about as its pages fill and empty, and leaves remains of them in the gaps: SQLite's ``secure_delete`` does not
find them all (docs/adr/0018). Here each text stands in one place, which the read model knows, and nowhere else.
"""

import os
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, Self

MILLIS_A_DAY: Final = 86_400_000


class Span(NamedTuple):
    """Where a text stands: the day's file, from which byte, how many bytes."""

    day: int
    start: int
    size: int


def folder_of(model: Path) -> Path:
    """Return the folder of a read model's texts."""
    return model.with_name(model.name + "-texts")


class Texts:
    """Writes them. How long each file is, is the read model's to know: what stands beyond was never taken in."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, exist_ok=True)

    def settle(self, sizes: Mapping[int, int]) -> None:
        """Cut off what a batch wrote that was not taken in to its end."""
        for file in self._folder.iterdir():
            size = sizes.get(int(file.name), 0) if file.name.isdecimal() else 0
            if not size:
                file.unlink()
            elif file.stat().st_size > size:
                os.truncate(file, size)

    def append(self, day: int, start: int, pieces: Iterable[bytes]) -> None:
        """Write pieces one after the other from this byte of a day's file on, which is its end."""
        with os.fdopen(os.open(self._folder / str(day), os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
            file.truncate(start)
            file.seek(start)
            file.writelines(pieces)

    def erase(self, spans: Iterable[Span]) -> None:
        """Overwrite texts with zeros, on disk when this returns. A file that is gone holds none."""
        by_day: dict[int, list[Span]] = {}
        for span in spans:
            if span.size:
                by_day.setdefault(span.day, []).append(span)
        for day, some in by_day.items():
            path = self._folder / str(day)
            if path.exists():
                with path.open("r+b") as file:
                    for span in some:
                        file.seek(span.start)
                        file.write(bytes(span.size))
                    file.flush()
                    os.fdatasync(file.fileno())

    def drop(self, day: int) -> None:
        """Remove a day's file."""
        (self._folder / str(day)).unlink(missing_ok=True)


class Opened:
    """Reads them, for one page. Use as a context manager."""

    def __init__(self, model: Path) -> None:
        self._folder = folder_of(model)
        self._files: dict[int, BinaryIO | None] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def read(self, span: Span) -> str | None:
        """Return a text; None where it was overwritten or removed meanwhile."""
        if not span.size:
            return ""
        file = self._file(span.day)
        data = os.pread(file.fileno(), span.size, span.start) if file is not None else b""
        return data.decode("utf-8", "replace") if data.strip(b"\0") else None

    def _file(self, day: int) -> BinaryIO | None:
        if day not in self._files:
            path = self._folder / str(day)
            try:
                self._files[day] = self._stack.enter_context(path.open("rb", buffering=0))
            except FileNotFoundError:
                self._files[day] = None
        return self._files[day]
