"""Which arrivals of a file are believed: a few that the others contradict are not, and nobody honest is touched."""

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.records import Comment
from streams.replay.believed import Witnessed, believed
from streams.replay.order import Places, arrival, in_order
from tests.support.builders import DAY, HOUR, MINUTE, NOON, comment

FAR = 2000 * DAY


def said(name: str, after: timedelta, talk: str = "a", written: timedelta | None = None) -> Comment:
    created = NOON + (after if written is None else written)
    return comment(name, conversation_id=talk, created_at=created, ingested_at=NOON + after)


def honest(count: int, talk: str = "a", every: timedelta = MINUTE) -> list[Comment]:
    return [said(f"{talk}{n}", n * every, talk) for n in range(count)]


def minutes_of(comments: list[Comment]) -> dict[str, float]:
    found, _ = believed(comments)
    return {one.comment_id: (arrival(one) - NOON) / MINUTE for one in found}


@pytest.mark.parametrize("place", range(6))
def test_a_lie_of_years_is_not_believed_wherever_it_stands(place: int) -> None:
    comments = honest(5)
    comments.insert(place, said("liar", FAR))
    found, count = believed(comments)
    assert count == 1
    assert [one for one in found if one.comment_id != "liar"] == honest(5)
    assert arrival(found[place]) == NOON + min(place, 4) * MINUTE


def test_whose_writing_time_is_honest_arrived_then() -> None:
    assert minutes_of([*honest(5), said("liar", FAR, "b", written=2 * MINUTE)])["liar"] == 2


def test_a_lie_of_days_before_others_of_its_conversation_is_not_believed() -> None:
    comments = honest(5)
    comments.insert(2, said("liar", 3 * DAY))
    assert minutes_of(comments)["liar"] == 2


def test_a_lie_of_days_after_which_nothing_comes_cannot_be_told_from_a_quiet_time() -> None:
    assert believed([*honest(5), said("last", 3 * DAY)])[1] == 0


def test_a_lie_into_the_past_is_not_held_against_those_before_it() -> None:
    comments = [*honest(5), said("past", -FAR), said("next", 9 * MINUTE)]
    assert believed(comments) == (comments, 0)


@pytest.mark.parametrize("comments", [
    list(reversed(honest(6, every=2 * DAY))),  # newest first
    [*honest(40, every=HOUR), *(said(f"old{n}", n * HOUR - FAR) for n in range(400))],  # two files, the newer one first
    [said("a", 5 * DAY), said("b", 0 * DAY)],
    [said("a", FAR), said("b", 0 * DAY, "b"), said("c", 0 * DAY, "c")],
])  # fmt: skip
def test_where_many_contradict_each_other_or_few_are_there_nobody_lies(comments: list[Comment]) -> None:
    assert believed(comments) == (comments, 0)


def test_a_file_may_be_quiet_for_months_between_two_times_in_which_people_talk() -> None:
    comments = [*honest(20), *(said(f"again{n}", 90 * DAY + n * MINUTE) for n in range(2))]
    assert believed(comments) == (comments, 0)


def test_copies_of_one_lie_are_one_lie() -> None:
    comments = [*honest(5), *[said("liar", FAR)] * 5]
    assert believed(comments)[1] == 5


def test_one_in_a_hundred_may_lie() -> None:
    liars = [said(f"liar{n}", FAR + n * DAY) for n in range(3)]
    assert believed([*honest(297), *liars])[1] == 3
    assert believed([*honest(290), *liars])[1] == 0


@st.composite
def disorder(draw: st.DrawFn) -> list[Comment]:
    moments = draw(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 12 * 60)), min_size=4, max_size=30))
    return [said(f"c{n}", at * MINUTE, talk) for n, (talk, at) in enumerate(moments)]


@given(disorder())
def test_nobody_within_a_day_of_the_others_is_touched(comments: list[Comment]) -> None:
    assert believed(comments) == (comments, 0)


@given(disorder(), st.data())
def test_one_far_lie_changes_nothing_about_the_others_nor_about_time(comments: list[Comment], data: st.DataObject) -> None:
    lie = said("liar", data.draw(st.integers(60, 100_000)) * DAY, data.draw(st.sampled_from("abcd")))
    place = data.draw(st.integers(0, len(comments)))
    found, count = believed([*comments[:place], lie, *comments[place:]])
    assert count == 1
    assert [one for one in found if one.comment_id != "liar"] == comments
    assert max(map(arrival, found)) == max(map(arrival, comments))


@given(disorder(), st.integers(0, 10_000), st.integers())
def test_what_is_believed_does_not_depend_on_how_conversations_are_interleaved(comments: list[Comment], days: int, seed: int) -> None:
    comments.insert(len(comments) // 2, said("liar", days * DAY))
    talks = {talk: [one for one in comments if one.conversation_id == talk] for talk in "abc"}
    order = [one.conversation_id for one in comments]
    random.Random(seed).shuffle(order)
    shuffled = [talks[talk].pop(0) for talk in order]
    assert in_order(believed(shuffled)[0]) == in_order(believed(comments)[0])


@pytest.mark.parametrize("order", [1, -1])
def test_time_is_what_two_different_comments_tell(order: int) -> None:
    def told(comments: list[Comment]) -> object:
        witnessed, places = Witnessed(), Places()
        for key, one in [(places.key(one), one) for one in comments][::order]:
            witnessed.add(key, one)
        return witnessed.at

    assert told([*honest(3), said("last", FAR), said("last", FAR)]) == NOON + 2 * MINUTE
    assert told(honest(1)) is told([]) is None
