"""The order of a replay: arrival, ties by written rules, never reordering within a conversation."""

import random

from hypothesis import given
from hypothesis import strategies as st

from streams.records import Comment
from streams.replay.order import arrivals, in_order
from tests.support.builders import MINUTE, NOON, SECOND, comment

TALKS = ("a", "b", "c")


def ids(comments: list[Comment]) -> list[str]:
    return [one.comment_id for one in comments]


def test_arrival_counts_and_not_when_it_was_written() -> None:
    late = comment("late", conversation_id="a", created_at=NOON, ingested_at=NOON + 9 * MINUTE)
    soon = comment("soon", conversation_id="b", created_at=NOON + MINUTE, ingested_at=NOON + 2 * MINUTE)
    assert ids(in_order([late, soon])) == ["soon", "late"]


def test_a_comment_without_arrival_arrived_as_of_then() -> None:
    untold = comment("untold", conversation_id="a", created_at=NOON + MINUTE, ingested_at=None)
    told = comment("told", conversation_id="b", created_at=NOON, ingested_at=NOON + 2 * MINUTE)
    assert ids(in_order([told, untold])) == ["untold", "told"]


def test_a_conversation_keeps_its_order_whatever_its_clock_says() -> None:
    first = comment("first", conversation_id="a", ingested_at=NOON + 5 * MINUTE)
    liar = comment("liar", conversation_id="a", ingested_at=NOON)
    other = comment("other", conversation_id="b", ingested_at=NOON + 3 * MINUTE)
    assert ids(in_order([first, liar, other])) == ["other", "first", "liar"]


def test_the_clock_of_arrivals_never_goes_back() -> None:
    first = comment("first", ingested_at=NOON + 5 * MINUTE)
    liar = comment("liar", ingested_at=NOON)
    assert [one.at for one in arrivals(in_order([first, liar]))] == [NOON + 5 * MINUTE] * 2


@st.composite
def conversations(draw: st.DrawFn) -> list[Comment]:
    moments = draw(st.lists(st.tuples(st.sampled_from(TALKS), st.integers(0, 5), st.integers(0, 5)), max_size=20))
    return [
        comment(f"c{n}", conversation_id=talk, created_at=NOON + written * SECOND, ingested_at=NOON + arrived * SECOND)
        for n, (talk, written, arrived) in enumerate(moments)
    ]


@given(conversations(), st.integers())
def test_however_conversations_are_interleaved_they_are_replayed_alike(recording: list[Comment], seed: int) -> None:
    talks = {talk: [one for one in recording if one.conversation_id == talk] for talk in TALKS}
    order = [one.conversation_id for one in recording]
    random.Random(seed).shuffle(order)
    interleaved = [talks[talk].pop(0) for talk in order]
    assert in_order(interleaved) == in_order(recording)


@given(conversations())
def test_no_conversation_is_ever_reordered(recording: list[Comment]) -> None:
    replayed = in_order(recording)
    for talk in TALKS:
        assert [one for one in replayed if one.conversation_id == talk] == [one for one in recording if one.conversation_id == talk]
