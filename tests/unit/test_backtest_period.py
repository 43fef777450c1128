"""The time that a backtest covers, its steps, and which messages would have reached people."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.records import PileOn, Severity
from streams.replay.backtest.courses import Course, Spread
from streams.replay.backtest.measures import ranked
from streams.replay.backtest.pages import Page, pages
from streams.replay.backtest.period import MAX_STEPS, Lateness, Period, event_time, period
from streams.replay.backtest.played import Told
from streams.settings import Settings, Source
from streams.stages.alert import AlertDecision, Decision, Reason
from tests.support.builders import DAY, HOUR, MINUTE, NOON, SECOND, comment, edited, pileon

LATENESS = Lateness([Settings(), Settings(sources={"news": Source(lateness=2 * DAY)})])
LENGTH = timedelta(minutes=30)


@pytest.mark.parametrize(
    ("length", "step"),
    [(SECOND, MINUTE), (16 * HOUR, MINUTE), (36 * HOUR, 5 * MINUTE), (30 * DAY, HOUR), (365 * DAY, 12 * HOUR), (9999 * DAY, 14 * DAY)],
)
def test_a_step_is_the_smallest_round_one_of_which_there_are_not_too_many(length: timedelta, step: timedelta):
    assert period([NOON, NOON + length]).step == step


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_every_time_lies_in_a_step_that_ends_after_it_and_steps_are_few(start: int, length: int):
    first = datetime.fromtimestamp(start, NOON.tzinfo)
    found = period([first, first + timedelta(seconds=length)])
    ends = list(found.ends())
    assert found.steps <= MAX_STEPS and len(ends) == found.steps + 1
    for at in (found.start, found.end):
        assert ends[found.number(at) - 1] <= at.timestamp() < ends[found.number(at)]


def test_what_lies_outside_belongs_to_the_first_or_the_last_step():
    found = period([NOON, NOON + HOUR])
    assert (found.number(NOON - DAY), found.number(NOON + DAY)) == (1, found.steps)


def test_a_period_of_hours_counts_as_a_day_for_rates():
    assert (period([NOON, NOON + HOUR]).days, period([NOON, NOON + 36 * HOUR]).days) == (1.0, 1.5)


def test_event_time_is_when_it_was_written_or_changed():
    assert event_time(comment(ingested_at=NOON + MINUTE), LATENESS) == NOON
    assert event_time(edited(comment(), "No.", NOON + HOUR), LATENESS) == NOON + HOUR


def test_what_is_late_estimated_or_from_a_wrong_clock_stretches_no_period():
    assert when(ingested_at=NOON + 2 * DAY) == NOON  # as late as one of the configurations allows
    assert when(ingested_at=NOON + 2 * DAY + SECOND) == NOON + 2 * DAY + SECOND
    assert when(source="forum", ingested_at=NOON + DAY + SECOND) == NOON + DAY + SECOND
    assert when(created_at_is_estimated=True, ingested_at=NOON + HOUR) == NOON + HOUR
    assert when(created_at=NOON + DAY, ingested_at=NOON) == NOON


def when(**fields: Any) -> datetime:
    return event_time(comment(**fields), LATENESS)


def test_counts_grow_from_nothing_and_words_that_nobody_named_are_other():
    course = Course(Period(NOON, NOON + 2 * MINUTE, MINUTE), source=["news", "other"])
    course.add(NOON, "news")
    course.add(NOON + 2 * MINUTE, "news", by=2)
    course.add(NOON + MINUTE, "a hostile name")
    assert list(course.counted()) == [(("news",), [0, 1, 1, 3]), (("other",), [0, 0, 1, 1])]


def test_a_histogram_grows_in_all_buckets_that_hold_the_value():
    spread = Spread(Period(NOON, NOON, MINUTE), (1.0, 5.0))
    spread.add(NOON, 3.0)
    assert spread.counted() == [[0, 0, 0, 0, 0.0], [0, 1, 1, 1, 3.0]]


def told(number: int, at: datetime, reason: Reason = Reason.NEW, **fields: Any) -> Told:
    one: PileOn = pileon(f"p{number}", opened_at=at, **fields)
    decision = Decision.ESCALATE if reason is Reason.WORSE else Decision.HOLD if reason is Reason.MUTED else Decision.FIRE
    return Told(one, AlertDecision(pileon_id=one.pileon_id, revision=1, decision=decision, reason=reason, severity=one.severity,
                                   source=one.source, community=one.community, at=at))  # fmt: skip


def test_warnings_of_a_source_within_five_minutes_are_one_message():
    together = [told(1, NOON), told(2, NOON + 5 * MINUTE, community="politics"), told(3, NOON + 6 * MINUTE)]
    assert pages(together, LENGTH) == [Page(NOON, "news", Severity.WARNING), Page(NOON + 6 * MINUTE, "news", Severity.WARNING)]


def test_a_critical_case_is_a_message_of_its_own():
    critical = {"severity": Severity.CRITICAL}
    found = pages([told(1, NOON, **critical), told(2, NOON + MINUTE, **critical), told(3, NOON, community="politics", **critical)], LENGTH)
    assert [page.at for page in found] == [NOON, NOON, NOON + MINUTE]


def test_criticals_after_five_that_opened_within_half_an_hour_are_one_message_per_community_within_a_minute():
    at = [NOON + n * SECOND for n in range(9)]
    many = [told(n, each, community="politics" if n == 8 else "sport", severity=Severity.CRITICAL) for n, each in enumerate(at)]
    assert [page.at for page in pages(many, LENGTH)] == [*at[:6], at[8]]
    calm = told(9, NOON + HOUR, severity=Severity.CRITICAL)
    grown = told(7, NOON + 2 * HOUR, Reason.WORSE, severity=Severity.CRITICAL)
    assert [page.at for page in pages([*many, calm, grown], LENGTH)] == [*at[:6], at[8], calm.at, grown.at]


def test_a_storm_is_one_message_for_as_long_as_it_lasts():
    storm = [told(n, NOON + n * 20 * MINUTE, Reason.STORM) for n in range(4)]
    assert pages(storm, LENGTH) == [Page(NOON, "news", Severity.CRITICAL)]
    assert len(pages([*storm, told(9, NOON + 3 * HOUR, Reason.STORM)], LENGTH)) == 2


def test_what_is_held_reaches_nobody_and_an_escalation_does():
    assert pages([told(1, NOON, Reason.MUTED)], LENGTH) == []
    assert pages([told(1, NOON, Reason.WORSE, severity=Severity.CRITICAL)], LENGTH) == [Page(NOON, "news", Severity.CRITICAL)]


@pytest.mark.parametrize(("values", "half", "most"), [([], None, None), ([7.0], 7.0, 7.0), ([4.0, 1.0, 3.0, 2.0], 2.0, 4.0)])
def test_a_rank_is_one_of_the_values(values: list[float], half: float | None, most: float | None):
    assert (ranked(values, 0.5), ranked(values, 0.9)) == (half, most)
