"""From "so many false alarms a day" to a level of evidence.

Every bet is staked: a reply stakes w < 1, known before it is read, the more the longer it was quiet before. With α = B/N,
N the stakes a day, site-wide, the sum of evidence less the stakes, plus 1/α for each alarm, is a supermartingale: false alarms
≤ α · N = B a day in the mean, for any number of targets, dependent or not.
"""

from collections.abc import Callable, Sequence
from typing import Annotated

from msgspec import Meta, Struct

from streams.stages.esr.config import Levels


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


def learned(
    false_alarms: Sequence[Sequence[int]], factors: Sequence[float], allowed: float, upper: Callable[[float], float] = float
) -> float:
    """Return the largest factor on the budget whose false alarms were few enough in replayed weeks: conformal risk control.

    ``false_alarms[i][k]``: of unit i (a group of targets, or a week) with ``factors[k]``, each looser than the one before it;
    ``allowed``: a unit's budget. Returns the first factor, the proven bound or the strictest, where none passes.
    For exchangeable units, and a loss that is bounded and grows with the factor, the next unit's expected loss is ≤ ``allowed``
    where (Σ losses + bound) / (units + 1) ≤ ``allowed`` (Angelopoulos et al., arXiv 2208.02814). Counts have no bound:
    the largest one seen at the factor stands for it, so what is promised is a mean, nearly, and not a single week. ``upper`` says
    how many could have been seen instead of so many: with a Poisson's upper bound most weeks keep the budget, not the mean one.
    """
    units = len(false_alarms)
    chosen = factors[0]
    for place, factor in enumerate(factors):
        bound = max((losses[place] for losses in false_alarms), default=0)
        if upper(sum(losses[place] for losses in false_alarms) + bound) / (units + 1) > allowed:
            break
        chosen = factor
    return chosen
