"""Comment records from a file of JSON lines: plain, ``.gz`` or ``.zst``, or standard input."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final, Self

from msgspec import Struct

from streams.errors import UserError
from streams.packed import MAX_LINE, STDIN, damage_told, lines_of, name_of, open_raw, unpacked
from streams.records import Comment
from streams.replay.reach import Reach
from streams.stages.decode import Unreadable, decoder

KEPT_OF_TOO_LONG: Final = 64 * 1024
"""Bytes of a longer line that its dead letter keeps."""
TOO_LONG: Final = "too_long"


class BadLine(Struct, frozen=True, omit_defaults=True):
    """A line that is no comment: which one (from 1), why, and its bytes (base64 in JSON)."""

    line: int
    reason: str
    detail: str
    bytes: bytes
    is_before: bool = False
    """Whether it belongs to the warm-up: then it is written nowhere."""
    partition: int | None = None
    """Of ``replies``, where ``line`` is an offset."""


def read_comments(file: IO[bytes]) -> Iterator[Comment | BadLine]:
    """Yield what each line holds; blank lines hold nothing. Raises nothing for what cannot be read."""
    decode = decoder(Comment)
    for line in lines_of(file):
        if line.is_too_long:
            yield BadLine(line.number, TOO_LONG, f"{line.length} bytes, at most {MAX_LINE} are read", line.value[:KEPT_OF_TOO_LONG])
        elif value := line.value.strip():
            try:
                yield decode(value)
            except Unreadable as unreadable:
                yield BadLine(line.number, str(unreadable.reason), unreadable.detail, value)


class Opened:
    """A file of comments opened for reading. Use as a context manager.

    ``attested`` is False: nobody but the file says when its records arrived. ``reach``: it is all that there is.
    ``read`` is how many bytes were read of ``size`` on disk (None where unknown): a progress bar's two numbers.
    """

    attested = False
    ends: Mapping[int, int] = {}
    """It is no topic."""

    def __init__(self, file: str) -> None:
        """Raise UserError where the file cannot be opened."""
        self.file = file
        self.reach = Reach()
        self._raw = open_raw(file)
        self.stream: Any = unpacked(self._raw, file)
        self.size = None if file == STDIN else Path(file).stat().st_size
        self.name = name_of(file)

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
        """Yield the file's comments and bad lines; UserError where the packed file is damaged, or holds not one comment."""
        with damage_told(self.file):
            yield from any_good(read_comments(self.stream), self.name, " as `threadwatch ingest … --to -` writes them")


def any_good(found: Iterable[Comment | BadLine], name: str, form: str, unit: str = "line") -> Iterator[Comment | BadLine]:
    """Yield what was found in the file of this name. UserError, which says in what form to give records, where not one is a comment."""
    bad: list[BadLine] = []
    count, is_any = 0, False
    for one in found:
        if isinstance(one, BadLine):
            count, bad = count + 1, bad or [one]
        else:
            is_any = True
        yield one
    if not is_any:
        raise UserError(f"{name}: {_nothing(count, bad, unit)}; give comment records{form}")


def _nothing(count: int, first: Sequence[BadLine], unit: str) -> str:
    """Return what a file without one comment is like: the account of nothing would look like calm."""
    if not first:
        return "is empty, there is nothing to replay"
    lines = f"its only {unit} cannot" if count == 1 else f"none of its {count} {unit}s can"
    return f"{lines} be read ({unit} {first[0].line}: {first[0].detail})"
