"""Which pile-ons of two configurations are the same, and what became of them."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.records import PileOn, Severity, Status
from streams.replay.backtest.cases import Case, Kind, cases, matched
from tests.support.builders import HOUR, MINUTE, NOON, pileon


def case(name: str = "a", first: datetime = NOON, last: datetime | None = NOON + HOUR, **fields: Any) -> Case:
    given: dict[str, Any] = {"source": "news", "community": "sport", "target_id": "ann", "opened_at": first, "updated_at": first,
             "severity": Severity.WARNING, "hostile_authors": 4}  # fmt: skip
    return Case(pileon_id=name, first_hostile_at=first, closed_at=last, **(given | fields))


def kinds(baseline: list[Case], candidate: list[Case]) -> list[tuple[Kind, str | None, str | None]]:
    def name(one: Case | None) -> str | None:
        return one.pileon_id if one else None

    return [(change.change, name(change.baseline), name(change.candidate)) for change in matched(baseline, candidate)]


@pytest.mark.parametrize(
    ("opened", "kind"), [(NOON, Kind.UNCHANGED), (NOON - MINUTE, Kind.EARLIER), (NOON + MINUTE, Kind.LATER)]
)  # fmt: skip
def test_a_pile_on_of_both_is_unchanged_earlier_or_later_by_when_it_opened(opened: datetime, kind: Kind):
    assert kinds([case("a")], [case("b", opened_at=opened)]) == [(kind, "a", "b")]


def test_what_only_one_side_has_is_lost_or_gained():
    assert kinds([case("a")], []) == [(Kind.LOST, "a", None)]
    assert kinds([], [case("b")]) == [(Kind.GAINED, None, "b")]


@pytest.mark.parametrize("other", [{"target_id": "bob"}, {"community": "politics"}, {"source": "forum"}])
def test_another_person_or_place_is_another_case(other: dict[str, Any]):
    assert {kind for kind, _, _ in kinds([case("a")], [case("b", **other)])} == {Kind.LOST, Kind.GAINED}


def test_one_that_began_after_the_other_had_ended_is_another_case():
    later = case("b", NOON + HOUR + MINUTE, NOON + 2 * HOUR)
    assert kinds([case("a")], [later]) == [(Kind.LOST, "a", None), (Kind.GAINED, None, "b")]
    assert kinds([case("a")], [case("b", NOON + HOUR, NOON + 2 * HOUR)]) == [(Kind.LATER, "a", "b")]


def test_one_that_never_ended_overlaps_whatever_comes_later():
    assert kinds([case("a", last=None)], [case("b", NOON + 9 * HOUR, None)]) == [(Kind.LATER, "a", "b")]


def test_where_the_candidate_makes_two_of_one_the_second_is_gained():
    halves = [case("b1", NOON, NOON + 20 * MINUTE), case("b2", NOON + 30 * MINUTE, NOON + HOUR)]
    assert kinds([case("a")], halves) == [(Kind.UNCHANGED, "a", "b1"), (Kind.GAINED, None, "b2")]


def test_where_the_candidate_makes_one_of_two_the_second_is_lost():
    halves = [case("a1", NOON, NOON + 20 * MINUTE), case("a2", NOON + 30 * MINUTE, NOON + HOUR)]
    assert kinds(halves, [case("b")]) == [(Kind.UNCHANGED, "a1", "b"), (Kind.LOST, "a2", None)]


SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.sampled_from("xyz")), max_size=8)


def spread(spans: list[tuple[int, int, str]], side: str) -> list[Case]:
    return [
        case(f"{side}{number}", NOON + start * MINUTE, NOON + (start + length) * MINUTE, target_id=who)
        for number, (start, length, who) in enumerate(spans)
    ]


@given(SPANS, SPANS)
def test_every_pile_on_is_in_exactly_one_change_and_only_overlapping_ones_are_matched(one: list[Any], other: list[Any]):
    baseline, candidate = spread(one, "a"), spread(other, "b")
    changes = matched(baseline, candidate)
    assert sorted(change.baseline.pileon_id for change in changes if change.baseline) == sorted(each.pileon_id for each in baseline)
    assert sorted(change.candidate.pileon_id for change in changes if change.candidate) == sorted(each.pileon_id for each in candidate)
    for change in changes:
        if change.baseline and change.candidate:
            assert change.baseline.overlaps(change.candidate) and change.baseline.target == change.candidate.target


@given(SPANS)
def test_a_configuration_compared_with_itself_changes_nothing(spans: list[Any]):
    apart = [(70 * number, length, who) for number, (_, length, who) in enumerate(spans)]
    assert {change.change for change in matched(spread(apart, "a"), spread(apart, "b"))} <= {Kind.UNCHANGED}


def test_a_case_is_what_its_last_transition_says_with_the_opening_of_its_first():
    told: list[PileOn] = [
        pileon("p"),
        pileon("q", opened_at=NOON + MINUTE, target_id="bob"),
        pileon("p", 2, Status.ONGOING, updated_at=NOON + 5 * MINUTE, hostile_authors=9, severity=Severity.CRITICAL),
        pileon("p", 3, Status.CLOSED, updated_at=NOON + HOUR, closed_at=NOON + HOUR, hostile_authors=9, severity=Severity.CRITICAL),
    ]
    first, second = cases(told)
    assert (first.pileon_id, first.opened_at, first.closed_at) == ("p", NOON, NOON + HOUR)
    assert (first.severity, first.hostile_authors, second.closed_at) == (Severity.CRITICAL, 9, None)
