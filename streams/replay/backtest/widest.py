"""Take from several groups in turn, each time from the one whose share is known least: few judgements say most there."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from streams.replay.backtest.intervals import Share, width

T = TypeVar("T")


class _Guess:
    """A group's share as it would be with more judged, each as likely a hit as those before, Wilson's middle for a start."""

    def __init__(self, found: Share) -> None:
        self._n, self._hits = float(found.n), float(found.hits)
        self._likely = (found.hits + 2) / (found.n + 4)

    @property
    def width(self) -> float:
        return width(self._hits, self._n)

    def judge(self) -> None:
        self._n, self._hits = self._n + 1, self._hits + self._likely


def in_turn(groups: Sequence[tuple[Share, Iterable[T]]], most: int) -> list[T]:
    """Return at most so many, each time the next of the group whose interval is wider by then; of equal ones the first group's."""
    waiting = [(_Guess(found), iter(members)) for found, members in groups]
    chosen: list[T] = []
    while waiting and len(chosen) < most:
        guess, members = max(waiting, key=lambda one: one[0].width)
        if (member := next(members, None)) is None:
            waiting = [one for one in waiting if one[0] is not guess]
            continue
        chosen.append(member)
        guess.judge()
    return chosen
