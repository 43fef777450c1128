"""People beside pile-ons: close to one, or with one person after them; a name goes two days after the last hostile reply."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.support.builders import DAY, HOUR, MINUTE, pileon, reply, scored
from tests.support.console import Console
from tests.support.html import page_of, text_of
from tests.support.reading import asked, taken

pytestmark = pytest.mark.usefixtures("begun_now")
NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def console(tmp_path):
    made = Console(tmp_path)
    yield made
    made.close()


def at(console: Console, *replies, ago: timedelta = timedelta()) -> None:
    console.store.apply(taken(replies=replies, at_ms=int((NOW - ago).timestamp() * 1000)))


def hostile(people: int, target: str = "ann", each: int = 1):
    return [
        reply(f"p{n}", NOW - MINUTE * (n + 1), target_id=target, comment_id=f"{target}-{n}-{m}")
        for n in range(people) for m in range(each)
    ]  # fmt: skip


def said(console: Console, section: str) -> list[list[str]]:
    parts = page_of(console, "/watched").css(f"section[aria-labelledby={section}] tbody tr")
    return [[" ".join(cell.text(separator=" ").split()) for cell in part.css("th, td")[:3]] for part in parts]


def test_who_is_close_to_a_pile_on_stands_closest_first(console):
    at(console, *hostile(2, "ann"), *hostile(3, "bob"), *hostile(1, "eve"))
    assert said(console, "close") == [
        ["bob news / sport", "3 of 4 that may open a case", "3"], ["ann news / sport", "2 of 4 that may open a case", "2"]]  # fmt: skip
    assert [entry["what"] for entry in console.audited()] == ["watched"]


def test_who_has_an_open_case_is_not_merely_watched(console):
    at(console, *hostile(3, "bob"))
    console.take(pileons=[pileon(target_id="bob")])
    assert said(console, "close") == []


@pytest.mark.parametrize("fields", [{"hostility": 0.4}, {"author_role": "moderator"}, {"author_id": None}])
def test_what_is_not_hostile_or_of_a_moderator_or_nobody_known_makes_nobody_close(console, fields):
    at(console, *(reply(**({"author_id": f"p{n}", "at": NOW - MINUTE, "comment_id": f"c{n}"} | fields)) for n in range(5)))
    assert said(console, "close") == []


def test_what_was_said_before_the_window_counts_no_more(console):
    at(console, *(reply(f"p{n}", NOW - 3 * HOUR, comment_id=f"c{n}") for n in range(3)))
    assert said(console, "close") == []


def test_one_person_after_another_is_listed_by_a_pseudonym(console):
    at(console, *hostile(1, "ann", each=3), *hostile(1, "bob", each=2))
    ((person, by, replies),) = said(console, "pairs")
    assert (person, replies) == ("ann news / sport", "3") and len(by) == 6 and by != "p0"


def test_a_name_goes_two_days_after_the_last_hostile_reply(console):
    at(console, *hostile(2, "ann"), ago=3 * DAY)
    at(console, *hostile(2, "bob"), ago=DAY)
    at(console, reply("kind", NOW, 0.1, target_id="eve", comment_id="c1"))
    console.store.sweep(NOW, timedelta(days=30))
    assert asked(console.store.file, "SELECT target_id FROM watched") == [("bob",)]


def test_a_row_leads_to_its_conversation_and_hostile_names_are_text(console):
    at(console, *hostile(2, "<b>ann\u202e"))
    console.take(scored=[scored("c1", text="what was said")])
    page = page_of(console, "/watched")
    assert "<b>ann⟦U+202E⟧" in text_of(page, "tbody th") and page.css("tbody b") == []
    there = page_of(console, page.css_first("tbody a").attributes["href"])
    assert "what was said" in there.html and "Conversation" in text_of(there, "h1") and there.css("#running") == []


@pytest.mark.parametrize("number", ["0", "9" * 19, "9" * 30, "-1", "x", "%00"])
def test_a_conversations_number_may_be_anything(console, number):
    page_of(console, f"/conversation?n={number}", 404)
