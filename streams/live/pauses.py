"""How long does the event loop keep others waiting? A task that wants to be woken soon, and looks by how much it was late."""

import asyncio
import time
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

_EVERY: Final = 0.01
"""Seconds between two looks: a pause is seen to within so much, for a thousandth of a core."""
_KEPT: Final = 15.0
"""Seconds: the longest pause is known of the last one or two of these, so that whoever scrapes every 15 s misses none."""


class Told(Protocol):
    """Told of pauses."""

    def saw(self, seconds: float, own: float, now: float) -> None:
        """Note that the loop was late by so much, and for how much of that this process itself computed."""


class Pause(NamedTuple):
    """Seconds for which a loop served nobody."""

    seconds: float
    own: float
    """CPU seconds of this very process meanwhile, all threads together. The rest it waited: for a processor, a disk, a lock."""


class Pauses:
    """The longest lately, and the one in which we computed the most. Its clock is the caller's, in seconds."""

    def __init__(self, now: float) -> None:
        self._since, self._before, self._worst = now, _NONE, _NONE

    def saw(self, seconds: float, own: float, now: float) -> None:
        """Note that the loop was late by so much; what is no pause counts as 0."""
        self._turn(now)
        self._worst = _larger(self._worst, Pause(seconds, min(own, seconds)))

    def worst(self, now: float) -> Pause:
        """Return the largest of both of the last 15 to 30 seconds; they need not be of one pause."""
        self._turn(now)
        return _larger(self._before, self._worst)

    def _turn(self, now: float) -> None:
        if (passed := now - self._since) >= _KEPT:
            self._before = self._worst if passed < 2 * _KEPT else _NONE
            self._since, self._worst = now, _NONE


_NONE: Final = Pause(0.0, 0.0)


def _larger(one: Pause, other: Pause) -> Pause:
    return Pause(max(one.seconds, other.seconds), max(one.own, other.own))


async def look(pauses: Told, is_over: Callable[[], bool]) -> None:
    """Tell the pauses of the loop that runs this until ``is_over``."""
    while not is_over():
        began, spent = time.monotonic(), time.process_time()
        await asyncio.sleep(_EVERY)
        now = time.monotonic()
        pauses.saw(now - began - _EVERY, time.process_time() - spent, now)
