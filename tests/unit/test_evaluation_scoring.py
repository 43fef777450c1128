"""What is counted as caught, what as false; and that the windows are the program's own."""

from datetime import timedelta

import numpy as np
import pytest

from streams.evaluation.compare import halves, taught
from streams.evaluation.contestants import VARIANTS, WindowRule, esr
from streams.evaluation.scenario import Plan, streams
from streams.evaluation.scoring import score, upper_bound
from streams.evaluation.site import LEARNED, Watched
from streams.evaluation.stream import HOUR, MINUTE, Event, Part, Rows, Stream, stream
from streams.records import Status
from streams.stages.esr.detector import Kind
from streams.stages.instants import micros
from streams.stages.pileon import Config, PileOns
from streams.stages.step import Arrived

BEGIN = LEARNED + HOUR


def raided(*, is_attack: bool = True) -> Watched:
    """Six people, ten minutes apart."""
    at = np.array([BEGIN + n * 10.0 * MINUTE for n in range(6)])
    part = Part.ATTACKER if is_attack else Part.CROWD
    rows = Rows.of(at, np.arange(6), np.full(6, 0.9), 1, part)
    event = Event(kind="plain", is_attack=is_attack, begin=BEGIN, end=int(at[-1]), hostile_authors=8 if is_attack else 0)
    return Watched(stream=stream(1, [rows], [event], BEGIN + 24 * HOUR), seen=np.full(6, 2), is_new=np.ones(6, bool))


def test_an_opening_in_a_pile_on_is_caught_with_its_people_and_minutes():
    found = score([(raided(), [(BEGIN + 30 * MINUTE, Kind.PILEON)])])
    assert (found.recall(), found.median_authors, found.median_minutes, found.false) == ((1, 1), 4, 30, 0)


def test_a_surge_catches_nothing():
    found = score([(raided(), [(BEGIN + 30 * MINUTE, Kind.SURGE)])])
    assert (found.recall(), found.surges) == ((0, 1), 0)


@pytest.mark.parametrize("at", [BEGIN - MINUTE, BEGIN + 50 * MINUTE + HOUR + 1])
def test_an_opening_before_or_long_after_is_false(at: int):
    found = score([(raided(), [(at, Kind.PILEON)])])
    assert (found.recall(), found.false) == ((0, 1), 1)


def test_an_opening_in_a_civil_twin_is_false_and_says_in_which():
    found = score([(raided(is_attack=False), [(BEGIN + 30 * MINUTE, Kind.PILEON)])])
    assert (found.recall(), found.false, found.false_in_twins) == ((0, 0), 1, {"plain": 1})


def test_what_is_opened_while_baselines_learn_is_not_counted():
    assert score([(raided(), [(LEARNED - 1, Kind.PILEON)])]).false == 0


def test_the_upper_bound_is_poisson_s():
    """From tables: 95 % one-sided for 0, 5, 22 seen."""
    assert [upper_bound(n) for n in (0, 5, 22)] == pytest.approx([3.0, 10.51, 31.4], rel=0.02)


@pytest.mark.parametrize(("people", "share"), [(4, 0.0), (5, 0.4), (3, 0.25)])
def test_the_window_of_the_tables_is_the_program_s_own_rule(people: int, share: float):
    """First openings: after one ended, the program's case goes on a little longer where people come back."""
    stage = PileOns(Config(min_hostile_authors=people, min_share=share, case_length=timedelta(days=29)), {}, {}, b"test")
    compared = 0
    for each in streams(Plan(targets=60, attacked=0.9)):
        opened = WindowRule(people, share)(Watched(stream=each, seen=np.full(len(each), 2), is_new=np.ones(len(each), bool)))
        assert first(stage, each) == (opened[0][0] if opened else None)
        compared += bool(opened)
    assert compared > 5


def first(stage: PileOns, each: Stream) -> int | None:
    store = stage.new_store()
    for reply in each.replies():
        for step in stage.steps(store, [Arrived(reply, reply.ingested_at)]):
            for key, entry in step.entries:
                store.apply(key, entry)
            for pileon in step.outputs:
                if pileon.status is Status.OPENED:
                    return micros(pileon.opened_at)
    return None


def test_what_one_half_teaches_never_asks_more_than_the_proven_bound_and_catches_no_fewer():
    teaches, decides = halves(Plan(targets=240, attacked=0.9))
    proven, eased = taught(teaches)[1.0]
    assert eased.slack >= proven.slack == 1.0
    caught = [score((one, contest(one)) for one in decides.watched).recall()[0] for contest in (
        esr(decides, VARIANTS[0], proven), esr(decides, VARIANTS[0], eased))]  # fmt: skip
    assert 0 < caught[0] <= caught[1]
