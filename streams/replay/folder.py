"""A folder of results, written so that a summary stands there only when everything else does."""

import errno
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from streams.errors import UserError

SUMMARY: Final = "summary.json"
LINES: Final = ("scored", "replies", "pileons", "alerts", "dead-letters", "late", "targets")
"""Files of JSON lines, without ``.jsonl``."""
_ASIDE: Final = ".unfinished-"
_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Folder:
    """Use as a context manager: files are written aside and moved into place at the end, the summary last.

    Where anything is raised, nothing in the folder has changed.
    """

    def __init__(self, path: Path, force: bool = False, lines: Sequence[str] = LINES, last: str = SUMMARY) -> None:
        """Raise UserError for a place that cannot take the results, or holds something and ``force`` is not set.

        ``lines`` are the files of JSON lines, without ``.jsonl``; ``last`` is the file that stands there when all others do.
        """
        self._last = last
        self._path = path
        if path.exists() and not path.is_dir():
            raise UserError(f"--out: {path} is a file; name a folder")
        if not force and path.is_dir() and any(not one.name.startswith(_ASIDE) for one in path.iterdir()):
            raise UserError(f"--out: {path} is not empty; name another folder, or add --force to replace an earlier run's files")
        self._is_new = not path.exists()
        self._aside = path / f"{_ASIDE}{os.getpid()}"
        self._closing = ExitStack()
        self._lines = lines
        self._files: dict[str, IO[bytes]] = {}
        self._whole: list[str] = []
        self._summary = b""

    def __enter__(self) -> Self:
        try:
            self._aside.mkdir(parents=True)
        except OSError as error:
            raise UserError(f"--out: {self._path} cannot be made ({error.strerror})") from error
        for name in self._lines:
            self._files[name] = self._closing.enter_context((self._aside / f"{name}.jsonl").open("w+b"))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Raise UserError where there is no room for the results."""
        failed = error
        try:
            self._closing.close()
            if error is None:
                self._move_into_place()
        except OSError as left:  # what was not on disk yet finds no room when files are closed
            failed = error or left
        self._tidy(is_whole=failed is None)
        if isinstance(failed, OSError) and failed.errno in _NO_ROOM:
            said = f"--out: {self._path} has no room for the results ({failed.strerror}); nothing there was changed; make room"
            raise UserError(said) from failed
        if failed is not None and failed is not error:
            raise failed

    def _tidy(self, *, is_whole: bool) -> None:
        for left in self._path.glob(f"{_ASIDE}*"):  # ours, and that of a run that was killed: it holds text
            shutil.rmtree(left)
        if not is_whole and self._is_new:
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
        (self._path / self._last).unlink(missing_ok=True)
        for name in (*(f"{name}.jsonl" for name in self._lines), *self._whole):
            (self._aside / name).replace(self._path / name)
        (self._aside / self._last).replace(self._path / self._last)


def put_beside(file: Path, text: str, told_by: str) -> None:
    """Write a whole file: first beside its place, then moved there. Raises UserError where it cannot be: ``told_by`` named the place."""
    aside = file.with_name(f"{_ASIDE}{os.getpid()}-{file.name}")
    try:
        aside.write_text(text, encoding="utf-8", errors="backslashreplace")
        aside.replace(file)
    except OSError as error:
        with suppress(OSError):
            aside.unlink()
        raise UserError(f"{told_by}: {file} cannot be written ({error.strerror})") from error
