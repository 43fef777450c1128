"""The invented sample is always the same, in order, and holds together."""

from datetime import timedelta

import msgspec
import pytest

from streams.records import Comment
from streams.sources.sample import COMMUNITIES, FEWEST, HOURS, sample
from tests.support.builders import HOUR, NOON


@pytest.fixture(scope="module")
def comments() -> list[Comment]:
    return list(sample(NOON))


def test_it_is_as_long_as_asked_and_never_too_short_for_its_stories(comments: list[Comment]) -> None:
    assert len(comments) == 4000
    assert len(list(sample(NOON, 1000))) == 1000
    assert len(list(sample(NOON, 1))) == FEWEST


def test_it_is_the_same_every_time_but_for_the_day(comments: list[Comment]) -> None:
    assert msgspec.json.encode(list(sample(NOON))) == msgspec.json.encode(comments)
    later = list(sample(NOON + 7 * HOUR))
    assert [one.text for one in later] == [one.text for one in comments]
    assert {b.created_at - a.created_at for a, b in zip(comments, later, strict=True)} == {7 * HOUR}


def test_it_comes_in_order_of_arrival_within_its_hours(comments: list[Comment]) -> None:
    arrivals = [one.ingested_at for one in comments if one.ingested_at is not None]
    assert len(arrivals) == len(comments)
    assert arrivals == sorted(arrivals)
    assert all(timedelta(0) < one.ingested_at - one.created_at < timedelta(minutes=1) for one in comments if one.ingested_at)
    assert min(one.created_at for one in comments) >= NOON
    assert arrivals[-1] <= NOON + HOURS * HOUR


def test_parents_are_in_the_same_conversation_and_came_before(comments: list[Comment]) -> None:
    seen: dict[str, Comment] = {}
    for one in comments:
        if one.parent_id is not None:
            parent = seen[one.parent_id]
            assert parent.conversation_id == one.conversation_id
            assert parent.created_at < one.created_at
        seen[one.comment_id] = one
    assert len(seen) == len(comments)


def test_it_has_variety(comments: list[Comment]) -> None:
    assert {one.community for one in comments} == set(COMMUNITIES)
    assert len({one.text for one in comments}) > 3500
    assert len({one.author_id for one in comments}) > 400
    assert sum(1 for one in comments if one.text and one.text.startswith("@")) > 100
