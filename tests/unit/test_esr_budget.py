"""The bound holds where nothing happens: chance alone opens no more than the budget allows; and what replayed weeks may teach."""

from datetime import timedelta

import numpy as np
import pytest

from streams.evaluation.scoring import upper_bound
from streams.stages.esr.budget import Budget, learned, levels
from streams.stages.esr.config import Config, Levels, Prior, rule
from streams.stages.esr.detector import DAY, Exposure, Kind, Target, step

START = 20_500 * DAY
DAYS, TARGETS, FIRST_A_DAY = 60, 120, 9.0
FIRST_MEAN, LATER_MEAN = 0.125, 0.35
"""x is .8 or .05: one first reply in ten is hostile, two later ones in five."""
MOMENT = timedelta(minutes=1)
"""Cases so short that none hides another alarm."""
MASS_A_DAY = FIRST_A_DAY * (FIRST_MEAN + 0.4 * 0.8)


def known(first: float = FIRST_MEAN, mass: float = MASS_A_DAY) -> Prior:
    """All that is usual is known beforehand: what is tested is the bets, not the baselines."""
    heavy = 1e7
    return Prior(
        hostile_mass=mass * heavy, days=heavy, first_mean=first, first_weight=heavy, later_mean=LATER_MEAN, later_weight=heavy,
        day_weight=heavy,
    )  # fmt: skip


def ordinary(number: int) -> list[Exposure]:
    """Everybody comes by chance, says something, and something more within the hour, when tempers are up."""
    chance = np.random.default_rng((11, number))
    firsts = np.sort(chance.random(chance.poisson(FIRST_A_DAY * DAYS)) * DAYS * DAY).astype(int)
    said = []
    for n, at in enumerate(firsts.tolist()):
        later = at + int(chance.exponential(20 * 60e6))
        said += [(at, n, 0.8 if chance.random() < 0.1 else 0.05), (later, n, 0.8 if chance.random() < 0.4 else 0.05)]
    return [Exposure(START + at, 10_000 + n, place + (1 << 30), x) for place, (at, n, x) in enumerate(sorted(said))]


LIVES = [ordinary(number) for number in range(TARGETS)]


def opened(prior: Prior, by: Levels) -> tuple[int, float]:
    """Return the pile-ons told, and what was staked."""
    rules = rule(Config(prior=prior, caution_rate=0.0, caution_share=0.0, min_hostile_authors=2, case_length=MOMENT), by)
    alarms, staked = 0, 0.0
    for life in LIVES:
        target, staked = Target(life[0].at), staked + 1
        for reply in life:
            gap = reply.at - target.last_at
            staked += gap / (gap + rules.spacing)
            finding = step(rules, target, reply)
            alarms += finding is not None and finding.kind is Kind.PILEON
    return alarms, staked


@pytest.mark.parametrize(("rate", "share"), [(400.0, 0.0), (0.0, 400.0), (400.0, 400.0)], ids=["rate", "share", "pair"])
def test_chance_alone_keeps_the_budget(rate: float, share: float):
    alarms, staked = opened(known(), Levels(rate=rate, share=share, diluted=1e12, surge=1e12))
    allowed = staked / 400.0
    assert allowed > 30
    assert upper_bound(alarms) <= allowed


def test_the_bound_is_broken_where_hostility_is_really_more_than_is_usual():
    alarms, staked = opened(known(first=FIRST_MEAN / 3), Levels(rate=0.0, share=400.0, diluted=1e12, surge=1e12))
    assert alarms > staked / 400.0
    alarms, staked = opened(known(mass=MASS_A_DAY / 3), Levels(rate=400.0, share=0.0, diluted=1e12, surge=1e12))
    assert alarms > staked / 400.0


def test_a_level_is_the_stakes_over_the_budget_and_slack_eases_the_share_alone():
    found = levels(Budget(false_alarms_per_day=2.0, diluted_per_day=4.0, surges_per_day=10.0, stakes_per_day=1_000.0, slack=5.0))
    assert (found.rate, found.share, found.diluted, found.surge) == (500.0, 100.0, 250.0, 100.0)


def test_a_budget_larger_than_all_stakes_still_asks_for_some_evidence():
    assert levels(Budget(false_alarms_per_day=1e9)).rate == 1.0


def test_what_is_learned_is_the_loosest_factor_that_kept_the_budget_with_one_bad_unit_more():
    seen = [[0, 1, 2], [0, 0, 1], [0, 1, 3]]
    assert learned(seen, (1.0, 5.0, 20.0), allowed=0.75) == 5.0  # (2 + 1) / 4
    assert learned(seen, (1.0, 5.0, 20.0), allowed=2.3) == 20.0  # (6 + 3) / 4
    assert learned(seen, (1.0, 5.0, 20.0), allowed=0.7) == 1.0


def test_with_an_upper_bound_less_is_learned():
    seen = [[0, 1, 2], [0, 0, 1], [0, 1, 3]]
    assert learned(seen, (1.0, 5.0, 20.0), allowed=2.3, upper=upper_bound) == 5.0  # 3 seen can be 7.75, and 9 can be 15.7
    assert learned(seen, (1.0, 5.0, 20.0), allowed=4.0, upper=upper_bound) == 20.0


def test_nothing_is_learned_from_nothing_or_from_weeks_that_break_the_bound():
    assert learned([[9, 9]], (1.0, 5.0), allowed=1.0) == 1.0


def test_what_is_learned_holds_for_the_next_unit_in_the_mean():
    """Over many sites: twenty units teach, the twenty-first is asked."""
    chance = np.random.default_rng(5)
    factors = (1.0, 2.0, 4.0, 8.0, 16.0)
    losses = []
    for _ in range(3_000):
        units = np.cumsum(chance.poisson(np.array([0.1, 0.1, 0.2, 0.4, 0.8]) * chance.gamma(2.0, 0.5), (21, 5)), axis=1)
        chosen = learned(units[:20].tolist(), factors, allowed=0.5)
        losses.append(units[20][factors.index(chosen)])
    assert np.mean(losses) < 0.5
    assert np.mean(losses) > 0.1
