"""When a webhook is tried again: every case has its own pace, so that one that its receiver always refuses holds back no other. Pure."""

from collections.abc import Callable, Collection
from random import SystemRandom
from typing import Final

MAX_PAUSE: Final = 60.0
"""Seconds between two tries, at most; each pause is drawn anew, so that workers do not come together."""
MAX_ASKED: Final = 600.0
"""Seconds that a receiver may ask us to leave it alone, at most: one answer must not keep what comes next from its people for a day."""
NEW_EVERY: Final = 1.0
"""Seconds between the first tries of new cases at a receiver that is away: one of them may be what it takes."""
IN_FLIGHT: Final = 4
"""Tries under way at once at one receiver. The last place is for what has not failed yet."""
_PATIENCE: Final = 3
"""Cases that failed, and nothing taken meanwhile, make a receiver one that is away."""
_AT_ONCE: Final = float("-inf")
_RANDOM: Final = SystemRandom()


def drawn(failures: int) -> float:
    """Return the seconds to wait after so many failures: by chance, up to twice as long each time."""
    return _RANDOM.uniform(0.0, min(MAX_PAUSE, 0.5 * 2.0 ** min(failures, 16)))


class Pace:
    """The pace of one receiver. Its clock is the caller's, in seconds.

    What fails is put off by itself. Where several fail and nothing is taken, their receiver is away: then all that failed
    waits together, and is not tried as often as there is of it.
    """

    def __init__(self, draw: Callable[[int], float] = drawn) -> None:
        self._draw = draw
        self._failures: dict[str, int] = {}
        self._due: dict[str, float] = {}
        self._since_taken: set[str] = set()
        self._pauses = 0
        self._again_at = self._new_at = self._asked_until = _AT_ONCE

    @property
    def in_flight(self) -> int:
        """Return how many tries may be under way at once."""
        return 2 if len(self._since_taken) >= _PATIENCE else IN_FLIGHT

    @property
    def is_well(self) -> bool:
        """Return whether nothing waits because it failed."""
        return not self._failures

    def failures(self, case: str) -> int:
        """Return how often the case's oldest delivery failed."""
        return self._failures.get(case, 0)

    def due(self, case: str) -> float:
        """Return from when on the case may be tried."""
        held = self._again_at if case in self._due else self._new_at
        return max(self._due.get(case, _AT_ONCE), held, self._asked_until)

    def took(self, case: str) -> None:
        """Note that the receiver took a delivery of the case."""
        self.forget(case)
        self._since_taken.clear()
        self._pauses = 0
        self._again_at = self._new_at = self._asked_until = _AT_ONCE

    def forget(self, case: str) -> None:
        """Let the case's next delivery begin anew."""
        self._failures.pop(case, None)
        self._due.pop(case, None)

    def keep(self, cases: Collection[str]) -> None:
        """Forget every other case: nothing of it waits here any more."""
        for case in self._failures.keys() - cases:
            self.forget(case)
            self._since_taken.discard(case)

    def failed(self, case: str, now: float, asked: float = 0.0, *, of_all: bool = False) -> None:
        """Note that a try failed. ``asked``: seconds that the receiver asks us to wait with this case, or ``of_all``: MAX_ASKED at most."""
        asked = min(asked, MAX_ASKED) if of_all else asked
        failures = self._failures[case] = self.failures(case) + 1
        self._due[case] = now + max(asked, self._draw(failures))
        if of_all:
            self._asked_until = max(self._asked_until, now + asked)
        self._since_taken.add(case)
        if len(self._since_taken) >= _PATIENCE:
            self._pauses += 1
            self._again_at, self._new_at = now + self._draw(self._pauses), now + NEW_EVERY
