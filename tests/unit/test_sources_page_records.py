"""A page's comments as records: stable ids, estimated times in page order, only what is new."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streams.errors import UserError
from streams.sources.page import Page, PageComment, read_page
from streams.sources.page_records import Origin, bounds, conversation_of, records_of
from tests.support.builders import HOUR, MINUTE, NOON
from tests.support.pages import flattened, invented


def page_of(*pairs):
    return Page("A heading", tuple(PageComment(*pair) for pair in pairs))


def origin(**fields):
    given_fields: dict[str, Any] = {
        "source": "page",
        "community": "gazette",
        "conversation_id": "talk",
        "published_at": NOON,
        "scraped_at": NOON + HOUR,
    }
    return Origin(**(given_fields | fields))


def ids(found):
    return [record.comment_id for record in found.records]


def test_an_author_is_the_name_and_is_absent_where_there_is_none():
    records = records_of(page_of(("Ann", "Hello."), (None, "Who is this?")), origin()).records
    assert [(r.author_id, r.author_name, r.text) for r in records] == [("Ann", "Ann", "Hello."), (None, None, "Who is this?")]


def test_times_are_estimated_and_spread_over_the_bounds_in_page_order():
    records = records_of(page_of(("Ann", "1"), ("Ann", "2"), ("Ann", "3"), ("Ann", "4")), origin()).records
    assert [r.created_at - NOON for r in records] == [0 * MINUTE, 20 * MINUTE, 40 * MINUTE, 60 * MINUTE]
    assert all(r.created_at_is_estimated and r.ingested_at is None for r in records)


def test_arrived_as_of_then_means_ingested_when_created():
    (record,) = records_of(page_of(("Ann", "1")), origin(arrived_as_of_then=True)).records
    assert record.ingested_at == record.created_at == NOON


def test_equal_comments_have_ids_of_their_own():
    assert len(set(ids(records_of(page_of(("Ann", "lol"), ("Ann", "lol"), (None, "lol"), ("Bob", "lol")), origin())))) == 4


def test_an_id_depends_on_the_conversation_and_on_where_name_and_text_part():
    page, other = page_of(("Ann", "lol")), page_of(("Annl", "ol"))
    assert (
        len({*ids(records_of(page, origin())), *ids(records_of(page, origin(conversation_id="b"))), *ids(records_of(other, origin()))}) == 3
    )


def test_what_was_seen_is_not_sent_again_and_is_counted():
    first = records_of(page_of(("Ann", "1"), (None, "")), origin())
    again = records_of(page_of((None, "new"), ("Ann", "1"), ("Bob", "new too"), (None, "")), origin(), seen=set(ids(first)))
    assert [r.text for r in again.records] == ["new", "new too"]
    assert again.words() == "4 comments found (2 named, 2 unnamed, 1 empty); 2 new, 2 known"


@given(st.integers(0, 10_000), st.lists(st.integers(0, 40), min_size=1, max_size=8))
@example(4083, [0, 8])  # a lower-case paragraph that comes back, in a comment of three without a name
@settings(deadline=None, max_examples=60)
def test_a_page_scraped_again_sends_exactly_what_was_inserted(seed, places):
    """Through the flattened text: comments inserted anywhere, also of authors who are there already."""
    before = invented(seed, 40)
    after, new = list(before), [PageComment("Marta Quill", f"I came later, number {at}, and I disagree.") for at in range(len(places))]
    for place, comment in zip(places, new, strict=True):
        after.insert(place, comment)
    old_page, new_page = read_page(flattened(before)), read_page(flattened(after))
    assert conversation_of(old_page) == conversation_of(new_page)
    seen = set(ids(records_of(old_page, origin())))
    found = records_of(new_page, origin(), seen)
    assert [r.text for r in found.records] == [c.text for c in after if c in new]
    assert found.known == len(before)


def test_whom_the_page_says_a_comment_answers_is_in_the_record_and_changes_no_id():
    said = PageComment("ann", "No."), PageComment("bob", "Yes.")
    answering = said[0], said[1]._replace(answers="ann")
    plain, told = (records_of(Page("h", comments), origin()).records for comments in (said, answering))
    assert [one.reply_to_author_id for one in told] == [None, "ann"]
    assert [one.comment_id for one in told] == [one.comment_id for one in plain]
    (_, hidden) = records_of(Page("h", answering), origin(), pseudonymise=lambda name: f"p-{name}").records
    assert (hidden.author_id, hidden.reply_to_author_id) == ("p-bob", "p-ann")


def test_pseudonyms_stand_for_names_and_no_id_tells_a_name():
    page = page_of(("Ann", ""), (None, "x"))
    plain, hidden = records_of(page, origin()), records_of(page, origin(), pseudonymise=lambda name: f"P-{len(name)}")
    assert [(r.author_id, r.author_name) for r in hidden.records] == [("P-3", "P-3"), (None, None)]
    assert ids(hidden)[0] != ids(plain)[0]
    assert ids(hidden)[1] == ids(plain)[1]


def test_without_bounds_comments_lie_a_microsecond_apart_before_now():
    first, last = bounds(None, None, NOON, 3)
    assert (first, last) == (NOON - timedelta(microseconds=2), NOON)


def test_published_after_scraped_is_a_users_mistake():
    with pytest.raises(UserError, match="is after --scraped-at"):
        bounds(NOON + HOUR, NOON, NOON, 3)


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.timedeltas(timedelta(0), timedelta(days=9000)),
    st.integers(1, 60),
)
@settings(deadline=None)
def test_estimated_times_never_go_back_nor_leave_the_bounds(start, span, count):
    page = page_of(*((None, str(at)) for at in range(count)))
    times = [r.created_at for r in records_of(page, origin(published_at=start, scraped_at=start + span)).records]
    assert times == sorted(times)
    assert start <= times[0]
    assert times[-1] <= start + span
