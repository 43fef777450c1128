"""What was learned of the bound at one budget serves the next larger ones; where nothing was, the proven bound holds."""

import numpy as np
import pytest

from streams.replay.calibrate.replayed import Person, Replayed
from streams.stages.esr.calibration import Calibration, calibration_of, config_of, levels_of
from streams.stages.esr.config import Levels
from streams.stages.esr.detector import DAY
from streams.stages.esr.learning import Counted
from streams.stages.esr.slack import NEVER, DilutedShare, Slack
from streams.stages.pileon_config import Config

N, SHARE_N = 1_000.0, 200.0
TAUGHT = Calibration(
    stakes_per_day=N, share_stakes_per_day=SHARE_N, slack=Slack(at_1=4.0, at_3=1.0), diluted_share=DilutedShare(at_1=30.0, at_10=2.0)
)
MINUTE = 60_000_000
START = 20_500 * DAY


@pytest.mark.parametrize(
    ("budget", "rate", "share", "diluted_share"),
    [
        (1.0, 1_000.0, 50.0, 30.0),  # learned there
        (2.0, 1_000.0, 50.0, 30.0),  # what 1 a day was taught, kept at 1 a day
        (2.9, 1_000.0, 50.0, 30.0),
        (3.0, 333.333, 66.666, NEVER),  # nothing learned there: proven
        (0.1, 10_000.0, 2_000.0, NEVER),
        (0.05, 20_000.0, 4_000.0, NEVER),  # under the smallest
        (20.0, 50.0, 10.0, 2.0),
    ],
)
def test_levels_follow_what_was_taught_for_the_next_smaller_budget(budget: float, rate: float, share: float, diluted_share: float):
    found = levels_of(TAUGHT, budget)
    assert (found.rate, found.share, found.diluted_share) == pytest.approx((rate, share, diluted_share), rel=1e-4)


def test_more_is_never_found_at_a_smaller_budget():
    asked = [levels_of(TAUGHT, budget).share for budget in (0.1, 0.3, 0.9, 1.0, 1.5, 2.9)]
    assert asked == sorted(asked, reverse=True)


def test_a_record_gives_back_what_was_written():
    assert calibration_of("calibration", 1, TAUGHT.as_values()) == TAUGHT
    assert TAUGHT.as_values()["slack.at_1"] == 4.0


def crowd(hostile: int, friends: int, gap: int = 5 * MINUTE, seed: int = 1) -> Counted:
    """A quiet week, then so many people at one go, in one conversation."""
    x = np.array([0.05] * 7 + [0.9] * hostile + [0.05] * friends)
    at = np.r_[START + np.arange(7) * DAY, START + 7 * DAY + np.arange(hostile + friends) * gap]
    x[7:] = np.random.default_rng(seed).permutation(x[7:])
    return Counted(at, x, np.full(x.size, 2), np.r_[np.arange(7), np.full(hostile + friends, 99)], np.zeros(x.size, bool))


CONFIG = config_of(Calibration(), 4, 0.5, Config().case_length)
EASY = Levels(rate=20.0, share=2.0, diluted=20.0, diluted_share=0.01, surge=1e12)


def told(levels: Levels, *people: Person, since: int = START) -> list[tuple[int, int]]:
    return Replayed(people, CONFIG, since, START + 8 * DAY).told(levels)


def test_what_is_told_of_whom_is_what_the_detector_tells():
    assert told(EASY, Person(crowd(12, 3)), Person(crowd(2, 30)), Person(crowd(10, 150, MINUTE))) == [(1, 0), (0, 1)]


def test_levels_that_nobody_reaches_ask_nobody():
    assert told(Levels(rate=1e200, share=1.0, diluted=1e200, surge=1e200), Person(crowd(12, 3))) == []


def test_what_came_before_or_was_judged_real_is_not_counted():
    there = (START + 7 * DAY, START + 8 * DAY)
    assert told(EASY, Person(crowd(12, 3), [there])) == [(0, 0)]
    assert told(EASY, Person(crowd(12, 3), [(START, START + DAY)])) == [(1, 0)]
    assert told(EASY, Person(crowd(12, 3)), since=START + 8 * DAY) == [(0, 0)]
