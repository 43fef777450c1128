"""Measures of being early, bounds of what is possible, baselines, and ablations: on cases small enough to reckon by hand."""

import math

import numpy as np
import pytest

from streams.evaluation.ablations import ablations
from streams.evaluation.baselines import Cusum, ZScore
from streams.evaluation.bounds import by_floor, by_share
from streams.evaluation.compare import budget, halves, hindsight, scored, windows
from streams.evaluation.measures import early
from streams.evaluation.scenario import Plan, streams
from streams.evaluation.scoring import Caught, Score
from streams.evaluation.site import LEARNED, Watched, site
from streams.evaluation.stream import HOUR, MINUTE, Event, Part, Rows, stream
from streams.stages.esr.detector import Kind

BEGIN = LEARNED + HOUR
PLAN = Plan(targets=240, attacked=0.6)


@pytest.fixture(scope="module")
def decides():
    return halves(PLAN)[1]


def case(people: int | None, of: int = 8) -> Caught:
    event = Event(kind="plain", is_attack=True, begin=0, end=1, hostile_authors=of)
    return Caught(event=event, authors=people, minutes=None if people is None else 1.0, kind=Kind.PILEON)


def result(*cases: Caught, false: int = 0, inside: int = 0) -> Score:
    return Score(caught=cases, false=false, false_in_twins={}, diluted=0, surges=0, alerts_in_attacks=inside)


def test_erde_is_the_share_of_cases_where_all_are_missed_and_near_nothing_where_all_are_found_at_once():
    assert early(result(case(None), case(None)), 100, 50).erde_5 == pytest.approx(0.02)
    assert early(result(case(1), case(1)), 100, 50).erde_10 < 0.0002


def test_erde_is_half_a_case_where_it_is_found_at_o_and_a_false_alarm_costs_as_cases_are_frequent():
    assert early(result(case(5)), 10, 50).erde_5 == pytest.approx(0.05)
    assert early(result(case(5), false=3), 10, 50).erde_5 == pytest.approx((0.5 + 3 * 0.1) / 10)


def test_f_latency_is_f1_at_the_first_and_half_of_it_where_half_of_the_people_have_come():
    assert early(result(case(1)), 10, 50).f_latency == pytest.approx(1.0)
    assert early(result(case(4)), 10, 50).f_latency == pytest.approx(0.5)
    assert early(result(case(4), case(None)), 10, 50).f1 == pytest.approx(2 / 3)


def test_alerts_a_case_and_false_ones_per_thousand():
    found = early(result(case(4), case(None), false=3, inside=2), 10, 1_500)
    assert (found.alerts_per_case, found.false_per_1000) == (2.0, 2.0)


def raided(people: int, every: float) -> Watched:
    at = np.array([BEGIN + n * every * MINUTE for n in range(people)])
    rows = Rows.of(at, np.arange(people), np.full(people, 0.9), 1, Part.ATTACKER)
    return Watched(stream=stream(1, [rows], [], BEGIN + 480 * HOUR), seen=np.full(people, 2), is_new=np.ones(people, bool))


@pytest.mark.parametrize("make", [lambda site: ZScore(site, 10.0), lambda site: Cusum(site, 10.0, 5.0)], ids=["z-score", "cusum"])
def test_a_baseline_opens_once_on_many_in_minutes_and_never_on_one_a_day(make, decides):
    detector = make(decides)
    assert len(detector(raided(12, 2))) == 1
    assert detector(raided(12, 24 * 60)) == []
    assert detector(raided(3, 1)) == []


def test_the_best_in_hindsight_keeps_its_budget(decides):
    found = list(hindsight(decides, windows()))
    assert found
    for line in found:
        assert line.score.false <= line.kept_at * decides.days


def test_an_oracle_finds_no_more_than_there_are_and_more_for_a_larger_budget(decides):
    floor, strict, lax = by_floor(decides), by_share(decides, 0), by_share(decides, 50)
    assert floor.recall[1] == strict.recall[1] == lax.recall[1] > 10
    assert strict.recall[0] <= lax.recall[0] <= floor.recall[1]
    assert floor.recall[0] > 0.9 * floor.recall[1]
    assert sum(there for _, there in floor.by_kind.values()) == floor.recall[1]


def test_ablations_change_what_they_say_and_nothing_else(decides):
    given = {name: seen for name, seen, _ in ablations(decides, budget(decides, 1.0))}
    assert given["as it is"] is decides
    for name, seen in given.items():
        assert [len(one.stream) for one in seen.watched] == [len(one.stream) for one in decides.watched], name
    flipped = [
        (one.stream.x >= 0.5) != (other.stream.x >= 0.5)
        for one, other in zip(decides.watched, given["labels noisy (1 of 10 hostile, 1 of 100 civil)"].watched, strict=True)
    ]
    assert 0.005 < np.concatenate(flipped).mean() < 0.03
    assert not any(one.is_new.any() for one in given["no list of known accounts"].watched)
    late = given["three in ten replies an hour late"].watched
    assert any((np.diff(one.stream.at) < 0).any() for one in late)


def test_what_is_taken_away_costs(decides):
    found = {name: scored(seen, detector) for name, seen, detector in ablations(decides, budget(decides, 1.0))}
    whole = found["as it is"].recall()[0]
    assert found["all attackers have old accounts"].recall()[0] < whole
    assert found["no distinct authors"].false >= found["as it is"].false


def test_an_account_is_new_on_its_first_day_alone():
    plan = Plan(targets=60, attacked=0.0)
    first: dict[int, int] = {}
    lived = site(plan, streams(plan)).watched
    for one in lived:
        for author, day in zip(one.stream.author.tolist(), (one.stream.at // (24 * HOUR)).tolist(), strict=True):
            first[author] = min(day, first.get(author, day))
    for one in lived:
        days = one.stream.at // (24 * HOUR)
        assert one.is_new.tolist() == [first[a] == d for a, d in zip(one.stream.author.tolist(), days.tolist(), strict=True)]
    assert not math.isnan(lived[0].is_new.mean())
