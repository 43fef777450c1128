"""What is usual for one person: hostile mass a day, and the mean x of first and of later replies, by whole days that forget.

Today and yesterday are left out, so that a pile-on says nothing about itself. A day weighs half after 14 days. The formulas are the
design's: a gamma quantile by Wilson and Hilferty (1931) for the pace, a mean and its normal deviations for the shares.
"""

from typing import Any, Final

from streams.stages.esr.config import Config
from streams.stages.esr.exact import Numbers, kept

Counts = tuple[Numbers, Numbers, Numbers, Numbers, Numbers]
"""Hostile mass of all that the rate test took; first replies and their x; later ones of people not hostile so far and their x."""
NO_COUNTS: Final = (0.0, 0.0, 0.0, 0.0, 0.0)
MAX_USUAL: Final = 0.9
_ENTERS: Final = 0.9755486420525732
"""2^(−.5/14): a day enters at the weight of its middle."""
ALL_TIME: Final = 20.19773057244549
"""14/ln 2: the days of an endless history, weighed."""
_ONE_DAY: Final = kept(1)


class History:
    """The history of one target. Days are counted from 1970, by the time of writing."""

    __slots__ = ("day", "first_day", "older", "today", "yesterday")

    def __init__(
        self,
        first_day: int,
        day: int,
        today: Counts[float] = NO_COUNTS,
        yesterday: Counts[float] = NO_COUNTS,
        older: Counts[float] = NO_COUNTS,
    ) -> None:
        """``older`` are the counts of the days before, weighed."""
        self.first_day = first_day
        self.day = day
        self.today = today
        self.yesterday = yesterday
        self.older = older

    def turn(self, day: int) -> None:
        """Go on to a later day."""
        days = day - self.day
        self.older = turned(self.older, self.yesterday, self.today, kept(max(days - 2, 0)), days >= 2)
        self.yesterday = self.today if days == 1 else NO_COUNTS
        self.today = NO_COUNTS
        self.day = day

    @property
    def exposure(self) -> float:
        """Return the days of ``older``, weighed."""
        return (1.0 - kept(max(self.day - 1 - self.first_day, 0))) * ALL_TIME


def turned(older: Counts[Numbers], yesterday: Counts[Numbers], today: Counts[Numbers], gap: Numbers, is_gap: Any) -> Counts[Numbers]:
    """Return ``older`` after a turn: by one day, or by two and more, of which ``gap`` is left for those over two."""
    a, b, c, d, e = (
        _aged(old, before, now, gap, is_gap) for old, before, now in zip(older, yesterday, today, strict=True)
    )  # fmt: skip
    return a, b, c, d, e


def _aged(older: Numbers, yesterday: Numbers, today: Numbers, gap: Numbers, is_gap: Any) -> Numbers:
    # is_gap is 0 or 1: after one day yesterday enters, after two and more today does as well.
    by_one = older * _ONE_DAY + yesterday * _ENTERS
    aged: Numbers = by_one * (1 - is_gap) + (by_one * _ONE_DAY + today * _ENTERS) * gap * is_gap
    return aged


def usual(config: Config, older: Counts[Numbers], exposure: Numbers, root: Any) -> tuple[Numbers, Numbers, Numbers]:
    """Return (b, m, m of later replies): hostile mass a day and mean x, each a bound by the config's caution.

    ``root`` is ``math.sqrt`` or ``numpy.sqrt``: both are exact to the last bit.
    """
    prior, (mass, first, first_x, later, later_x) = config.prior, older
    b = _gamma_bound(prior.hostile_mass + mass, config.caution_rate, root) / (prior.days + exposure)
    z = config.caution_share
    return (
        b,
        _mean_bound(prior.first_mean, prior.first_weight, first_x, first, z, root),
        _mean_bound(prior.later_mean, prior.later_weight, later_x, later, z, root),
    )


def _gamma_bound(shape: Numbers, z: float, root: Any) -> Numbers:
    """Wilson–Hilferty: the z-quantile of a gamma of this shape and scale 1; at least its mean, which a skewed one can exceed."""
    third: Numbers = 1.0 - 1.0 / (9.0 * shape) + z / (3.0 * root(shape))
    ratio = third * third * third
    under = ratio < 1.0
    bound: Numbers = shape * (ratio * (1 - 1 * under) + 1.0 * under)
    return bound


def _mean_bound(mean: float, weight: float, total: Numbers, n: Numbers, z: float, root: Any) -> Numbers:
    """The mean of a beta's posterior and z of its deviations: what is usual for anybody narrows it as a person's replies do."""
    p = (mean * weight + total) / (weight + n)
    bound: Numbers = p + z * root(p * (1.0 - p) / (weight + n + 1.0))
    over = bound > MAX_USUAL
    held: Numbers = bound * (1 - 1 * over) + MAX_USUAL * over
    return held
