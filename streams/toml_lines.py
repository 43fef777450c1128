"""Where a setting stands in a TOML file: its line, so that a mistake can be found at once.

No parser of our own: the file's first lines are parsed until the setting is there, and the statement that brought it is its line.
"""

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from streams.errors import UserError

Steps = Sequence[str | int]
"""The way to a setting: names of tables and numbers in lists, ``("webhooks", 0, "url")``."""

_AT: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


def parsed(path: Path) -> dict[str, Any]:
    """Return what a file holds. Raises UserError with file and line where it cannot be read."""
    raw = b""
    try:
        raw = path.read_bytes()
        return tomllib.loads(raw.decode("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise UserError(_where_it_breaks(path, str(error), raw)) from error
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}:{line}: a byte that is no UTF-8") from error
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from error


def _where_it_breaks(path: Path, said: str, raw: bytes) -> str:
    at = _AT.search(said)
    if at is None:
        return f"{path}: {said}"
    line, column = at[1] or raw.rstrip().count(b"\n") + 1, f", column {at[2]}" if at[2] else ""
    return f"{path}:{line}: {said[: at.start()]}{column}"


def place(path: Path, steps: Steps) -> str:
    """Return ``threadwatch.toml:12``, or the file alone where nothing of these steps stands in it."""
    try:
        line = line_of(path.read_text(encoding="utf-8"), steps)
    except (OSError, UnicodeDecodeError):
        line = None
    return str(path) if line is None else f"{path}:{line}"


def line_of(text: str, steps: Steps) -> int | None:
    """Return the line, from 1, that first sets what the steps lead to, else the nearest table around it; None if there is none."""
    lines = text.replace("\r\n", "\n").split("\n")
    for length in range(len(steps), 0, -1):
        if found := _line_of(lines, steps[:length]):
            return found
    return None


def _line_of(lines: Sequence[str], steps: Steps) -> int | None:
    """Search by halves: what the first lines hold only grows."""
    if not _is_there_by(lines, len(lines), steps):
        return None
    low, high = 1, len(lines)
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if _is_there_by(lines, middle, steps) else (middle + 1, high)
    return low


def _is_there_by(lines: Sequence[str], number: int, steps: Steps) -> bool:
    """Return whether the setting is there once the statement that this line belongs to has ended."""
    held = next((tree for end in range(number, len(lines) + 1) if (tree := _tree(lines[:end])) is not None), None)
    return held is not None and _has(held, steps)


def _tree(lines: Sequence[str]) -> dict[str, Any] | None:
    """Return what these lines hold, or None where they end within a value."""
    try:
        return tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError:
        return None


def _has(tree: Any, steps: Steps) -> bool:
    for step in steps:
        if isinstance(step, int):
            if not isinstance(tree, list) or step >= len(tree):
                return False
        elif not isinstance(tree, dict) or step not in tree:
            return False
        tree = tree[step]
    return True
