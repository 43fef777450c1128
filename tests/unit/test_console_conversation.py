"""A conversation whole: every comment whomever it is aimed at, folded to what is toxic, with the cases that run through it."""

import pytest

from tests.support.builders import MINUTE, NOON, pileon, scored
from tests.support.console import Console
from tests.support.html import page_of, text_of

TALK = "/conversation?source=news&community=sport&id=talk"


@pytest.fixture
def console(tmp_path):
    made = Console(tmp_path)
    yield made
    made.close()


def test_all_its_comments_are_shown_with_the_cases_that_run_through_it(console):
    console.take(scored=[scored("c1", text="I like it."), scored("c2", 0.95, parent_id="c1", text="rude words")],
                 pileons=[pileon("aaaaaaaa"), pileon("bbbbbbbb", target_id="bob", conversations=("other", "talk")),
                          pileon("cccccccc", target_id="eve", conversations=("talk-2",)),
                          pileon("dddddddd", community="chess")])  # fmt: skip
    page = page_of(console, TALK)
    assert sorted(row.attributes["id"] for row in page.css("tbody tr")) == ["case-aaaaaaaa", "case-bbbbbbbb"]
    assert "I like it." in page.html and page.css_first("details.severe .text").text() == "rude words"
    assert "hostile to this person" not in page.html
    (entry,) = console.audited()
    assert entry["what"] == "text" and len(entry["conversation"]) == 6 and "talk" not in entry["conversation"]


def test_a_large_one_is_folded_to_what_is_toxic_and_its_folds_open_here(console):
    console.take(scored=[scored(f"c{n}", 0.9 if n == 150 else 0.1, created_at=NOON + n * MINUTE, text=f"word {n}.") for n in range(300)])
    page = page_of(console, TALK)
    assert [fold.text() for fold in page.css(".fold")] == ["150 more comments", "149 more comments"]
    link = page.css(".fold a")[1].attributes["href"].partition("#")[0]
    opened = page_of(console, "/conversation" + link)
    assert "word 151." in opened.html and "word 10." not in opened.html
    assert "severe=shown" in page_of(console, TALK + "&severe=shown").css_first(".fold a").attributes["href"]


@pytest.mark.parametrize("query", ["", "?source=news", "?source=news&community=sport&id=none", "?id=%00&source=" + "x" * 9000, "?id='--"])
def test_one_that_is_not_here_says_so(console, query):
    console.take(scored=[scored()])
    assert "No such conversation" in text_of(page_of(console, "/conversation" + query, 404), "h1")


def test_hostile_names_are_text_and_lead_back_to_themselves(console):
    evil = '"><script>\u202e&open=0.1#'
    console.take(scored=[scored("c1", conversation_id=evil)], pileons=[pileon(conversations=(evil,))])
    case = page_of(console, "/pileons/case-1")
    link = next(a.attributes["href"] for a in case.css("a") if a.attributes["href"].startswith("/conversation"))
    page = page_of(console, link)
    assert "⟦U+202E⟧" in text_of(page, "h1") and page.css("script:not([src])") == [] and len(page.css(".comment")) == 1
