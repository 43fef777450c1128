"""What is usual for anybody, from replayed weeks: empirical Bayes by the method of moments, over people."""

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streams.stages.esr.config import Prior

Floats = NDArray[np.float64]
_LEAST, _MOST = 0.5, 1000.0
_LONG, _ENOUGH = 10, 50


class Lived(Struct, frozen=True, array_like=True, gc=False):
    """One person's replayed time: days, hostile mass and its squares, then n, Σx and Σx² of first and of later replies."""

    days: float
    mass: float
    mass_2: float
    first: float
    first_x: float
    first_x2: float
    later: float
    later_x: float
    later_x2: float


class Heard(Struct, frozen=True, array_like=True, gc=False):
    """n, Σx and Σx² of some replies: of one conversation, or of all accounts that are new to the site."""

    n: float
    x: float
    x2: float


def fitted(people: Sequence[Lived], days: Sequence[tuple[float, float]], talks: Sequence[Heard] = (), new: Heard | None = None) -> Prior:
    """Return the prior of these people; ``days`` are n and Σx of the first replies of each of their days.

    ``talks`` are their conversations, ``new`` what new accounts wrote. Where these are too few, what is usual stands for them.
    Raises ValueError where nobody was hostile or answered at all.
    """
    columns = np.array([[getattr(one, name) for name in Lived.__struct_fields__] for one in people]).reshape(-1, 9).T
    lived, mass, mass_2, first, first_x, first_x2, later, later_x, later_x2 = columns
    if mass.sum() <= 0:
        raise ValueError("no hostility at all in what was replayed: too little to say what is usual")
    rate = mass.sum() / lived.sum()
    spread = _between(lived, mass, mass_2.sum() / lived.sum())
    own = min(max(rate / spread if spread > 0 else _MOST, 0.05), 60.0)
    first_mean, first_weight = _beta(first, first_x, first_x2)
    later_mean, later_weight = _beta(later, later_x, later_x2) if later.sum() > 50 else (first_mean, first_weight)
    talk_mean, talk_weight = _talks(talks, first_mean)
    new_mean = new.x / new.n if new is not None and new.n >= _ENOUGH else talk_mean
    return Prior(
        hostile_mass=float(rate * own), days=float(own), first_mean=first_mean, first_weight=first_weight, later_mean=later_mean,
        later_weight=later_weight, day_weight=_daily(days, first_mean, float(first_x2.sum() / first.sum())),
        talk_mean=talk_mean, talk_weight=talk_weight, new_mean=max(new_mean, talk_mean),
    )  # fmt: skip


def _talks(talks: Sequence[Heard], first_mean: float) -> tuple[float, float]:
    """Of conversations with ten replies or more: in shorter ones hardly a pile-on fits, and they would outweigh the others by number."""
    columns = np.array([(talk.n, talk.x, talk.x2) for talk in talks if talk.n >= _LONG]).reshape(-1, 3).T
    if columns[0].sum() < _ENOUGH:
        return first_mean, 30.0
    mean, weight = _beta(*columns)
    return max(mean, first_mean), weight


def _beta(n: Floats, total: Floats, squares: Floats) -> tuple[float, float]:
    mean = float(total.sum() / n.sum())
    spread = _between(n, total, float(squares.sum() / n.sum() - mean * mean))
    weight = mean * (1 - mean) / spread - 1 if spread > 0 else _MOST
    return mean, float(min(max(weight, _LEAST), _MOST))


def _daily(days: Sequence[tuple[float, float]], mean: float, mean_of_squares: float) -> float:
    """Return twice the variance of one reply over that of a day's mean: after so many harsh replies, half is put down to the day.

    Once would be the best guess of the day's mean; twice, chosen on the simulated half that teaches, finds more and is as calm.
    """
    n, total = np.array(days).reshape(-1, 2).T
    noise = mean_of_squares - mean * mean
    spread = _between(n, total, noise)
    return float(min(max(2 * noise / spread if spread > 0 else _MOST, 5.0), _MOST))


def _between(n: Floats, total: Floats, noise: float) -> float:
    """Return the variance between people of total/n, without the ``noise`` (variance of one unit) within: the usual ANOVA estimate."""
    used = n > 0
    n, total = n[used], total[used]
    mean = total.sum() / n.sum()
    seen = float((n * (total / n - mean) ** 2).sum()) - (len(n) - 1) * noise
    return seen / float(n.sum() - (n * n).sum() / n.sum()) if len(n) > 1 else 0.0
