"""``python -m tests.support.held worker …``: the program itself with a slow scorer, noting how much of its input it holds in memory.

``SLOW``: seconds that scoring a batch takes more than it would. ``HELD_IN``: a file, which says the most records and the most bytes of them
that were held at once, fetched and not let go. Counted from outside, by who is alive: not what the program says of itself.
"""

import os
import time
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from streams.__main__ import main
from streams.live.timed_scorer import TimedScorer
from streams.live.transport import Chunk
from streams.scorers import Toxicity


class Most(NamedTuple):
    """The most that was held at once."""

    records: int
    of_bytes: int


class _Held:
    def __init__(self, file: Path) -> None:
        self._file, self._records, self._bytes = file, 0, 0
        self._most = Most(0, 0)

    def count(self, chunk: Chunk) -> None:
        size = sum(len(record.value or b"") + len(record.key or b"") for record in chunk.records)
        self._records += len(chunk.records)
        self._bytes += size
        weakref.finalize(chunk, self._let_go, len(chunk.records), size)
        most = Most(max(self._most.records, self._records), max(self._most.of_bytes, self._bytes))
        if most != self._most:
            self._most = most
            self._file.write_text(f"{most.records} {most.of_bytes}", encoding="ascii")

    def _let_go(self, records: int, size: int) -> None:
        self._records -= records
        self._bytes -= size


def most_held(file: Path) -> Most:
    """Return what the file says."""
    return Most(*map(int, file.read_text(encoding="ascii").split()))


def count_chunks(held: _Held) -> None:
    """Count every chunk of input, from when it is fetched until nobody has it any more."""
    made = Chunk.__init__

    def counted(self: Chunk, *given: Any, **options: Any) -> None:
        made(self, *given, **options)
        held.count(self)

    Chunk.__init__ = counted  # type: ignore[method-assign]


def slow_scorer(seconds: float) -> None:
    """Let whatever scores take so much longer for a batch."""
    score = TimedScorer.score

    def slow(self: TimedScorer, texts: Sequence[str]) -> list[Toxicity]:
        time.sleep(seconds)
        return score(self, texts)

    TimedScorer.score = slow  # type: ignore[method-assign]


if __name__ == "__main__":
    count_chunks(_Held(Path(os.environ["HELD_IN"])))
    slow_scorer(float(os.environ["SLOW"]))
    main()
