"""JSON lines and CSV as streams of numbered rows; what is no row is rejected with its line and reason, and reading goes on."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, NamedTuple, Self, TextIO

import msgspec

from streams.errors import UserError
from streams.packed import MAX_LINE, lines_of
from streams.records import Comment
from streams.sources.rows import NoComment, Plan, check_columns, comment_of

_LOOKED_AT: Final = 100
"""Rows whose columns are compared with the mapping before anything is sent."""
_DELIMITERS: Final = ",\t;|"
Reject = Callable[[int, str], None]


class Row(NamedTuple):
    """A row and the line where it begins, from 1."""

    line: int
    values: Mapping[str, Any]


class Rejects:
    """The rows that could not be read: counted, and listed in a file that only a run with such rows leaves behind. Never their text."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.count = 0
        self.first = ""
        self._is_new = not file.exists()
        self._out: TextIO | None = None

    def add(self, line: int, reason: str) -> None:
        """Count a row and write down its line and reason."""
        if self._out is None:
            self._out = self._opened("w")
        self.first = self.first or f"line {line}: {reason}"
        self.count += 1
        self._out.write(msgspec.json.encode({"line": line, "reason": reason}).decode() + "\n")

    def not_all(self, comments: Iterable[Comment], where: str) -> Iterator[Comment]:
        """Yield the comments. Raises UserError at their end if there are none, because no row could be read."""
        read = False
        for comment in comments:
            read = True
            yield comment
        if self.count and not read:
            raise UserError(f"{where}: none of {self.count} rows could be read; {self.first}; all are listed in {self.file}")

    def _opened(self, mode: str) -> TextIO:
        try:
            return self.file.open(mode, encoding="utf-8")  # type: ignore[return-value]  # both modes are of text
        except OSError as error:
            raise UserError(f"{self.file}: rejected rows cannot be written there ({error.strerror}); name a file with --rejects") from error

    def __enter__(self) -> Self:
        # Before anything is sent: who cannot list what is rejected would send half a file.
        self._opened("a").close()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._out:
            self._out.close()
        elif (kind is None or self._is_new) and self.file.is_file():
            self.file.unlink()  # empty, or of an earlier run of the same input


def json_rows(stream: BinaryIO, reject: Reject) -> Iterator[Row]:
    """Yield each JSON object of a file that has one a line."""
    decode = msgspec.json.Decoder().decode
    for line in lines_of(stream):
        number, too_long = line.number, line.is_too_long
        text = line.value.removeprefix(b"\xef\xbb\xbf") if number == 1 else line.value
        if not text.strip():
            continue
        try:
            value = None if too_long else decode(text)
        except RecursionError:
            reject(number, "is nested too deeply")
            continue
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            reject(number, f"is no JSON: {error}")
            continue
        if isinstance(value, dict):
            yield Row(number, value)
        else:
            reject(number, f"is longer than {MAX_LINE} bytes" if too_long else "is no JSON object")


def csv_rows(stream: BinaryIO, reject: Reject, where: str) -> Iterator[Row]:
    """Yield each row of a CSV file under the names of its first line; the delimiter is told from that line."""
    lines = _Lines(stream)
    first = next(lines, None)
    if first is None:
        raise UserError(f"{where}: is empty; its first line should name the columns")
    csv.field_size_limit(MAX_LINE)
    reader = csv.reader(chain([first], lines), delimiter=max(_DELIMITERS, key=first.count))
    header = _header(reader, where)
    while True:
        begins = reader.line_num + 1
        lines.cut = False
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            reject(begins, f"is no CSV: {error}" + (f" (lines {begins} to {reader.line_num})" if reader.line_num > begins else ""))
            continue
        if reason := _wrong(row, header, lines.cut):
            reject(begins, reason)
        elif row:
            yield Row(begins, dict(zip(header, row, strict=True)))


def _header(reader: Any, where: str) -> list[str]:
    try:
        return [name.strip() for name in next(reader)]
    except (csv.Error, StopIteration) as error:
        raise UserError(f"{where}: the first line names no columns ({error})") from error


def _wrong(row: list[str], header: list[str], cut: bool) -> str:
    if cut:
        return f"is longer than {MAX_LINE} bytes"
    if row and len(row) != len(header):
        return f"has {len(row)} columns, the first line names {len(header)}"
    if not all(map(_is_text, row)):
        return "is not UTF-8"
    return ""


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


class _Lines:
    """Lines as text for the csv module; a byte that is not UTF-8 becomes a lone surrogate, which is told apart later."""

    def __init__(self, stream: BinaryIO) -> None:
        self._lines = lines_of(stream)
        self._mark = b"\xef\xbb\xbf"
        self.cut = False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.cut = self.cut or line.is_too_long
        text, self._mark = line.value.removeprefix(self._mark), b""
        return text.decode("utf-8", errors="surrogateescape") + "\n"


def comments(rows: Iterable[Row], plan: Plan, reject: Reject, where: str) -> Iterator[Comment]:
    """Yield each row's comment, in order. Raises UserError before the first where columns and mapping do not fit."""
    source = iter(rows)
    first = list(islice(source, _LOOKED_AT))
    if first:
        check_columns(plan, [row.values for row in first], where)
    for row in chain(first, source):
        try:
            yield comment_of(plan, row.values)
        except NoComment as error:
            reject(row.line, str(error))
