"""What is usual for a person: right for a steady past, blind to today and yesterday, and it forgets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.stages.baseline import DAY, Baseline, met
from streams.stages.pileon_config import Config

CONFIG = Config(usual_people_a_day=0.5, usual_weight_days=7)
ALMOST_NOTHING = Config(usual_people_a_day=0.5, usual_weight_days=0.01)


def lived(people: list[int], first: int = 20_000) -> Baseline:
    """Return the history of somebody to whom so many people were hostile on each day."""
    baseline = Baseline(first, first)
    for day, number in enumerate(people):
        for n in range(number):
            baseline = baseline.with_person((first + day) * DAY + n)
    return baseline


def usual(people: list[int], config: Config = ALMOST_NOTHING) -> float:
    """Return what is usual at noon of the day after these."""
    return lived(people).a_day((20_000 + len(people)) * DAY + DAY // 2, config)


def test_without_a_history_what_is_usual_for_anybody_stands() -> None:
    assert usual([], CONFIG) == pytest.approx(0.5)
    assert usual([9, 9], CONFIG) == pytest.approx((3.5 + 9 * 2 ** (-0.5 / 14)) / 8, rel=0.02)


@given(st.integers(1, 9), st.integers(5, 60))
def test_a_steady_past_gives_its_own_rate(people: int, days: int) -> None:
    assert usual([people] * days) == pytest.approx(people, rel=0.02)


def test_days_without_anybody_count_too() -> None:
    assert usual([3] + [0] * 29) == pytest.approx(3 * 2 ** (-28.5 / 14) / 15.4, rel=0.02)
    assert usual([0] * 30) < 0.01


def test_today_and_yesterday_say_nothing_yet() -> None:
    calm = [1] * 20
    assert usual([*calm, 90]) == usual([*calm, 0])
    assert usual([*calm, 0, 90]) == usual([*calm, 0, 0])
    assert usual([*calm, 90, 0, 0]) > 3


def test_a_raid_is_forgotten_by_half_in_two_weeks() -> None:
    rates = [usual([0] * 50 + [100] + [0] * days) for days in (2, 16, 30)]
    assert rates[1] / rates[0] == pytest.approx(0.5, rel=0.05)
    assert rates[2] / rates[1] == pytest.approx(0.5, rel=0.05)


@given(st.permutations(range(12)), st.lists(st.integers(0, 3), min_size=12, max_size=12))
def test_what_arrives_out_of_order_counts_on_its_own_day(order: list[int], people: list[int]) -> None:
    shuffled = Baseline(20_000, 20_000)
    for day in order:
        for n in range(people[day]):
            shuffled = shuffled.with_person((20_000 + day) * DAY + n)
    end = 20_012 * DAY
    assert shuffled.a_day(end, CONFIG) == pytest.approx(lived(people).a_day(end, CONFIG), abs=1e-6)


def test_what_is_read_does_not_hang_on_when_it_was_last_touched() -> None:
    once, twice = lived([2, 0, 1]), lived([2, 0, 1]).with_person(20_002 * DAY)
    assert once.a_day(20_009 * DAY, CONFIG) < twice.a_day(20_009 * DAY, CONFIG)
    assert once.a_day(20_003 * DAY, CONFIG) == twice.a_day(20_003 * DAY, CONFIG)


def test_a_history_begins_anew_where_nothing_was_worth_keeping() -> None:
    blank, told = Baseline(20_000, 20_000), lived([1])
    at = 20_010 * DAY
    assert met(None, at, at, is_alone=True) == Baseline(20_010, 20_010)
    assert met(blank, at, at, is_alone=True) == Baseline(20_010, 20_010)
    assert met(blank, at, at, is_alone=False) is blank
    assert met(told, at, at, is_alone=True) is told
    long_after = told.kept_until + 1
    assert met(told, long_after, long_after, is_alone=True).is_blank
