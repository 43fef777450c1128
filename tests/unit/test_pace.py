"""When a delivery is tried again: each case at its own pace, and together where their receiver is away."""

from hypothesis import given
from hypothesis import strategies as st

from streams.live.pace import IN_FLIGHT, MAX_ASKED, MAX_PAUSE, NEW_EVERY, Pace, drawn

NEVER = float("-inf")


def doubling(failures: int) -> float:
    return 2.0**failures


def test_a_case_that_fails_waits_longer_each_time_and_no_other_waits_with_it() -> None:
    pace = Pace(doubling)
    for at in (0.0, 10.0, 20.0):
        pace.failed("bad", at)
    assert pace.due("bad") == 28.0
    assert pace.due("new") == NEVER
    pace.failed("worse", 21.0)
    assert pace.due("worse") == 23.0
    assert pace.in_flight == IN_FLIGHT


def test_where_three_cases_fail_and_none_is_taken_what_failed_waits_together_and_new_ones_come_one_by_one() -> None:
    pace = Pace(doubling)
    for case in "abc":
        pace.failed(case, 100.0)
    assert [pace.due(case) for case in "abc"] == [102.0] * 3
    pace.failed("a", 102.0)
    assert {pace.due(case) for case in "abc"} == {106.0}
    assert pace.due("new") == 102.0 + NEW_EVERY
    assert pace.in_flight < IN_FLIGHT


def test_what_is_taken_ends_the_waiting_of_all_but_those_that_failed_themselves() -> None:
    pace = Pace(doubling)
    for case in "abc":
        pace.failed(case, 100.0)
    pace.took("a")
    assert (pace.due("a"), pace.due("new"), pace.due("b")) == (NEVER, NEVER, 102.0)
    assert not pace.is_well
    pace.keep({"a"})
    assert pace.is_well, "what waits here no longer is forgotten"


def test_who_asks_to_wait_is_waited_for_with_one_case_or_with_all() -> None:
    pace = Pace(doubling)
    pace.failed("a", 0.0, 50.0)
    assert (pace.due("a"), pace.due("b")) == (50.0, NEVER)
    pace.failed("b", 0.0, 90.0, of_all=True)
    assert (pace.due("a"), pace.due("c")) == (90.0, 90.0)


def test_who_asks_to_be_left_alone_for_a_day_is_tried_again_after_ten_minutes() -> None:
    pace = Pace(doubling)
    pace.failed("a", 0.0, 86_000.0, of_all=True)
    assert (pace.due("a"), pace.due("critical")) == (MAX_ASKED, MAX_ASKED) == (600.0, 600.0)
    pace.failed("b", 0.0, 86_000.0)
    assert pace.due("b") == 86_000.0, "what is said of one case is believed: it holds back no other"


def test_what_is_taken_ends_what_was_asked_of_all_and_not_what_was_asked_of_a_case() -> None:
    pace = Pace(doubling)
    pace.failed("a", 0.0, 300.0, of_all=True)
    pace.took("b")  # it was under way, as one of several tries is
    assert (pace.due("a"), pace.due("c")) == (300.0, NEVER)


@given(st.integers(1, 10_000))
def test_no_pause_is_longer_than_a_minute_or_shorter_than_nothing(failures: int) -> None:
    assert 0.0 <= drawn(failures) <= MAX_PAUSE
