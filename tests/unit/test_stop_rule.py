"""When a worker stops because its input is mostly unreadable, and when it does not."""

import pytest

from streams.live.guard import TooMuchUnreadable
from streams.live.stop_rule import MAX_IN_A_ROW, MAX_SECONDS, WINDOW, StopRule


def fed(rule: StopRule, marks: str, start: int = 0, seconds_each: float = 0.0) -> None:
    for number, mark in enumerate(marks, start):
        rule.took(mark == "g", number, number * seconds_each)


def test_a_tenth_of_the_last_ten_thousand_is_borne_and_one_more_is_not():
    rule = StopRule("score")
    fed(rule, ("b" + "g" * 9) * (WINDOW // 10))
    fed(rule, "b", start=WINDOW)
    with pytest.raises(TooMuchUnreadable, match="1001 of the last 10000 messages cannot be read, the last at offset 10001"):
        rule.took(False, WINDOW + 1, 0.0)


def test_before_the_window_is_full_a_bad_start_stops_nothing_while_good_ones_come():
    fed(StopRule("score"), "bbg" * 1000, seconds_each=1.0)


def test_a_hundred_bad_ones_in_a_row_stop_it_only_after_a_minute_without_a_good_one():
    quick = StopRule("score")
    fed(quick, "g" + "b" * 500, seconds_each=MAX_SECONDS / 1000)
    with pytest.raises(TooMuchUnreadable, match=r"score: .* in a row cannot be read and none could for 60 s"):
        quick.took(False, 501, MAX_SECONDS + 1)


def test_fewer_than_a_hundred_may_be_bad_for_as_long_as_they_like():
    fed(StopRule("score"), "g" + "b" * (MAX_IN_A_ROW - 1), seconds_each=3600)


def test_a_good_one_in_between_starts_the_count_again():
    fed(StopRule("score"), ("b" * (MAX_IN_A_ROW - 1) + "g") * 3, seconds_each=10)


def test_input_that_was_never_good_is_given_its_minute_from_the_first_on():
    rule = StopRule("score")
    fed(rule, "b" * 200, seconds_each=0.1)
    with pytest.raises(TooMuchUnreadable, match="go on with --accept-bad-until 200"):
        rule.took(False, 200, 61.0)


def test_what_is_accepted_up_to_an_offset_counts_for_nothing_and_what_comes_after_does():
    rule = StopRule("score", accept_until=499)
    fed(rule, "b" * 500, seconds_each=10)
    fed(rule, "b" * (MAX_IN_A_ROW - 1), start=500, seconds_each=10)
    with pytest.raises(TooMuchUnreadable):
        rule.took(False, 700, 7000)
