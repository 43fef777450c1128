"""What is written beside its place until it is whole. A lock tells it from what a killed process left, and ends with its process."""

import errno
import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from tempfile import gettempdir, mkdtemp
from typing import IO, Final

from streams.errors import UserError

FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What a disk without room answers."""


@contextmanager
def locked(place: Path) -> Iterator[bool | None]:
    """Hold a file or folder for as long as this is entered. Gives False where somebody else holds it, None where nobody can tell."""
    held = os.open(place, os.O_RDONLY)
    try:
        yield _is_taken(held)
    finally:
        os.close(held)


def _is_taken(held: int) -> bool | None:
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return None
    return True


def remove_left(places: Iterable[Path]) -> None:
    """Remove those that nobody holds: what processes left that were killed. It may hold text."""
    for place in places:
        with suppress(FileNotFoundError), locked(place) as is_ours:
            if is_ours:
                removed(place)


def removed(place: Path) -> None:
    """Remove a file, or a folder and what is in it; what is gone already is no mistake."""
    with suppress(FileNotFoundError):
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        else:
            place.unlink()


@contextmanager
def room(prefix: str) -> Iterator[Path]:
    """Give a folder among the system's temporary ones, its owner's alone. It is gone afterwards, as is what was left of such folders.

    UserError where there is no room.
    """
    remove_left(one for one in Path(gettempdir()).glob(f"{prefix}*") if _is_mine(one))
    made = Path(mkdtemp(prefix=prefix))
    try:
        with locked(made):
            yield made
    except OSError as error:
        if error.errno in FULL:
            raise UserError(
                f"{gettempdir()} has no room for what is sorted there ({error.strerror}); make some, or name an --out"
            ) from error
        raise
    finally:
        removed(made)


def _is_mine(place: Path) -> bool:
    try:
        return place.lstat().st_uid == os.getuid()
    except FileNotFoundError:  # another run was quicker
        return False


@contextmanager
def unfinished(file: Path, mode: int = 0o600) -> Iterator[tuple[Path, IO[bytes]]]:
    """Give a file beside this one, to be moved into its place, and what to write to it.

    It is gone afterwards, and so is what was left there. Raises OSError where it cannot be.
    """
    prefix = f".{file.name}.unfinished-"
    remove_left(one for one in file.parent.iterdir() if one.name.startswith(prefix))
    aside, writing = _held(file.parent, prefix, mode)
    try:
        with writing:
            yield aside, writing
    finally:
        removed(aside)


def _held(folder: Path, prefix: str, mode: int) -> tuple[Path, IO[bytes]]:
    """Return a new file that is held. Whoever looks for what was left may have taken it before that: then another one."""
    while True:
        aside = folder / f"{prefix}{os.getpid()}-{token_hex(4)}"
        writing = os.fdopen(os.open(aside, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode), "w+b")
        if _is_taken(writing.fileno()) is not False and aside.exists():
            return aside, writing
        writing.close()
