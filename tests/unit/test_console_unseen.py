"""A case's page says what it cannot see, leads to open cases that share its people, and gives ids of hostile comments to copy."""

import msgspec
import pytest

from streams.records import Abstained, ScoredComment, Status
from tests.support.builders import HOUR, MINUTE, NOON, comment, deleted, pileon, reply, scored
from tests.support.console import Console
from tests.support.html import page_of, text_of


@pytest.fixture
def console(tmp_path):
    made = Console(tmp_path)
    yield made
    made.close()


def spoken(console: Console, *languages: str | None, scorer: str = "linear@2+abc", **fields) -> str:
    """Return what the page says of a case whose replies are in these languages."""
    said = [scored(f"c{n}", language=each, scorer=scorer) for n, each in enumerate(languages)]
    replies = [reply(f"p{n}", comment_id=f"c{n}", **fields) for n in range(len(languages))]
    console.take(scored=said, replies=replies, pileons=[pileon(usual_hostile_authors=0.2)])
    return text_of(page_of(console, "/pileons/case-1"), "section[aria-labelledby=unseen]")


@pytest.mark.parametrize("scorer", ["compact@1+abc.ort1.int8", "detoxify:original@1+abc", "detoxify:unbiased:fast@1+abc"])
def test_each_scorer_is_known_by_what_it_was_taught(console, scorer):
    assert "1 of 4 replies are in a language that the scorer was not taught (de 1)" in spoken(
        console, "en", "en", "en", "de", scorer=scorer
    )


def test_replies_in_a_language_that_the_scorer_was_not_taught_are_counted_apart(console):
    said = spoken(console, "en", "en-GB", None, "und", "de", "nonsense!")
    assert "1 of 6 replies are in a language that the scorer was not taught (de 1)" in said
    assert page_of(console, "/pileons/case-1").css("section[aria-labelledby=unseen] .problem") == []


def test_replies_that_were_not_scored_for_their_language_are_counted_with_them(console):
    unscored = msgspec.structs.replace(scored("c1"), toxicity=None, labels={}, abstained=Abstained.LANGUAGE, language="fi")
    replies = [*(reply(f"p{n}", comment_id=f"c{n}") for n in (0, 2, 3)), reply("p1", comment_id="c1", is_unscored=True, hostility=0.0)]
    console.take(scored=[*map(scored, ("c0", "c2", "c3")), unscored], replies=replies, pileons=[pileon(usual_hostile_authors=0.2)])
    said = text_of(page_of(console, "/pileons/case-1"), "section[aria-labelledby=unseen]")
    assert "1 of 4 replies are in a language that the scorer was not taught (fi 1)" in said


def test_over_three_in_ten_of_them_are_a_warning(console):
    said = spoken(console, "de", "fr", "de-AT", "en")
    assert "3 of 4 replies are not scored to any purpose: their language (de 2, fr 1)" in said
    assert page_of(console, "/pileons/case-1").css_first("section[aria-labelledby=unseen] .problem") is not None


@pytest.mark.parametrize(("scorer", "counted"), [("detoxify:multilingual@1", False), ("detoxify:unbiased@1", True), ("ours@1", False)])
def test_it_depends_on_the_scorer(console, scorer, counted):
    assert ("not scored" in spoken(console, "fr", scorer=scorer)) is counted


def test_links_that_are_not_sure_are_counted_apart(console):
    said = spoken(console, "en", "en", confidence=0.6)
    assert "2 of 2 hostile replies may be aimed at somebody else: how we know it is less than 80 % sure" in said


def test_replies_without_author_or_time_and_sources_without_times_are_said(console):
    console.take(scored=[scored("c1", created_at_is_estimated=True)], replies=[reply(None, comment_id="c1")],
                 pileons=[pileon(usual_hostile_authors=0.1), pileon("case-2", target_id="bob")])  # fmt: skip
    said = text_of(page_of(console, "/pileons/case-1"), "section[aria-labelledby=unseen]")
    assert "1 reply has no author" in said and "1 reply has no time of their own" in said
    assert "This source gives no times" in text_of(page_of(console, "/pileons/case-2"), "section[aria-labelledby=unseen]")


# The person of one case is hostile in another


QUARREL = [reply("bob", NOON, target_id="ann", comment_id="r1"), reply("ann", NOON + MINUTE, target_id="bob", comment_id="r2")]


def crossed(console: Console, case: str) -> list[str]:
    return [" ".join(each.text().split()) for each in page_of(console, f"/pileons/{case}").css(".crossed")]


def test_two_cases_whose_people_are_hostile_to_each_other_lead_to_each_other(console):
    console.take(replies=QUARREL[1:], pileons=[pileon("a" * 8), pileon("b" * 8, target_id="bob", updated_at=NOON + HOUR)])
    assert crossed(console, "a" * 8) == [
        "This person is among those who are hostile in BBBBBBBB , open too: perhaps a quarrel, not a pile-on."
    ]
    assert crossed(console, "b" * 8) == ["Somebody who is hostile here is the person of AAAAAAAA , open too."]


@pytest.mark.parametrize("other", [
    {"revision": 2, "status": Status.CLOSED}, {"source": "elsewhere"},
])  # fmt: skip
def test_a_case_that_ended_or_is_elsewhere_is_none_of_them(console, other):
    where = {"source": other.get("source", "news")}
    console.take(
        replies=[reply("ann", NOON, target_id="bob", comment_id="r2", **where)], pileons=[pileon(), pileon("b", target_id="bob", **other)]
    )
    assert crossed(console, "case-1") == []


def test_who_is_friendly_or_a_moderator_there_is_not_hostile_in_it(console):
    console.take(replies=[reply("ann", NOON, 0.3, target_id="bob", comment_id="r1"),
                          reply("ann", NOON, target_id="bob", comment_id="r2", author_role="moderator")],
                 pileons=[pileon(), pileon("b", target_id="bob", updated_at=NOON + HOUR)])  # fmt: skip
    assert crossed(console, "case-1") == crossed(console, "b") == []


# Ids to copy


def test_the_ids_of_hostile_comments_are_one_a_line_and_noted(console):
    names = ["c1", "c 2é", "c3\nforged", "c4\u202e", "kind", "gone"]
    console.take(
        scored=[scored(name) for name in names],
        replies=[reply(f"p{n}", NOON + n * MINUTE / 60, 0.1 if name == "kind" else 0.9, comment_id=name) for n, name in enumerate(names)],
        pileons=[pileon(updated_at=NOON + HOUR)],
    )  # fmt: skip
    console.take(scored=[ScoredComment(comment=deleted(comment("gone"), NOON + HOUR), toxicity=0, scorer="none@0")])
    answer = console.client.get("/pileons/case-1/comment-ids")
    assert answer.headers["content-type"].startswith("text/plain") and answer.text == "c1\nc 2é\n"
    assert [entry["what"] for entry in console.audited()] == ["comment_ids"]


def test_of_a_case_that_is_none_there_are_no_ids(console):
    page_of(console, "/pileons/nobody/comment-ids", 404)
