"""How sure a share of so many is: Wilson's interval, and Newcombe's for the difference of two; and a count: Byar's bounds."""

import math
from statistics import NormalDist
from typing import Final

from msgspec import Struct

_Z: Final = NormalDist().inv_cdf(0.975)
"""Of 95 %."""
_PLACES: Final = 6


class Share(Struct, frozen=True, kw_only=True):
    """``hits`` of ``n``, and between which bounds the true share lies, 95 % sure. Nothing of nothing: all None."""

    hits: int
    n: int
    value: float | None
    low: float | None
    high: float | None


class Gap(Struct, frozen=True, kw_only=True):
    """One share less another, with its bounds, 95 % sure; None where one of them is."""

    value: float | None
    low: float | None
    high: float | None


class Pairs(Struct, frozen=True):
    """The same things looked at twice: how many were hits both times, the second time only, the first time only, never."""

    both: int
    second: int
    first: int
    neither: int


def share(hits: int, n: int) -> Share:
    """Return a share with the bounds of Wilson (1927), "Probable inference, the law of succession, and statistical inference"."""
    if n == 0:
        return Share(hits=hits, n=n, value=None, low=None, high=None)
    low, high = wilson(hits, n)
    return Share(hits=hits, n=n, value=round(hits / n, _PLACES), low=round(low, _PLACES), high=round(high, _PLACES))


def wilson(hits: float, n: float) -> tuple[float, float]:
    """Return the bounds: (k + z²/2 ± z √(k (n − k) / n + z²/4)) / (n + z²). ``n`` is more than 0."""
    middle, spread = hits + _Z**2 / 2, _Z * math.sqrt(hits * (n - hits) / n + _Z**2 / 4)
    return max(0.0, (middle - spread) / (n + _Z**2)), min(1.0, (middle + spread) / (n + _Z**2))


def width(hits: float, n: float) -> float:
    """Return how far apart the bounds are; 1 of nothing."""
    if n == 0:
        return 1.0
    low, high = wilson(hits, n)
    return high - low


def gap(before: Share, after: Share, pairs: Pairs | None = None) -> Gap:
    """Return ``after`` less ``before`` with Newcombe's bounds (1998, both times method 10).

    Of two that have nothing in common: "Interval estimation for the difference between independent proportions". With ``pairs``,
    which tell how far both go together: "Improved confidence intervals for the difference … based on paired data".
    """
    if None in (before.value, after.value):
        return Gap(value=None, low=None, high=None)
    (low1, high1), (low2, high2) = wilson(after.hits, after.n), wilson(before.hits, before.n)
    one, two = after.hits / after.n, before.hits / before.n
    together = _together(pairs) if pairs else 0.0
    down, up = _length(one - low1, high2 - two, together), _length(high1 - one, two - low2, together)
    value = one - two
    return Gap(value=round(value, _PLACES), low=round(max(-1.0, value - down), _PLACES), high=round(min(1.0, value + up), _PLACES))


def _length(one: float, two: float, together: float) -> float:
    return math.sqrt(max(0.0, one**2 - 2 * together * one * two + two**2))


def _together(pairs: Pairs) -> float:
    """Return φ, corrected for continuity as Newcombe does: how far hits of the one are hits of the other."""
    product = (pairs.both + pairs.second) * (pairs.first + pairs.neither) * (pairs.both + pairs.first) * (pairs.second + pairs.neither)
    if product == 0:
        return 0.0
    more: float = pairs.both * pairs.neither - pairs.second * pairs.first
    if more > 0:
        more = max(0.0, more - (pairs.both + pairs.second + pairs.first + pairs.neither) / 2)
    return more / math.sqrt(product)


def upper_bound(count: float, z: float = 1.645) -> float:
    """Return the 95 % upper bound of a Poisson mean of which so many were seen (Byar's approximation)."""
    n = count + 1
    return float(n * (1 - 1 / (9 * n) + z / (3 * n**0.5)) ** 3)


def poisson_bounds(count: int, z: float = 1.96) -> tuple[float, float]:
    """Return between which bounds such a mean lies, 95 % sure."""
    low = float(count * (1 - 1 / (9 * count) - z / (3 * count**0.5)) ** 3) if count else 0.0
    return max(0.0, low), upper_bound(count, z)
