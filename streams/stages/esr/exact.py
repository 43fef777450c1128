"""e^−y and 2^(−days/14) from sums, products and powers of two alone: the same bits on every machine, one number or an array.

``math.exp`` may differ in its last bit from one library to the next, and a threshold can lie between. IEEE sums and products cannot.
"""

import math
from typing import Any, Final, TypeVar

Numbers = TypeVar("Numbers", float, Any)
"""A float, or an array of them."""

LN2: Final = 0.6931471805599453
PER_LN2: Final = 1.4426950408889634
MOST: Final = 700.0
_C0, _C1, _C2, _C3, _C4, _C5, _C6, _C7, _C8, _C9 = (sign / math.factorial(n) for n, sign in zip(range(10), (1.0, -1.0) * 5, strict=True))
HALF_LIFE: Final = 14
"""Days after which a day weighs half."""
HALVES: Final = (
    1.0, 0.9516951530106196, 0.9057236642639067, 0.8619728212469777, 0.820335356007638,
    0.7807091821557101, 0.7429971445684742, 0.7071067811865476, 0.6729500963161781, 0.6404433448821363,
    0.6095068271022377, 0.5800646930800814, 0.5520447568369062, 0.5253783193266097,
)  # fmt: skip
"""2^(−n/14): what is kept of a weight after n days. Written out, so that no library can disagree."""
FORGOTTEN: Final = 1022 * HALF_LIFE


def exp_minus(y: float) -> float:
    """Return e^−y of y ≥ 0, never above it and at most 2e-8 of it below; 0 from y = 700 on.

    e^−y = 2^−k · e^−f with 0 ≤ f < ln 2; the series of e^−f, ended after an odd power, is below its sum.
    """
    if y >= MOST:
        return 0.0
    k = int(y * PER_LN2)
    return math.ldexp(series(y - k * LN2), -k) if k else series(y)


def kept(days: int) -> float:
    """Return what is left of a weight after so many whole days: half after 14."""
    days = min(days, FORGOTTEN)
    return math.ldexp(HALVES[days % HALF_LIFE], -(days // HALF_LIFE))


def series(f: Numbers) -> Numbers:
    """Return e^−f of 0 ≤ f < ln 2, never above it: its series, ended after an odd power."""
    # Written out: every reply asks for it twice, and a loop takes three times as long.
    return ((((((((_C9 * f + _C8) * f + _C7) * f + _C6) * f + _C5) * f + _C4) * f + _C3) * f + _C2) * f + _C1) * f + _C0
