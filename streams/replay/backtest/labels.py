"""What people said of pile-ons: labels from a file, each a line of (target, from, to, verdict)."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from streams.errors import UserError
from streams.packed import MAX_LINE, lines_of, name_of, opened
from streams.records import Id, Judgement, Name

REQUIRED: Final = ("target", "from", "to", "verdict")
_VERDICTS: Final = ", ".join(Judgement)
_EMPTY: Final = (None, "")


class Label(Struct, frozen=True, kw_only=True):
    """One judgement: who was (or was not) piled on, and when."""

    target_id: Id
    start: datetime
    end: datetime | None
    """None: it had not ended."""
    judgement: Judgement
    source: Name | None = None
    """None: wherever this target is."""
    community: Name | None = None
    pileon_id: Id | None = None
    """Of the pile-on that was judged, where that is known."""

    @property
    def about(self) -> tuple[object, ...]:
        """Return what is judged, without the judgement."""
        return self.source, self.community, self.target_id, self.start, self.end


class _Wrong(Exception):
    """A line that is no label; the message says why."""


def labels_in(file: str) -> list[Label]:
    """Return the labels of a file (``-``: standard input): CSV with a header, or JSON lines; plain, ``.gz`` or ``.zst``.

    Lines without a verdict are not judged yet and left out. Raises UserError with file and line for one that is no label,
    for two that contradict each other, and for a file without any.
    """
    found: list[Label] = []
    said: dict[tuple[object, ...], tuple[int, Judgement]] = {}
    with opened(file) as (stream, _):
        for number, row in _rows(_texts(stream, file), file):
            label = _told(file, number, row)
            if label is not None and _is_new(label, said, number, file):
                found.append(label)
    if not found:
        raise UserError(f"{name_of(file)}: holds no label; write lines of {', '.join(REQUIRED)}, with verdicts {_VERDICTS}")
    return found


def _is_new(label: Label, said: dict[tuple[object, ...], tuple[int, Judgement]], number: int, file: str) -> bool:
    """Return whether nothing was said of this before. Raises UserError where something else was."""
    line, before = said.setdefault(label.about, (number, label.judgement))
    if before is not label.judgement:
        raise UserError(f"{name_of(file)}:{number}: says {label.judgement} of what line {line} says {before} of; keep one of them")
    return line == number


def _texts(stream: Any, file: str) -> Iterator[str]:
    for line in lines_of(stream):
        where = f"{name_of(file)}:{line.number}"
        if line.is_too_long:
            raise UserError(f"{where}: is {line.length} bytes long, at most {MAX_LINE} are read; give CSV or JSON lines")
        try:
            yield line.value.decode("utf-8-sig" if line.number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise UserError(f"{where}: is not UTF-8 ({error.reason}); write the file as UTF-8") from error


def _rows(texts: Iterator[str], file: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield each row with its line's number, from 1. The first line tells which kind of file it is."""
    first = next(texts, "")
    lines = _again(first, texts)
    return _objects(lines, file) if first.lstrip().startswith("{") else _table(lines, file)


def _again(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _objects(lines: Iterable[str], file: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield number, msgspec.json.decode(line, type=dict[str, Any])
            except msgspec.MsgspecError as error:
                raise UserError(f"{name_of(file)}:{number}: is no JSON object ({error})") from error


def _table(lines: Iterator[str], file: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    reader = csv.DictReader((f"{line}\n" for line in lines), strict=True)
    try:
        header = [name.strip() for name in reader.fieldnames or ()]
        if missing := [name for name in REQUIRED if name not in header]:
            raise UserError(
                f"{name_of(file)}:1: has no column {', '.join(missing)}; the header is target,from,to,verdict[,source,community]"
            )
        reader.fieldnames = header
        for row in reader:
            if any(value not in _EMPTY for value in row.values()):
                yield reader.line_num, row
    except csv.Error as error:  # the row after the last that was whole: a quote that never ends swallows the rest
        raise UserError(f"{name_of(file)}:{reader.line_num + 1}: is no CSV ({error})") from error


def _told(file: str, number: int, row: Mapping[str, Any]) -> Label | None:
    try:
        return _label(row)
    except _Wrong as wrong:
        raise UserError(f"{name_of(file)}:{number}: {wrong}") from wrong


def _label(row: Mapping[str, Any]) -> Label | None:
    """Return what a row says; None for one without a verdict."""
    given = {name: value.strip() if isinstance(value, str) else value for name, value in row.items()}
    if given.get("verdict") in _EMPTY:
        return None
    start, end = _time("from", given.get("from")), _time("to", given.get("to"))
    if start is None:
        raise _Wrong("has no from")
    if end is not None and end < start:
        raise _Wrong("to is before from")
    return Label(
        target_id=_id(given, "target"), start=start, end=end, judgement=_verdict(given["verdict"]),
        source=_optional(given, "source"), community=_optional(given, "community"),
    )  # fmt: skip


def _verdict(value: Any) -> Judgement:
    try:
        return Judgement(value)
    except ValueError as error:
        raise _Wrong(f"verdict is {value!r:.60}; it is one of {_VERDICTS}, or empty where nobody judged yet") from error


def _time(name: str, value: Any) -> datetime | None:
    if value in _EMPTY:
        return None
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise _Wrong(f"{name} is {value!r:.60}; write a time such as 2026-03-01T12:00:00Z") from error
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _optional(given: Mapping[str, Any], name: str) -> str | None:
    return None if given.get(name) in _EMPTY else _id(given, name)


def _id(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if value in _EMPTY:
        raise _Wrong(f"has no {name}")
    try:
        return msgspec.convert(value, Id)
    except msgspec.ValidationError as error:
        raise _Wrong(f"{name}: {error}") from error
