"""What is usual: lagged by a day, forgotten by half in fourteen, and cautious where little is known."""

import math

import numpy as np
import pytest

from streams.stages.esr.config import Config, Prior
from streams.stages.esr.history import History, usual
from streams.stages.esr.priors import Lived, fitted

PRIOR = Prior(hostile_mass=0.3, days=3.0, first_mean=0.1, first_weight=20.0, later_mean=0.15, later_weight=20.0)
CONFIG = Config(prior=PRIOR)
BOLD = Config(prior=PRIOR, caution_rate=0.0, caution_share=0.0)


def lived(days: int, a_day: tuple[float, float, float, float, float]) -> History:
    history = History(0, 0)
    for day in range(days):
        history.turn(day) if day else None
        history.today = a_day
    return history


def told(history: History, config: Config = BOLD) -> tuple[float, float, float]:
    return usual(config, history.older, history.exposure, math.sqrt)


def test_today_and_yesterday_are_left_out():
    assert told(lived(2, (50.0, 50.0, 50.0, 0.0, 0.0))) == told(History(0, 0))
    assert told(lived(3, (50.0, 50.0, 50.0, 0.0, 0.0))) > told(History(0, 0))


def test_a_long_steady_life_is_known_for_what_it_is():
    b, m, later = told(lived(200, (2.0, 10.0, 2.0, 5.0, 1.5)))
    assert b == pytest.approx((0.3 + 2 * 20.2) / (3 + 20.2), rel=0.01)
    assert m == pytest.approx(0.2, abs=0.01)
    assert later == pytest.approx(0.29, abs=0.02)


def test_a_storm_is_half_forgotten_in_two_weeks():
    history = History(0, 0)
    history.today = (0.0, 64.0, 0.0, 0.0, 0.0)
    history.turn(2)
    at_first = history.older[1]
    history.turn(16)
    assert history.older[1] == pytest.approx(at_first / 2, rel=1e-12)


@pytest.mark.parametrize("days", [1, 2, 3, 14, 40])
def test_one_long_turn_is_many_short_ones(days: int):
    one, many = (History(0, 5, (1.0, 2.0, 3.0, 4.0, 5.0), (6.0, 7.0, 8.0, 9.0, 1.0), (2.0, 3.0, 4.0, 5.0, 6.0)) for _ in range(2))
    one.turn(5 + days)
    for day in range(6, 6 + days):
        many.turn(day)
    assert one.older == pytest.approx(many.older, rel=1e-12)
    assert (one.yesterday, one.today, one.exposure) == (many.yesterday, many.today, many.exposure)


def test_the_bound_is_above_the_mean_and_comes_nearer_with_experience():
    young, old = told(lived(4, (2.0, 10.0, 2.0, 5.0, 1.5)), CONFIG), told(lived(60, (2.0, 10.0, 2.0, 5.0, 1.5)), CONFIG)
    for known, mean in ((young, told(lived(4, (2.0, 10.0, 2.0, 5.0, 1.5)))), (old, told(lived(60, (2.0, 10.0, 2.0, 5.0, 1.5))))):
        assert all(bound >= plain for bound, plain in zip(known, mean, strict=True))
    assert old[1] / told(lived(60, (2.0, 10.0, 2.0, 5.0, 1.5)))[1] < young[1] / told(lived(4, (2.0, 10.0, 2.0, 5.0, 1.5)))[1]


def test_the_pace_s_bound_is_the_gamma_s_quantile():
    """From a table: the 84.13 % quantile of a gamma of shape 10 is 13.10."""
    shape = Config(prior=Prior(hostile_mass=10.0, days=1.0), caution_rate=1.0)
    assert usual(shape, (0.0,) * 5, 0.0, math.sqrt)[0] == pytest.approx(13.1, rel=0.01)


def test_priors_are_found_again_in_people_who_were_drawn_from_them():
    chance = np.random.default_rng(2)
    people, days = [], []
    for _ in range(4_000):
        pace, mean = chance.gamma(0.6, 1 / 2.0), chance.beta(3.0, 27.0)
        n = chance.poisson(40 * np.ones(1))[0] + 1
        x = (chance.random(n) < mean) * 1.0
        mass = float(chance.poisson(pace * 8))
        people.append(Lived(8.0, mass, mass, float(n), float(x.sum()), float(x.sum()), float(n), float(x.sum()), float(x.sum())))
        days += [(float(n), float(x.sum()))]
    found = fitted(people, days)
    assert found.hostile_mass / found.days == pytest.approx(0.3, rel=0.1)
    assert found.days == pytest.approx(2.0, rel=0.15)
    assert found.first_mean == pytest.approx(0.1, rel=0.05)
    assert found.first_weight == pytest.approx(30, rel=0.2)


def test_where_nobody_was_hostile_no_prior_is_made_up():
    with pytest.raises(ValueError, match="no hostility at all"):
        fitted([Lived(8.0, 0.0, 0.0, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0)], [(3.0, 0.0)])
