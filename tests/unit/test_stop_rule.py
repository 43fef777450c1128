"""When a worker stops because its input is mostly unreadable, and when it does not."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.live.guard import TooMuchUnreadable
from streams.live.room import Applied
from streams.live.stop_rule import MAX_IN_A_ROW, MAX_SECONDS, WINDOW, Counted, StopRule


def fed(rule: StopRule, marks: str, start: int = 0, seconds_each: float = 0.0) -> StopRule:
    for number, mark in enumerate(marks, start):
        rule.count(mark == "g", number, round(number * seconds_each * 1000))
    return rule


def fresh(accept_until: int = -1) -> StopRule:
    return StopRule("score", Counted(), accept_until)


def again(rule: StopRule) -> StopRule:
    """Return the rule of a worker that was started again."""
    applied = msgspec.json.encode(Applied(1, unreadable=rule.counted()))
    return StopRule("score", msgspec.json.decode(applied, type=Applied).unreadable)


def stops(rule: StopRule) -> str:
    with pytest.raises(TooMuchUnreadable) as told:
        rule.check(7)
    return str(told.value)


def test_a_tenth_of_the_last_ten_thousand_is_borne_and_one_more_is_not():
    rule = fed(fresh(), ("b" + "g" * 9) * (WINDOW // 10))
    fed(rule, "b", start=WINDOW).check(WINDOW)
    rule.count(False, WINDOW + 1, 0)
    assert stops(rule).startswith("score: 1001 of the last 10000 messages cannot be read; done up to offset 7.")
    assert stops(rule).endswith("go on with --accept-bad-until 7")


def test_before_the_window_is_full_a_bad_start_stops_nothing_while_good_ones_come():
    fed(fresh(), "bbg" * 1000, seconds_each=1.0).check(2999)


def test_a_hundred_bad_ones_in_a_row_stop_it_only_after_a_minute_without_a_good_one():
    rule = fed(fresh(), "g" + "b" * 500, seconds_each=MAX_SECONDS / 1000)
    rule.check(500)
    rule.count(False, 501, round(MAX_SECONDS + 1) * 1000)
    assert "501 messages in a row cannot be read and none could for 60 s" in stops(rule)


def test_fewer_than_a_hundred_may_be_bad_for_as_long_as_they_like():
    fed(fresh(), "g" + "b" * (MAX_IN_A_ROW - 1), seconds_each=3600).check(99)


def test_a_good_one_in_between_starts_the_count_again():
    fed(fresh(), ("b" * (MAX_IN_A_ROW - 1) + "g") * 3, seconds_each=10).check(299)


def test_input_that_was_never_good_is_given_its_minute_from_the_first_on():
    rule = fed(fresh(), "b" * 200, seconds_each=0.1)
    rule.check(199)
    rule.count(False, 200, 61_000)
    stops(rule)


def test_what_is_accepted_up_to_an_offset_counts_for_nothing_and_what_comes_after_does():
    rule = fed(fresh(accept_until=499), "b" * 500, seconds_each=10)
    fed(rule, "b" * (MAX_IN_A_ROW - 1), start=500, seconds_each=10).check(598)
    rule.count(False, 700, 7_000_000)
    stops(rule)


def test_once_it_has_spoken_good_ones_do_not_take_it_back_nor_does_another_worker():
    rule = fed(fresh(), "b" * 101, seconds_each=1)
    fed(rule, "g" * 50, start=101)
    assert stops(again(rule)) == stops(rule)


@given(st.text("gb", max_size=40), st.text("gb", max_size=40))
def test_a_worker_that_is_started_again_counts_on_as_if_it_had_not_been(before: str, after: str):
    one = fed(fresh(), "gggb" * 2600 + before + after, seconds_each=0.01)
    two = fed(again(fed(fresh(), "gggb" * 2600 + before, seconds_each=0.01)), after, 10_400 + len(before), 0.01)
    assert one.counted() == two.counted()
    assert len(one.counted().bad) <= WINDOW // 4


def test_what_a_worker_of_before_left_is_read_as_nothing_counted():
    assert msgspec.json.decode(b'{"offset":3}', type=Applied).unreadable == Counted()
