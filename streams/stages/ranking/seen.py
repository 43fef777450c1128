"""A message and those before it as columns of whole numbers: what ``features`` are made of."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.stages.ranking.turn import LOOK_BACK, Turn

UNIT: Final = 16
NOBODY: Final = -1
MOST: Final = 100_000
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Columns = dict[str, NDArray[np.generic]]
"""By name: yes or no, or a number in sixteenths, for each earlier message."""

# A logarithm of a whole number is never near the middle between two sixteenths: every machine rounds it the same.
LOGS: Final = np.array([round(UNIT * math.log1p(n)) for n in range(LOOK_BACK + 1)])


def log(value: int) -> int:
    """Return the logarithm of one more, in sixteenths."""
    return round(UNIT * math.log1p(min(value, MOST)))


@dataclass(frozen=True)
class Seen:
    """A message and those before it, last first. People are numbers; 0 is who speaks now."""

    turn: Turn
    earlier: Sequence[Turn]
    author: Ints
    called: Ints
    """The first one each calls."""
    calls_me: Bools
    signs: Ints
    minutes: Ints
    mine: Bools
    called_now: int
    partner: int
    """Whom this author called last."""
    own: int
    """Where this author's last message is; as many as there are, if there is none."""
    at_me: int
    """Where the last message that calls this author is."""

    @property
    def whom(self) -> int:
        """Whom this author speaks with: who is called now, else who was called last."""
        return self.called_now if self.called_now != NOBODY else self.partner


def seen(turn: Turn, earlier: Sequence[Turn]) -> Seen:
    """Return a message and those before it, taken apart."""
    numbers = {turn.author: 0}

    def number(people: Sequence[str]) -> int:
        return numbers.setdefault(people[0], len(numbers)) if people else NOBODY

    author = np.array([number((one.author,)) for one in earlier], np.int64)
    called = np.array([number(one.calls) for one in earlier], np.int64)
    calls_me = np.array([turn.author in one.calls for one in earlier], bool)
    mine = author == 0
    partners = called[mine & (called != NOBODY)]
    return Seen(
        turn, earlier, author, called, calls_me, np.array([one.signs for one in earlier], np.int64),
        np.array([min(max(turn.at - one.at, 0), MOST) for one in earlier], np.int64), mine, number(turn.calls),
        int(partners[0]) if partners.size else NOBODY, _first(mine), _first(calls_me),
    )  # fmt: skip


def _first(those: Bools) -> int:
    return int(those.argmax()) if those.any() else len(those)


@dataclass(frozen=True)
class After:
    """What came after each message and before now."""

    spoke: Ints
    """Messages of the same author."""
    called: Ints
    """Messages that call the author."""
    mine: Ints
    """Messages of who speaks now."""

    @property
    def last(self) -> Bools:
        """It is its author's last."""
        found: Bools = self.spoke == 0
        return found


def after(seen: Seen) -> After:
    """Return what came after each message."""
    later = np.tril(np.ones((len(seen.author),) * 2, bool), -1)
    same = (seen.author[:, None] == seen.author) & later
    called = (seen.author[:, None] == seen.called) & later
    return After(same.sum(1), called.sum(1), np.cumsum(seen.mine) - seen.mine)
