"""From "so many false alarms a day" to a level of evidence.

Every bet is staked: a reply stakes w < 1, known before it is read, the more the longer it was quiet before. With α = B/N,
N the stakes a day, site-wide, the sum of evidence less the stakes, plus 1/α for each alarm, is a supermartingale: false alarms
≤ α · N = B a day in the mean, for any number of targets, dependent or not.
"""

from collections.abc import Callable, Sequence
from typing import Annotated, Final

from msgspec import Meta, Struct

from streams.stages.esr.config import Levels

LEAST_BUNCH: Final = 3.0
"""So many of one person's alarms come together until it is known better."""
ENOUGH_UNITS: Final = 20
"""Among so many with one alarm each, bunches are surely (95 %) fewer than one in seven."""


class Budget(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many false alarms a day are tolerable, site-wide, each kind on its own."""

    false_alarms_per_day: Annotated[float, Meta(gt=0)] = 1.0
    """B."""
    diluted_per_day: Annotated[float, Meta(gt=0)] = 1.0
    surges_per_day: Annotated[float, Meta(gt=0)] = 10.0
    stakes_per_day: Annotated[float, Meta(ge=1)] = 10_000.0
    """N of the rate test."""
    share_stakes_per_day: Annotated[float, Meta(ge=1)] = 1_000.0
    """N of the share test, weighed over persons and conversations."""
    slack: Annotated[float, Meta(gt=0)] = 1.0
    """How far realised false alarms stayed under the bound in replayed weeks (``learned``); 1 is the proven bound, less than 1 is
    for sites where fame breaks the null of both tests.

    It lowers what the share test must reach. The rate test stays: where the pace is usual, its bound holds whatever was learned.
    """
    diluted_share: Annotated[float, Meta(ge=0)] = 0.0
    """Evidence of the share test that ``diluted`` asks for too, learned likewise: fame breaks the bound of the pace alone."""


def levels(budget: Budget) -> Levels:
    """Return what evidence must reach; never less than 1."""
    n, share = budget.stakes_per_day, budget.share_stakes_per_day
    return Levels(
        rate=max(1.0, n / budget.false_alarms_per_day),
        share=max(1.0, share / (budget.false_alarms_per_day * budget.slack)),
        diluted=max(1.0, n / budget.diluted_per_day),
        diluted_share=budget.diluted_share,
        surge=max(1.0, n / budget.surges_per_day),
    )


def learned(alarms: Callable[[float], Sequence[int]], factors: Sequence[float], allowed: float, upper: Callable[[float], float]) -> float:
    """Return the largest factor that is surely within a budget, by what it brought in replayed weeks: "Learn then test".

    ``alarms(factor)``: how many each unit (a person) would have had in those weeks; ``factors``: each looser than the one before it;
    ``allowed``: the budget of those weeks, of all units; ``upper``: the 95 % upper bound of a Poisson mean of which so many were seen.

    Factors are tested in their order, and the first that might be over the budget ends it. A fixed sequence needs no correction
    (Angelopoulos et al., arXiv 2110.01052): in at most 5 of 100 recordings the mean at the chosen factor is over ``allowed``, in weeks
    like those that taught, as far as units are independent and one unit's alarms come in no larger bunches than is known (φ, Σn²/Σn).
    That is taken from the loosest factor, which has most alarms, or from this one where it is more. Fewer than ``ENOUGH_UNITS`` with an
    alarm do not say how alarms come, and none says nothing: then bunches of ``LEAST_BUNCH`` are counted with.
    Returns the first factor where nothing passes: the proven bound, or the strictest.
    """
    chosen, usual = factors[0], _bunch_at_least(alarms(factors[-1]))
    for factor in factors:
        counts = alarms(factor)
        bunch = max(usual, _bunch(counts))
        if bunch * upper(sum(counts) / bunch) > allowed:
            break
        chosen = factor
    return chosen


def _bunch_at_least(counts: Sequence[int]) -> float:
    found = _bunch(counts)
    return found if sum(1 for count in counts if count) >= ENOUGH_UNITS else max(LEAST_BUNCH, found)


def _bunch(counts: Sequence[int]) -> float:
    """Return Σn² over Σn: in a bunch of how many the average alarm comes; 1 of none."""
    total = sum(counts)
    return sum(count * count for count in counts) / total if total else 1.0
