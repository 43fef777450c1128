"""Lines of a file that cannot be read: told by number, counted, and the user's mistake where no line can be read at all."""

import sys
from typing import Final

import typer

from streams.errors import CHECK_FAILED, UserError

_TOLD: Final = 100
"""The first ones; a large file of another kind must not fill the terminal."""


class BadLines:
    """Tells the bad lines of one file on stderr, from its first good line on: a file without one gets one line in all."""

    def __init__(self, where: str, wanted: str) -> None:
        """``where`` is the file in words, ``wanted`` what its lines should be."""
        self.where, self.wanted = where, wanted
        self.count = 0
        self._held: list[str] = []
        self._good = False

    def add(self, number: int, detail: object) -> None:
        """Count a bad line."""
        self.count += 1
        if self.count <= _TOLD:
            self._held.append(f"line {number}: {' '.join(str(detail).split())}")
        if self._good:
            self._tell()

    def good(self) -> None:
        """Take note of a line that can be read."""
        self._good = True
        self._tell()

    def finish(self) -> None:
        """End the command with exit code 1 where lines were bad. Raises UserError where no line was good."""
        if self.count and not self._good:
            none = "its only line cannot" if self.count == 1 else f"none of its {self.count} lines can"
            raise UserError(f"{self.where}: {none} be read ({self._held[0]}); give {self.wanted}")
        if self.count:
            print(f"{self.count} {'line' if self.count == 1 else 'lines'} could not be read", file=sys.stderr)
            raise typer.Exit(CHECK_FAILED)

    def _tell(self) -> None:
        for line in self._held:
            print(f"{self.where}, {line}", file=sys.stderr)
        self._held.clear()
