"""What replayed weeks taught of the bound, for five budgets: how far it may be turned up, and what a warning ``diluted`` asks for.

A budget of its own takes what was taught for the next smaller one: that much is sure to be within it.
"""

from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

BUDGETS: Final = (0.1, 0.3, 1.0, 3.0, 10.0)
"""False alarms a day for which it is learned."""
NEVER: Final = 1e300
"""No evidence is ever so large: what has not been learned cannot speak."""
_Slack = Annotated[float, Meta(gt=0, le=100)]
_Share = Annotated[float, Meta(ge=0)]


class Slack(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many times its budget the share test may spend."""

    at_0_1: _Slack = 1.0
    """How many times the budget the share may spend at 0.1 false alarms a day, because replayed weeks stayed so far under it; 1: the bound
    that is proven."""
    at_0_3: _Slack = 1.0
    """The same from 0.3 false alarms a day on."""
    at_1: _Slack = 1.0
    """The same from 1 false alarm a day on."""
    at_3: _Slack = 1.0
    """The same from 3 false alarms a day on."""
    at_10: _Slack = 1.0
    """The same from 10 false alarms a day on."""


class DilutedShare(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the share must say at least for a warning ``diluted``."""

    at_0_1: _Share = 0.0
    """What the share must say at least for a warning ``diluted`` (pace alone, eight people) at 0.1 false alarms a day; 0: there is none."""
    at_0_3: _Share = 0.0
    """The same from 0.3 false alarms a day on."""
    at_1: _Share = 0.0
    """The same from 1 false alarm a day on."""
    at_3: _Share = 0.0
    """The same from 3 false alarms a day on."""
    at_10: _Share = 0.0
    """The same from 10 false alarms a day on."""


class Taught(Struct, frozen=True):
    """What was taught for a budget."""

    budget: float
    """The one it was learned at, which is not larger."""
    slack: float
    diluted_share: float
    """``NEVER`` where it was not learned."""


def taught(slack: Slack, diluted_share: DilutedShare, false_alarms_per_day: float) -> Taught | None:
    """Return what holds at a budget; None for one under the smallest that is learned at."""
    columns = zip(BUDGETS, msgspec.structs.astuple(slack), msgspec.structs.astuple(diluted_share), strict=True)
    found = [Taught(budget, factor, share or NEVER) for budget, factor, share in columns if budget <= false_alarms_per_day]
    return found[-1] if found else None
