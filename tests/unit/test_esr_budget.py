"""The bound holds where nothing happens: chance alone opens no more than the budget allows; and what replayed weeks may teach."""

from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pytest

from streams.evaluation.scoring import upper_bound
from streams.stages.esr.budget import ENOUGH_UNITS, Budget, learned, levels
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


def seen(*losses: list[int]) -> Callable[[float], list[int]]:
    """What each of these people had at factors of 1, 5 and 20."""
    return lambda factor: [each[FACTORS.index(factor)] for each in losses]


FACTORS = (1.0, 5.0, 20.0)
APART = [[0, 0, 1]] * ENOUGH_UNITS
"""So many people, with one alarm each at the loosest, say that alarms do not come together."""


def test_what_is_learned_is_the_loosest_factor_that_surely_kept_the_budget():
    alarms = seen([0, 1, 1], [0, 1, 1], *APART)
    assert learned(alarms, FACTORS, 6.4, upper_bound) == 5.0  # 2 seen: at most 6.3
    assert learned(alarms, FACTORS, 32.0, upper_bound) == 20.0  # 22 seen: at most 31.4


def test_alarms_of_one_person_that_come_together_say_less_than_as_many_people():
    one, many = seen([0, 4, 4], *APART), seen(*[[0, 1, 1]] * 4, *APART)
    assert learned(many, FACTORS, 9.5, upper_bound) == 5.0  # 4 seen: at most 9.2
    assert learned(one, FACTORS, 9.5, upper_bound) == 1.0  # one bunch of 4: at most 4.7 bunches


def test_how_alarms_come_is_taken_from_the_loosest_factor():
    together = seen(*[[0, 0, 3]] * ENOUGH_UNITS)
    assert learned(together, FACTORS, 8.8, upper_bound) == 1.0  # none seen: at most 3 bunches of 3
    assert learned(together, FACTORS, 9.1, upper_bound) == 5.0


def test_of_alarms_that_few_have_seen_bunches_of_three_are_counted_with():
    few = seen(*[[0, 0, 1]] * (ENOUGH_UNITS - 1))
    assert learned(few, FACTORS, 8.8, upper_bound) == 1.0
    assert learned(few, FACTORS, 9.1, upper_bound) == 5.0
    assert learned(seen([0, 0, 0]), FACTORS, 8.8, upper_bound) == 1.0


def test_nothing_is_learned_from_weeks_that_break_the_bound():
    assert learned(seen([9, 9, 9]), FACTORS, 9.0, upper_bound) == 1.0


def test_a_factor_behind_one_that_failed_is_not_tried():
    assert learned(seen([0, 9, 0]), FACTORS, 4.0, upper_bound) == 1.0


def test_what_is_learned_keeps_the_budget_in_nineteen_of_twenty_sites():
    """People differ, their alarms come in bunches; the true mean at the chosen factor is known here."""
    chance, factors = np.random.default_rng(5), (1.0, 2.0, 4.0, 8.0, 16.0)
    mean = np.cumsum([0.01, 0.01, 0.02, 0.04, 0.08])  # a person's bunches, of 1 to 3 alarms each
    over = used = 0
    for _ in range(1_000):
        bunches = np.cumsum(chance.poisson(np.diff(mean, prepend=0.0) * np.ones((200, 5))), axis=1) * chance.integers(1, 4, (200, 1))
        chosen = learned(lambda factor, b=bunches: b[:, factors.index(factor)].tolist(), factors, 20.0, upper_bound)
        over += 200 * 2 * mean[factors.index(chosen)] > 20.0
        used += chosen > 1.0
    assert over / 1_000 <= 0.07
    assert used / 1_000 > 0.4


@pytest.mark.parametrize(("allowed", "bunch"), [(3.0, 3), (7.0, 3), (14.0, 3), (14.0, 5), (30.0, 3), (30.0, 5)])
def test_alarms_that_come_in_bunches_teach_too_much_in_one_of_twenty_recordings(allowed: float, bunch: int):
    """Every factor but the first brings a little more than is allowed, by so many of each person who has any."""
    chance, over = np.random.default_rng(0), 0
    for _ in range(1_000):
        counts = [bunch] * int(chance.poisson(1.01 * allowed / bunch))
        over += learned(lambda factor, c=counts: c if factor > 1 else [], FACTORS, allowed, upper_bound) > 1.0
    assert over / 1_000 <= 0.07
