"""People answered by many at once: who of those is seen for the first time, and how much of it is the same text."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.console.surges import MIN_PEOPLE, share_repeated
from tests.support.builders import DAY, HOUR, MINUTE, pileon, reply, scored
from tests.support.console import Console
from tests.support.html import page_of, text_of
from tests.support.reading import asked, taken

pytestmark = pytest.mark.usefixtures("begun_now")
NOW = datetime.now(UTC).replace(microsecond=0)
SAME = "You should go back to where you came from"


@pytest.fixture
def console(tmp_path):
    made = Console(tmp_path)
    yield made
    made.close()


def answered(console: Console, people: int, ago: timedelta = 5 * MINUTE, target: str = "ann", text: str = "", tag: str = "") -> None:
    names = [f"{tag}p{n}" for n in range(people)]
    replies = [reply(name, NOW - ago, 0.1, comment_id=f"{target}{tag}{name}", target_id=target) for name in names]
    said = [scored(f"{target}{tag}{name}", author_id=name, created_at=NOW - ago, text=text or f"I think that {name} is right here")
            for name in names]  # fmt: skip
    console.store.apply(taken(replies=replies, scored=said, at_ms=int((NOW - ago).timestamp() * 1000)))


def said(console: Console) -> list[list[str]]:
    rows = page_of(console, "/watched").css("section[aria-labelledby=surges] tbody tr")
    return [[" ".join(cell.text(separator=" ").split()) for cell in row.css("th, td")[:4]] for row in rows]


def test_who_is_answered_by_many_at_once_is_listed_with_first_seen_accounts_and_repeated_texts(console):
    old = [scored(f"old{n}", author_id=f"p{n}", created_at=NOW - 2 * DAY) for n in range(3)]
    console.store.apply(taken(scored=old, replies=[reply(target_id="bob")], at_ms=int((NOW - 2 * DAY).timestamp() * 1000)))
    answered(console, 12, text=SAME)
    answered(console, MIN_PEOPLE - 1, target="bob")
    assert said(console) == [["ann news / sport", "12 usual under 0.1, known for 47 hours", "9 of 12 75 %", "12 of 12 100 %"]]


def test_of_a_source_that_is_known_for_less_than_a_day_nothing_is_said_and_then_by_the_hours_it_is_known(console):
    answered(console, 14)
    answered(console, 14, ago=23 * HOUR, target="root", tag="b")
    assert said(console) == [] and "1 source is known for less than a day" in text_of(page_of(console, "/watched"))
    answered(console, 14, ago=70 * MINUTE, tag="b")
    answered(console, 3, ago=29 * HOUR + MINUTE, tag="c")
    ((_, people, _, _),) = said(console)
    assert people == "14 usual 0.6, known for 28 hours"


def test_many_are_nothing_unusual_where_as_many_always_answer(console):
    for hour in range(2, 150):
        answered(console, 12, ago=hour * HOUR, tag=f"h{hour}-")
    answered(console, 12)
    assert said(console) == []


def test_what_was_an_hour_ago_is_none_now_and_names_go(console):
    answered(console, 12, ago=61 * MINUTE)
    assert said(console) == []
    console.store.sweep(NOW + 2 * HOUR, timedelta(days=30))
    assert asked(console.store.file, "SELECT * FROM answered") == []


def test_a_case_says_how_much_of_it_is_the_same_text(console):
    answered(console, 4, text=SAME)
    answered(console, 4, tag="other-")
    console.take(pileons=[pileon(target_id="ann", first_hostile_at=NOW - HOUR, updated_at=NOW)])
    assert "4 of 8 texts repeat another (50 %)" in text_of(page_of(console, "/pileons/case-1"))


@pytest.mark.parametrize(("texts", "some", "of"), [
    ([SAME, SAME.upper() + "!!", "  " + SAME.replace(" ", "  ")], 3, 3), (["yes", "yes"], 0, 0),
    ([SAME, "Something else altogether"], 0, 2),
    ([], 0, 0),
])  # fmt: skip
def test_texts_are_the_same_whatever_their_case_signs_and_spaces(texts, some, of):
    found = share_repeated(texts)
    assert (found.some, found.of) == (some, of)


@given(st.lists(st.text(max_size=40), max_size=20))
def test_any_texts_can_be_counted(texts):
    found = share_repeated(texts)
    assert 0 <= found.some <= found.of <= len(texts) and found.some != 1
