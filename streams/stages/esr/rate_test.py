"""The rate test: does hostility come faster than this person's history explains? On the wall clock.

For a bet r > 1, Π(1 + (r−1)x_i) · e^(−(r−1)·∫b) is a supermartingale while hostile mass (x summed over replies) comes at a rate
of at most b: the exponential of a marked point process. Sampled at the replies, each factor has a conditional mean ≤ 1.
"""

from typing import Final

from streams.stages.esr.exact import Numbers

Rate = tuple[Numbers, Numbers, Numbers, Numbers, Numbers]
"""Bets that hostility comes 2, 4, 8, 16 and 32 times as fast. Equal weights."""
NO_RATE: Final = (0.0, 0.0, 0.0, 0.0, 0.0)
ONE_RATE: Final = (1.0, 1.0, 1.0, 1.0, 1.0)


def factors(x: Numbers, expected: Numbers) -> Rate[Numbers]:
    """Return what each bet is multiplied by for a reply of hostility x; ``expected`` is e^(−b·d) of the gap d before it.

    e^(−(r−1)·b·d) is a power of ``expected``: 1, 3, 7, 15, 31.
    """
    to_3 = expected * expected * expected
    to_7 = to_3 * to_3 * expected
    to_15 = to_7 * to_7 * expected
    to_31 = to_15 * to_15 * expected
    return ((1.0 + x) * expected, (1.0 + 3.0 * x) * to_3, (1.0 + 7.0 * x) * to_7, (1.0 + 15.0 * x) * to_15, (1.0 + 31.0 * x) * to_31)


def moved(bets: Rate[Numbers], by: Rate[Numbers], memory: Numbers, new: Numbers) -> Rate[Numbers]:
    """Return the bets after a reply: (what is remembered + ``new``) · factor. ``new`` is what the reply stakes."""
    a, b, c, d, e = bets
    u, v, w, y, z = by
    return (a * memory + new) * u, (b * memory + new) * v, (c * memory + new) * w, (d * memory + new) * y, (e * memory + new) * z


def held(bets: Rate[float], most: float) -> Rate[float]:
    """Return the bets, none above ``most``: nearly always they are as they were."""
    if max(bets) <= most:
        return bets
    a, b, c, d, e = bets
    return min(a, most), min(b, most), min(c, most), min(d, most), min(e, most)


def both(
    bets: Rate[float], alone: Rate[float], by: Rate[float], memory: float, new: float, most: float, most_alone: float
) -> tuple[Rate[float], Rate[float]]:  # fmt: skip
    """Return the pair's bets and those that stand alone after a reply: one and the same until the first alarm, or a bound, parts them."""
    after = moved(bets, by, memory, new)
    then = after if alone is bets else moved(alone, by, memory, new)
    return held(after, most), held(then, most_alone)


def evidence(bets: Rate[Numbers]) -> Numbers:
    """Return the mean of the bets."""
    a, b, c, d, e = bets
    return 0.2 * (a + b + c + d + e)
