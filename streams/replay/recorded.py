"""What a replay reads, in the order and with the clock that it is replayed with."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from streams.records import Comment
from streams.replay.believed import believed, witnessed
from streams.replay.order import arrivals, in_order
from streams.stages.step import Arrived

Progress = Callable[[int, int], None]
"""Told how many comments of how many are done."""


class Cut:
    """Where a run ends that is asked to stop before its end: none of its sides takes more comments than another."""

    def __init__(self) -> None:
        self.is_asked = False
        self.reached = 0
        """The most comments that a side has taken."""

    def ends(self, number: int) -> bool:
        """Return whether the comment of this number, from 1, is not taken any more."""
        if self.is_asked and number > self.reached:
            return True
        self.reached = max(self.reached, number)
        return False

    def check(self) -> None:
        """Raise KeyboardInterrupt where the run was stopped before it took anything: there is no result at all."""
        if self.is_asked and not self.reached:
            raise KeyboardInterrupt


class Recorded(Struct, frozen=True):
    """Comments in the order of a replay. Can be replayed as often as one likes."""

    comments: Sequence[Comment]
    clock: Sequence[datetime]
    """The virtual clock at each of them."""
    until: datetime | None
    """No tick claims more; None: nothing bounds it."""
    not_believed: int = 0
    """Arrivals that the other records contradict."""
    since: datetime | None = None
    """Where the period begins; what the clock puts before it is its warm-up."""

    def period(self) -> "Recorded":
        """Return them without the warm-up."""
        before = 0 if self.since is None else bisect_left(self.clock, self.since)
        return replace(self, comments=self.comments[before:], clock=self.clock[before:])

    def first(self, count: int) -> "Recorded":
        """Return the first so many of them."""
        return replace(self, comments=self.comments[:count], clock=self.clock[:count])

    def told(self, progress: Progress, cut: Cut | None = None) -> Iterator[Arrived]:
        """Yield each comment with its arrival, and tell when it was taken; up to the cut."""
        for done, (comment, at) in enumerate(zip(self.comments, self.clock, strict=True), 1):
            if cut is not None and cut.ends(done):
                return
            yield Arrived(comment, at)
            progress(done, len(self.comments))


def in_replays_order(read: Iterable[Comment], attested: bool, since: datetime | None = None) -> Recorded:
    """Return comments as they are replayed, for a period that begins at ``since``.

    ``attested``: a broker's own time bounds every arrival. Else the other records must, so that one that lies moves time for nobody.
    """
    claimed = list(read)
    told, not_believed = (claimed, 0) if attested else believed(claimed)
    comments = in_order(told)
    clock = [one.at for one in arrivals(comments)]
    return Recorded(comments, clock, None if attested else witnessed(comments, clock), not_believed, since)
