"""What replayed weeks teach of the bound: how far it may be turned up, and what a warning ``diluted`` must ask for. Pure.

No recording says which of its pile-ons were real. So all that would have been told counts as a false alarm, but for what somebody judged
to be one. Where nothing is learned the proven bound holds, and never less than it.
"""

import math
from typing import Final

from msgspec.structs import replace

from streams.replay.backtest.intervals import upper_bound
from streams.replay.calibrate.replayed import Replayed
from streams.stages.esr.budget import learned
from streams.stages.esr.calibration import Calibration, levels_of
from streams.stages.esr.slack import BUDGETS, NEVER, DilutedShare, Slack

FACTORS: Final = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 20.0)
"""No more than there are days on which it was tried: three days cannot teach what three weeks do."""
SHARES: Final = (NEVER, 100.0, 50.0, 30.0, 20.0, 10.0, 5.0, 3.0, 2.0, 1.0, 0.5)
"""What ``diluted`` may ask of the share, strictest first: at last less than bets that won nothing."""


def with_slack(proven: Calibration, people: Replayed) -> Calibration:
    """Return a calibration with all that these people's replies teach."""
    eased = replace(proven, slack=Slack(**_per_budget([_slack(proven, people, budget) for budget in BUDGETS])))
    shares = [_share(eased, people, budget) for budget in BUDGETS]
    return replace(eased, diluted_share=DilutedShare(**_per_budget([0.0 if share == NEVER else share for share in shares])))


def _slack(proven: Calibration, people: Replayed, budget: float) -> float:
    def told(factor: float) -> list[int]:
        levels = levels_of(replace(proven, slack=Slack(**_per_budget([factor] * len(BUDGETS)))), budget)
        return [pileons for pileons, _ in people.told(levels)]

    return learned(told, [factor for factor in FACTORS if factor <= max(1.0, people.days)], budget * people.days, _surely)


def _share(eased: Calibration, people: Replayed, budget: float) -> float:
    def told(share: float) -> list[int]:
        levels = replace(levels_of(eased, budget), diluted_share=share)
        return [diluted for _, diluted in people.told(levels)]

    return learned(told, SHARES, budget * people.days, _surely)


def _surely(count: float) -> float:
    """Return the 95 % upper bound of a Poisson mean; of none seen it is -ln 0.05 exactly, of which Byar's falls short."""
    return max(upper_bound(count), -math.log(0.05))


def _per_budget(values: list[float]) -> dict[str, float]:
    return dict(zip(Slack.__struct_fields__, values, strict=True))
