"""Raids in the weeks that teach: what looks like one is not learned as usual, and what was judged teaches nothing at all."""

from collections.abc import Iterator
from datetime import datetime

import numpy as np
import pytest

from streams.errors import UserError
from streams.records import Judgement
from streams.replay.backtest.labels import Label
from streams.replay.calibrate.heard import Heard
from streams.replay.calibrate.likely import bursts, likely
from streams.replay.calibrate.measured import Measured, measured
from streams.replay.calibrate.replayed import Person
from streams.replay.calibrate.shown import shown
from streams.replay.calibrate.span import span_of
from streams.stages.esr.detector import DAY, Exposure
from streams.stages.esr.learning import Counted, days_heard
from streams.stages.esr.membership import Seen
from streams.stages.instants import instant
from streams.stages.pileon_config import Config

START, DAYS, RAIDS, RAIDERS = 20_500 * DAY, 14, 56, 12
MINUTE = 60_000_000
HOUR = 60 * MINUTE
CONFIG = Config()


def threads() -> Iterator[tuple[str, int, float, int]]:
    """A site of short threads: to whom, when, x, and the conversation."""
    chance = np.random.default_rng(1)
    for talk in range(20 * DAYS):
        begin, who = START + int(chance.random() * DAYS * DAY), f"v{chance.integers(60)}"
        for _ in range(chance.integers(12)):
            yield who, begin + int((1 + chance.exponential(60)) * MINUTE), 0.9 if chance.random() < 0.1 else 0.02, talk


def raids() -> Iterator[tuple[str, int, float, int]]:
    chance = np.random.default_rng(2)
    for number in range(RAIDS):
        begin = START + int(chance.random() * DAYS * DAY)
        for minute in range(RAIDERS):
            yield f"r{number}", begin + minute * MINUTE, 0.95, 10_000 + number


def heard_of(*replies: Iterator[tuple[str, int, float, int]]) -> Heard:
    heard = Heard()
    every = sorted((one for some in replies for one in some), key=lambda one: one[1])
    for number, (who, at, x, talk) in enumerate(every):
        exposure = Exposure(at, 1_000 + number, number, x, conversation=talk, is_new=True)
        heard.take(("town", "square", who), exposure, Seen.FIRST, is_timed=True)
    return heard


def judged() -> list[Label]:
    begins = {who: min(at for to, at, _, _ in raids() if to == who) for who in {who for who, *_ in raids()}}
    return [label(who, at, instant(at + HOUR)) for who, at in begins.items()]


def label(who: str, begin: int, end: datetime | None, judgement: Judgement = Judgement.PILE_ON) -> Label:
    return Label(target_id=who, start=instant(begin), end=end, judgement=judgement)


def text_of(found: Measured) -> str:
    return "\n".join(str(line) for line in shown(found).renderables)


QUIET = measured(heard_of(threads()), CONFIG, "quiet")
RAIDED = measured(heard_of(threads(), raids()), CONFIG, "raided")
JUDGED = measured(heard_of(threads(), raids()), CONFIG, "judged", labels=judged())


def test_raids_that_nobody_judged_are_not_learned_as_usual_and_are_found():
    assert RAIDED.calibration.prior.talk_mean == pytest.approx(QUIET.calibration.prior.talk_mean, rel=0.05)
    at_1 = RAIDED.expected[2]
    second_half = sum(one.start >= instant(START + DAYS * DAY // 2) for one in judged())
    assert at_1.alerts >= 0.9 * second_half
    assert RAIDED.likely == RAIDS


def test_judged_raids_leave_the_calibration_of_the_same_site_without_them():
    assert JUDGED.calibration.prior.first_mean == pytest.approx(QUIET.calibration.prior.first_mean, rel=0.01)
    assert JUDGED.calibration.stakes_per_day == pytest.approx(QUIET.calibration.stakes_per_day, rel=0.01)
    assert JUDGED.calibration.slack == QUIET.calibration.slack
    assert (JUDGED.likely, JUDGED.judged.matched, JUDGED.judged.labels) == (0, RAIDS, RAIDS)


def test_it_says_what_to_judge_first():
    assert f"Left out of what is usual: {RAIDS} times that look like pile-ons" in text_of(RAIDED)
    assert "Judge these first" in text_of(RAIDED)
    assert "Judge these first" not in text_of(JUDGED)


def crowd(*x: float, gap: int = MINUTE, begin: int = START) -> Counted:
    at = begin + np.arange(len(x)) * gap
    return Counted(at, np.array(x), np.full(len(x), int(Seen.FIRST)), np.zeros(len(x), np.int64), np.zeros(len(x), bool))


def test_a_burst_is_so_many_people_within_an_hour():
    assert bursts(crowd(0.9, 0.9, 0.9), 0.5, 4) == []
    assert bursts(crowd(*[0.9] * 8, gap=21 * MINUTE), 0.5, 4) == []
    (one,) = bursts(crowd(0.1, 0.9, 0.9, 0.1, 0.9, 0.9, 0.9, 0.1), 0.5, 4)
    assert (one.begin, one.end, one.hostile, one.answering) == (START + MINUTE, START + 6 * MINUTE, 5, 6)


def test_on_a_site_that_is_always_harsh_nothing_looks_like_a_pile_on():
    harsh = [Person(crowd(*[0.9, 0.1, 0.1] * 5, gap=HOUR)) for _ in range(9)]
    raid = Person(crowd(*[0.9] * 9))
    assert likely([*harsh, raid], 0.5, 4)[-1] == ((START, START + 8 * MINUTE),)
    harsher = [Person(crowd(*[0.9, 0.1] * 5, gap=HOUR)) for _ in range(9)]
    assert not any(likely([*harsher, raid], 0.5, 4))


def test_what_was_judged_no_pile_on_is_usual():
    calm = Person(crowd(*[0.9] * 9), calm=[(START, START + HOUR)])
    assert likely([calm], 0.5, 4) == [()]


@pytest.mark.parametrize(("count", "used"), [(1, 1), (3, 1)])
def test_labels_that_match_nobody_are_counted(count: int, used: int):
    labels = [label("r0", START, instant(START + HOUR)), *(label(f"nobody{n}", START, None) for n in range(count - 1))]
    found = measured(heard_of(threads(), raids()), CONFIG, "some", labels=labels)
    assert (found.judged.labels, found.judged.matched) == (count, used)
    assert f"{used} of {count} labels were used" in text_of(found)
    assert ("speak of nobody" in text_of(found)) is (count > used)


def test_a_label_without_an_end_forgives_one_pile_on_and_not_the_next():
    later = START + 5 * DAY
    one = [("v", at, 0.9, n) for n, begin in enumerate((START + DAY, later)) for at in range(begin, begin + 9 * MINUTE, MINUTE)]
    found = measured(heard_of(threads(), iter(one)), CONFIG, "open", labels=[label("v", START + DAY, None)])
    assert found.judged.real[("town", "square", "v")] == ((START + DAY, START + DAY + 8 * MINUTE + 6 * HOUR),)


def test_labels_of_nobody_at_all_are_refused():
    with pytest.raises(UserError, match="nobody that they speak of"):
        measured(heard_of(threads()), CONFIG, "some", labels=[label("nobody", START, None)])


@pytest.mark.parametrize("at", [0, START + 3_650 * DAY], ids=["1970", "in ten years"])
def test_a_clock_that_was_wrong_changes_nothing_and_is_said(at: int):
    found = measured(heard_of(threads(), iter([("v1", at, 0.02, 9)])), CONFIG, "clock")
    assert found.calibration == QUIET.calibration
    assert (found.days, found.apart) == (QUIET.days, 1)
    assert f"Left out: 1 of {QUIET.replies + 1} replies" in text_of(found)


def test_replies_that_stand_apart_leave_and_the_others_stay():
    near, far = crowd(*[0.1] * 9, gap=DAY), crowd(0.1, begin=0)
    assert span_of([near, far]) == (START, START + 8 * DAY, 1)
    assert span_of([near]) == (START, START + 8 * DAY, 0)
    assert span_of([crowd(0.1)]) == (START, START, 0)


def test_a_pause_of_the_whole_site_is_one_quiet_day_at_most():
    weeks = [crowd(*[0.1] * 8, gap=DAY // 2), crowd(*[0.1] * 8, gap=DAY // 2, begin=START + 7 * DAY)]
    assert days_heard(weeks, START, START + 11 * DAY) == 3.5 + 1 + 3.5 + 0.5
    assert days_heard([], START, START + 11 * DAY) == 1


def test_three_days_of_ten_authors_do_not_teach_what_three_weeks_do():
    few = measured(heard_of(one for one in threads() if one[1] < START + 4 * DAY), CONFIG, "few")
    assert max(one.slack for one in few.expected) <= few.counted_days
    assert max(one.slack for one in QUIET.expected) > few.counted_days


def test_what_is_printed_is_what_is_sent():
    slack = RAIDED.calibration.slack
    assert [one.slack for one in QUIET.expected][-1] == QUIET.calibration.slack.at_10
    assert [one.slack for one in RAIDED.expected] == [slack.at_0_1, slack.at_0_3, slack.at_1, slack.at_3, slack.at_10]
    assert "with the slack that is sent, which was learned on these very days" in text_of(RAIDED)


def test_it_warns_where_many_were_hostile_and_nothing_would_be_told():
    """Four of seven, too few to look like pile-ons: on a site of nothing else they are learned as usual."""
    small = [
        (f"s{n}", START + n * 6 * HOUR + minute * MINUTE, 0.9 if minute % 2 else 0.02, 20_000 + n) for n in range(50) for minute in range(9)
    ]
    found = measured(heard_of(iter(small)), CONFIG, "small")
    assert not any(one.alerts for one in found.expected[:3])
    assert found.bursts == 50
    assert "50 times several people, half of those answering, were hostile to one person within an hour" in text_of(found)
