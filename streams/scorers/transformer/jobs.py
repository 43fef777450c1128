"""Which parts of which batches are still to be computed, and what becomes of one that kills whoever computes it. Pure."""

from collections import deque
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from streams.scorers.transformer.engine import Batch, Logits

TRIES: Final = 3
"""Deaths over one job, after which it is split; over one piece alone, after which that piece is given up."""
CRASHED: Final[Logits] = []
"""Stands where a piece has no logits."""


class Job(Struct):
    """Neighbouring pieces of a batch, computed together."""

    number: int
    start: int
    stop: int
    deaths: int = 0


class Jobs:
    """Batches on their way: what waits, and what is known."""

    def __init__(self, batches: Sequence[Batch]) -> None:
        self._batches = batches
        self.waiting = deque(Job(number, 0, len(batch)) for number, batch in enumerate(batches))
        self.found: list[list[Logits]] = [[CRASHED] * len(batch) for batch in batches]
        self.left = len(batches)
        """Jobs that are not done, given up or split."""

    def pieces(self, job: Job) -> Batch:
        """Return what is to be computed."""
        return self._batches[job.number][job.start : job.stop]

    def done(self, job: Job, rows: list[Logits]) -> None:
        """Take the logits of its pieces."""
        self.found[job.number][job.start : job.stop] = rows
        self.left -= 1

    def died(self, job: Job) -> bool:
        """Take that whoever computed it died: it is tried again, or its halves are. Return whether it is one piece, now given up."""
        job.deaths += 1
        if job.deaths < TRIES:
            self.waiting.appendleft(job)
            return False
        self.left -= 1
        if job.stop - job.start <= 1:
            return True
        middle = (job.start + job.stop) // 2
        self.waiting.extendleft([Job(job.number, middle, job.stop), Job(job.number, job.start, middle)])
        self.left += 2
        return False
