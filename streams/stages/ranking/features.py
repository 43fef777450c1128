"""What can be said of a message and one before it, as named small integers: no float, so that no machine reads them otherwise.

The unit is a sixteenth. What is said of the message alone stands in each row, and the last row is "it answers nobody: it starts anew".
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from streams.stages.ranking.looks import own, signs
from streams.stages.ranking.people import names, turns
from streams.stages.ranking.seen import NOBODY, UNIT, Columns, Ints, Seen, after, log, seen
from streams.stages.ranking.threads import threads
from streams.stages.ranking.turn import LOOK_BACK, Sign, Turn
from streams.stages.ranking.words import words

__all__ = ["NAMES", "UNIT", "features"]

_PLACES: Final = (1, 2, 3, 4, 5, 6, 8, 12, 20, 40)
_MINUTES: Final = (0, 1, 2, 3, 5, 8, 15, 30, 60)


def features(turn: Turn, earlier: Sequence[Turn]) -> Ints:
    """Return a row for each earlier message, last first, and one for "it starts anew"; columns as ``NAMES``.

    ``earlier`` are the messages before this one, the last one first; at most ``LOOK_BACK`` are looked at.
    """
    given = seen(turn, earlier[:LOOK_BACK])
    pair, alone = _pairs(given), _alone(given)
    rows = np.zeros((len(given.earlier) + 1, 1 + len(pair) + len(alone)), np.int64)
    rows[-1, 0] = UNIT
    for column, values in enumerate(pair.values(), 1):
        rows[:-1, column] = values * UNIT if values.dtype == bool else values
    rows[:, 1 + len(pair) :] = list(alone.values())
    return rows


def _pairs(given: Seen) -> Columns:
    since = after(given)
    return {
        **_near(given), **names(given, since), **turns(given, since), **signs(given, since), **own(given, since), **words(given),
        **threads(given),
    }  # fmt: skip


def _alone(given: Seen) -> dict[str, int]:
    """Return what is said of the message itself."""
    turn, there = given.turn, len(given.earlier)
    own_asked = given.own < there and bool(given.signs[given.own] & Sign.ASKS)
    holds = {
        **{f"it {sign.name}".lower(): bool(turn.signs & sign) for sign in Sign if sign not in {Sign.JOINS, Sign.CONTINUES, Sign.TRAILS}},
        "it calls": bool(turn.calls), "its called spoke": bool((given.author == given.called_now).any()) and given.called_now != NOBODY,
        "its called called it": bool(((given.author == given.called_now) & given.calls_me).any()), "it spoke": given.own < there,
        "it was called": given.at_me < there, "it was called since": given.at_me < given.own, "it had asked": own_asked,
        "it has a partner": given.partner != NOBODY,
    }  # fmt: skip
    return {
        **{name: UNIT * value for name, value in holds.items()},
        "its length": log(turn.length) // 3,
        "its last": log(given.own + 1) // 4 if given.own < there else 24,
        "its last call": log(given.at_me + 1) // 4 if given.at_me < there else 24,
    }


def _near(given: Seen) -> Columns:
    place = np.arange(1, len(given.earlier) + 1)
    return {
        **_bins("place", place, _PLACES),
        **_bins("minutes", given.minutes, _MINUTES),
        "place": np.array([log(int(n) - 1) for n in place], np.int64) // 3,
        "minutes": np.array([log(int(n)) for n in given.minutes], np.int64) // 3,
    }


def _bins(name: str, values: Ints, edges: Sequence[int]) -> Columns:
    found = np.searchsorted(edges, values)
    return {f"{name} ≤ {edge}": found == number for number, edge in enumerate((*edges, "…"))}


_NOTHING: Final = seen(Turn(0, "a"), (Turn(0, "b"),))
NAMES: Final = ("anew", *_pairs(_NOTHING), *_alone(_NOTHING))
"""What each column says."""
