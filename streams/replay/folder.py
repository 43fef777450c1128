"""A folder of results, written so that a summary stands there only when everything else does."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from streams.errors import UserError
from streams.replay.aside import FULL, locked, removed, unfinished

SUMMARY: Final = "summary.json"
LINES: Final = ("scored", "replies", "pileons", "alerts", "dead-letters", "late", "targets")
"""Files of JSON lines, without ``.jsonl``."""
_ASIDE: Final = ".unfinished-"
_ROOM: Final = "room"
_PIECE: Final = 1 << 20


class Folder:
    """Use as a context manager: files are written aside and moved into place at the end, the summary last.

    Where anything is raised, nothing in the folder has changed.
    """

    def __init__(
        self, path: Path, force: bool = False, lines: Sequence[str] = LINES, last: str = SUMMARY, partial: Sequence[str] = ()
    ) -> None:
        """Raise UserError for a place that cannot take the results, or holds something and ``force`` is not set.

        ``lines`` are the files of JSON lines, without ``.jsonl``; ``last`` is the file that stands there when all others do;
        ``partial`` are those that stand there only while something is missing.
        """
        self._partial = partial
        self._last = last
        self._path = path
        if path.exists() and not path.is_dir():
            raise UserError(f"--out: {path} is a file; name a folder")
        if not force and path.is_dir() and any(not one.name.startswith(_ASIDE) for one in path.iterdir()):
            raise UserError(f"--out: {path} is not empty; name another folder, or add --force to replace an earlier run's files")
        self._is_new = not path.exists()
        self._aside = path / f"{_ASIDE}{os.getpid()}"
        self._closing, self._holding = ExitStack(), ExitStack()
        self._lines = lines
        self._files: dict[str, IO[bytes]] = {}
        self._whole: list[str] = []
        self._summary = b""

    def __enter__(self) -> Self:
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            if self._holding.enter_context(locked(self._path)) is False:
                raise UserError(f"--out: another run is writing to {self._path}; wait for its end, or name another folder")
            self._remove_unfinished()  # of runs that were killed: it holds text
            self._aside.mkdir()
        except OSError as error:
            self._holding.close()
            raise UserError(f"--out: {self._path} cannot be made ({error.strerror})") from error
        for name in self._lines:
            self._files[name] = self._closing.enter_context((self._aside / f"{name}.jsonl").open("w+b"))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        is_done = False
        try:
            if kind is not None:
                with suppress(OSError):  # what could not be written any more is written for nobody
                    self._closing.close()
            else:
                self._closing.close()
                self._move_into_place()
                is_done = True
        except OSError as unwritten:
            self._check_full(unwritten)
            raise
        finally:
            self._clean(is_done)
            self._holding.close()
        self._check_full(error)

    def _check_full(self, error: BaseException | None) -> None:
        """Raise UserError where that is what was wrong."""
        if isinstance(error, OSError) and error.errno in FULL:
            said = f"--out: {self._path} has no room for the results ({error.strerror}); nothing there was changed; make room"
            raise UserError(said) from error

    def _remove_unfinished(self) -> None:
        for left in self._path.glob(f"{_ASIDE}*"):
            removed(left)

    def _clean(self, is_done: bool) -> None:
        self._remove_unfinished()
        if not is_done and self._is_new:
            with suppress(OSError):  # somebody else may have put something there
                self._path.rmdir()

    def write(self, name: str, lines: Iterable[bytes]) -> None:
        """Add lines, without their ends, to one of the files of lines."""
        file = self._files[name]
        for line in lines:
            file.write(line + b"\n")

    def read(self, name: str) -> Iterator[bytes]:
        """Yield the lines written so far, and go on writing after them."""
        file = self._files[name]
        file.seek(0)
        for line in file:
            yield line[:-1]
        file.seek(0, os.SEEK_END)

    def room(self) -> Path:
        """Return a folder for what is needed meanwhile: its owner's alone, and gone when this is left, whatever happens."""
        room = self._aside / _ROOM
        room.mkdir(mode=0o700, exist_ok=True)
        return room

    def take_over(self, name: str, size: int) -> IO[bytes]:
        """Begin a file of lines with so many bytes of the one that stands in the folder, or as many as there are, and return it."""
        file = self._files[name]
        with suppress(FileNotFoundError), (self._path / f"{name}.jsonl").open("rb") as before:
            while size and (some := before.read(min(size, _PIECE))):
                size -= file.write(some)
        return file

    def file(self, name: str) -> IO[bytes]:
        """Return one of the files of lines, to be read; what is written next is added at its end."""
        return self._files[name]

    def put(self, name: str, content: Iterable[bytes]) -> None:
        """Write a whole file, by its full name."""
        with (self._aside / name).open("wb") as file:
            file.writelines(content)
        self._whole.append(name)

    def finish(self, summary: bytes) -> None:
        """Give the summary, written when the folder is left without an error."""
        self._summary = summary

    def _move_into_place(self) -> None:
        (self._aside / self._last).write_bytes(self._summary)  # all is on disk before anything is moved
        for gone in (self._last, *self._partial):
            (self._path / gone).unlink(missing_ok=True)
        for name in (*(f"{name}.jsonl" for name in self._lines), *self._whole):
            (self._aside / name).replace(self._path / name)
        (self._aside / self._last).replace(self._path / self._last)


def put_beside(file: Path, text: str, told_by: str) -> None:
    """Write a whole file: first beside its place, then moved there. Raises UserError where it cannot be: ``told_by`` named the place."""
    try:
        with unfinished(file, 0o666) as (aside, writing):
            writing.write(text.encode("utf-8", "backslashreplace"))
            writing.flush()
            aside.replace(file)
    except OSError as error:
        raise UserError(f"{told_by}: {file} cannot be written ({error.strerror})") from error
