"""How late it is in a log's own time."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from streams.live.ticks import tick_at

NOW = 1_800_000_000_000
YEARS_AGO = 1_500_000_000_000
milliseconds = st.integers(0, 4_000_000_000_000)


def ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def test_live_it_is_as_late_as_now_less_the_way_through_the_pipeline():
    assert ms(tick_at(NOW - 3000, NOW - 2000, NOW)) == NOW - 1000


def test_history_played_as_of_then_goes_on_from_that_day_at_our_pace():
    assert ms(tick_at(YEARS_AGO, NOW - 60_000, NOW)) == YEARS_AGO + 60_000


def test_while_an_earlier_stage_has_work_left_time_stands_at_what_it_has_not_done():
    assert ms(tick_at(NOW - 60_000, NOW - 50_000, NOW - 40_000)) == NOW - 50_000
    assert ms(tick_at(NOW - 60_000, NOW - 50_000, NOW - 55_000)) == NOW - 60_000


@given(milliseconds, milliseconds, milliseconds)
def test_a_tick_is_never_later_than_what_every_earlier_stage_has_done(clock: int, seen: int, low: int) -> None:
    at = tick_at(clock, seen, low)
    assert at.tzinfo is UTC
    assert ms(at) <= low


@given(milliseconds, milliseconds, milliseconds, milliseconds)
def test_time_never_goes_back_while_earlier_stages_get_on(clock: int, seen: int, low: int, more: int) -> None:
    assert tick_at(clock, seen, low) <= tick_at(clock, seen, low + more)
