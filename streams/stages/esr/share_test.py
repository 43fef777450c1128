"""The share test: is more of what is said to this person hostile than their history explains? On the clock of replies.

For a bet 0 < λ < 1, 1 + λ(x/m − 1) is positive and has a conditional mean ≤ 1 while E[x | before] ≤ m.
"""

from typing import Any, Final

from streams.stages.esr.exact import Numbers

Share = tuple[Numbers, Numbers, Numbers, Numbers]
"""Bets with λ of .1, .2, .4 and .8. Equal weights."""
NO_SHARE: Final = (0.0, 0.0, 0.0, 0.0)
NO_BET: Final = (1.0, 1.0, 1.0, 1.0)
"""The factors where nothing is staked."""


def factors(x: Numbers, usual: Numbers) -> Share[Numbers]:
    """Return what each bet is multiplied by for a reply of hostility x, where ``usual`` (m) bounds the mean of x."""
    gain = x / usual - 1.0
    return 1.0 + 0.1 * gain, 1.0 + 0.2 * gain, 1.0 + 0.4 * gain, 1.0 + 0.8 * gain


def daily(usual: Numbers, lately: tuple[Numbers, Numbers], memory: Numbers, weight: float, greater: Any) -> Numbers:
    """Return m for the next reply: what is usual, or more where the replies of late are harsher.

    Days differ, and a harsh one is no pile-on. It is never below ``usual`` and known before the reply, so the bound holds as it did.
    ``lately`` is Σx and n of the replies before, ``greater`` is ``max``, or ``numpy.maximum`` for arrays.
    """
    total, n = lately
    return greater(usual, (usual * weight + total * memory) / (weight + n * memory))  # type: ignore[no-any-return]


def noted(lately: tuple[Numbers, Numbers], x: Numbers, memory: Numbers) -> tuple[Numbers, Numbers]:
    """Return Σx and n with one more reply; both fade as evidence does."""
    total, n = lately
    return total * memory + x, n * memory + 1.0


def moved(bets: Share[Numbers], by: Share[Numbers], memory: Numbers, new: Numbers) -> Share[Numbers]:
    """Return the bets after a reply: (what is remembered + ``new``) · factor."""
    a, b, c, d = bets
    u, v, w, y = by
    return (a * memory + new) * u, (b * memory + new) * v, (c * memory + new) * w, (d * memory + new) * y


def held(bets: Share[float], most: float) -> Share[float]:
    """Return the bets, none above ``most``: nearly always they are as they were."""
    if max(bets) <= most:
        return bets
    a, b, c, d = bets
    return min(a, most), min(b, most), min(c, most), min(d, most)


def both(
    first: Share[float], every: Share[float], by: Share[float], memory: float, new: float, most: float, *, is_first: bool
) -> tuple[Share[float], Share[float]]:  # fmt: skip
    """Return both families after a reply: one that is not the author's first is no bet to ``first``."""
    after = held(moved(every, by, memory, new), most)
    if is_first and first is every:  # nobody has come twice so far
        return after, after
    return held(moved(first, by if is_first else NO_BET, memory, new), most), after


def evidence(first: Share[Numbers], every: Share[Numbers]) -> Numbers:
    """Return the mean of both families of bets: on first replies alone, and on later ones of people not hostile so far too."""
    a, b, c, d = first
    e, f, g, h = every
    return 0.125 * (a + b + c + d + e + f + g + h)
