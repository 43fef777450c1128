"""What one line of ``threadwatch score`` says: an object with id and text, or a text."""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import Struct

Reader = Callable[[bytes, int], "tuple[Line, ...]"]


class Line(Struct, frozen=True):
    """A text to score, and the id under which the answer is found again."""

    id: int | str
    text: str


class _Object(Struct, frozen=True):
    text: str | None
    id: int | str | None = None


def reader(first: bytes) -> Reader:
    """Return what reads the lines of a file that begins with ``first``; it raises msgspec.DecodeError for a bad one."""
    return _object if first.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{") else _text


def _object(line: bytes, number: int) -> tuple[Line, ...]:
    """Return the object's text under its id, or under the line's number where it has none; nothing for an empty line."""
    line = line.removeprefix(b"\xef\xbb\xbf")
    if not line.strip():
        return ()
    found: Any = msgspec.json.decode(line, type=_Object)
    return (Line(number if found.id is None else found.id, found.text or ""),)


def _text(line: bytes, number: int) -> tuple[Line, ...]:
    """Return the line as a text under its number; bytes that are not UTF-8 become replacement characters."""
    return (Line(number, line.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")),)
