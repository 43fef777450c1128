"""The console's pages over hostile content: nothing runs, nothing hides, nothing fills the screen, and what is unknown is said."""

import re
from datetime import UTC, datetime

import pytest
from msgspec import structs
from selectolax.lexbor import LexborHTMLParser

from streams.console.taking import MAX_TEXT
from streams.records import Action, DeletedBy, FindingKind, Grounds, Judgement, ScoredComment, Severity, Status
from streams.settings import load
from tests.support.builders import HOUR, MINUTE, NOON, comment, deleted, pileon, reply, scored, verdict
from tests.support.console import NOBODY_LISTENS, Console
from tests.support.html import page_of, text_of

EVIL = "</script><img src=x onerror=alert(1)>\"'><svg onload=alert(2)>"


@pytest.fixture
def console(tmp_path):
    made = Console(tmp_path)
    yield made
    made.close()


def fill(console: Console, **fields) -> None:
    """One case of four people on ann, in one conversation."""
    said = [scored("c0", author_id="ann", text="I like it.")]
    said += [
        scored(f"c{n}", 0.95, author_id=f"bob-{n}", parent_id="c0", created_at=NOON + n * MINUTE, text=f"rude words {n}")
        for n in (1, 2, 3, 4)
    ]
    replies = [reply(f"bob-{n}", NOON + n * MINUTE, comment_id=f"c{n}") for n in (1, 2, 3, 4)]
    given = {
        "first_hostile_at": NOON + MINUTE,
        "opened_at": NOON + 4 * MINUTE,
        "usual_hostile_authors": 0.3,
        "opened_by": "c4",
        "evidence": ("c1", "c4"),
    }
    console.take(scored=said, replies=replies, pileons=[pileon(**(given | fields))])


# Live


def test_a_case_is_counted_by_the_settings_of_its_community(tmp_path):
    (file := tmp_path / "threadwatch.toml").write_text('[communities."news/sport"]\nwindow = "PT30M"\nmin_hostility = 0.99\n')
    settings = load({"THREADWATCH_KAFKA": NOBODY_LISTENS, "THREADWATCH_DATA": str(tmp_path), "THREADWATCH_CONFIG": str(file)})
    console = Console(tmp_path, settings)
    try:
        fill(console)
        assert "in 30 min" in text_of(page_of(console, "/")) and "in 1 h" not in text_of(page_of(console, "/"))
        page = text_of(page_of(console, "/pileons/case-1"))
        assert "hostile from 0.99" in page and "0 people were hostile" in page  # each reply is at 0.9
    finally:
        console.close()


def test_open_cases_stand_worst_first(console):
    console.take(pileons=[
        pileon("aaaa", target_id="a", hostile_authors=9), pileon("bbbb", target_id="b", hostile_authors=5, severity=Severity.CRITICAL),
        pileon("cccc", target_id="c", hostile_authors=30), pileon("dddd", 2, Status.CLOSED, target_id="d", hostile_authors=99),
    ])  # fmt: skip
    page = page_of(console, "/")
    assert [row.attributes["id"] for row in page.css("tbody tr")] == ["case-bbbb", "case-cccc", "case-aaaa", "case-dddd"]
    assert "3 open" in text_of(page, "h1") and "Ended lately" in text_of(page)


@pytest.mark.parametrize(("query", "shown"), [
    ("?severity=critical", ["bbbb"]), ("?community=chess", ["bbbb"]), ("?source=news&community=sport", ["aaaa"]),
    ("?status=closed", ["cccc"]),
    ("?status=all&severity=warning", ["aaaa", "cccc"]), ("?source=' OR 1=1 --", []), ("?status=%00&severity=<script>", ["bbbb", "aaaa"]),
    ("?community=" + "x" * 9000, []),
])  # fmt: skip
def test_filters_stand_in_the_address(console, query, shown):
    console.take(pileons=[pileon("aaaa", target_id="a"), pileon("bbbb", target_id="b", community="chess", severity=Severity.CRITICAL),
                          pileon("cccc", 2, Status.CLOSED, target_id="c")])  # fmt: skip
    page = page_of(console, "/" + query)
    ended = page.css_first("h2")
    ids = [row.attributes["id"] for row in page.css("tbody tr")]
    assert ids[: len(shown)] == [f"case-{each}" for each in shown]
    assert ended is not None or len(ids) == len(shown)


def test_an_empty_list_says_what_is_going_on(console):
    assert "No comment was read yet" in text_of(page_of(console, "/"), ".empty")
    console.take(scored=[scored()])
    assert "newest comment arrived" in text_of(page_of(console, "/"), ".empty")
    assert "No pile-on fits these filters" in text_of(page_of(console, "/?severity=critical"), ".empty")
    console.feed.reading.caught_up = False
    console.feed.reading.waiting = {"replies": 1200}
    page = page_of(console, "/")
    assert "1,200 records to go" in text_of(page, "#reading") and "not read to its end" in text_of(page, ".empty")


def test_while_the_broker_is_away_a_page_says_since_when_and_shows_what_it_knows(console):
    fill(console)
    console.feed.reading.as_of, console.feed.reading.away_since, console.feed.reading.why = NOON, NOON + HOUR, "<b>connection refused</b>"
    page = page_of(console, "/")
    assert "The broker does not answer since 01 May 2024 13:00 UTC (<b>connection refused</b>)" in text_of(page, "#reading")
    assert "as of 01 May 2024 12:00 UTC" in text_of(page, "#reading")
    assert page.css_first("#case-case-1") is not None


def test_a_source_without_times_says_so(console):
    console.take(pileons=[pileon(usual_hostile_authors=None)])
    assert "no times" in text_of(page_of(console, "/"), "tbody")
    assert "only the order in which replies stand is known" in text_of(page_of(console, "/pileons/case-1"))


# One pile-on


def test_a_case_says_why_it_is_one_in_a_sentence_and_in_numbers(console):
    fill(console)
    page = page_of(console, "/pileons/case-1")
    assert text_of(page, ".why") == ("4 people were hostile to this person within 3 min; usually it would be 0.3 in as long a time. "
                                     "4 of the 5 who replied in the last 1 h were.")  # fmt: skip
    facts = {row.css_first("th").text(): [cell.text() for cell in row.css("td")] for row in page.css(".facts")[0].css("tbody tr")}
    assert facts["people hostile"] == ["4", "usually 0.3; at least 4 open a case"]
    assert facts["of those replying"] == ["4 of 5 (0.80)", "at least 0.40"]


BEYOND = Grounds(finding=FindingKind.PILEON, pace_evidence=20200.0, pace_needed=500.0, share_evidence=82.3, share_needed=50.0,
                 usual_a_day=0.238, usual_a_day_on_site=0.3, usual_share=0.118, usual_share_on_site=0.1)  # fmt: skip


@pytest.mark.parametrize(("grounds", "said", "unsaid"), [
    (BEYOND, ["× 20,200 × 500 was needed", "× 82 × 50 was needed"], "warning only"),
    (structs.replace(BEYOND, finding=FindingKind.DILUTED), ["It is a warning only"], "within the last 1 h"),
    (structs.replace(BEYOND, pace_evidence=None, pace_needed=None), ["× 82 × 50 was needed"], "evidence by the pace"),
])  # fmt: skip
def test_a_case_that_evidence_opened_says_what_history_explains_and_what_the_bets_won(console, grounds, said, unsaid):
    console.take(pileons=[pileon(detector="e-SR@1", grounds=grounds)])
    page = page_of(console, "/pileons/case-1")
    assert "4 of the 5 who replied since it began were; usually it would be at most 12% for this person, and 10% on this site." in text_of(
        page, ".why"
    )
    assert "usually at most 0.12, on this site 0.10" in text_of(page, ".facts")
    words = text_of(page)
    assert all(each in words for each in said) and unsaid not in words


def test_after_its_end_a_case_still_says_why_it_fired(console):
    fill(console)
    end = {"updated_at": NOON + 7 * HOUR, "closed_at": NOON + 7 * HOUR, "reason": "no hostile reply for 6 h", "replying_authors": 0}
    console.take(pileons=[pileon(revision=2, status=Status.CLOSED, first_hostile_at=NOON + MINUTE, usual_hostile_authors=0.3, **end)])
    page = page_of(console, "/pileons/case-1")
    assert "within 3 min" in text_of(page, ".why") and "4 of the 5" in text_of(page, ".why")
    assert "ended 01 May 2024 19:00 UTC (it went quiet)" in text_of(page)


def test_what_comes_between_two_steps_of_an_open_case_belongs_to_it_and_what_comes_after_its_end_does_not(console):
    now = datetime.now(UTC) - 5 * MINUTE
    begun = {"first_hostile_at": now - 4 * MINUTE, "opened_at": now, "usual_hostile_authors": 0.3}
    replies = [reply(f"p{n}", now + (n - 4) * MINUTE, comment_id=f"c{n}") for n in range(7)]
    said = [scored(f"c{n}", 0.9, author_id=f"p{n}", created_at=now + (n - 4) * MINUTE) for n in range(7)]
    console.take(scored=said, replies=replies, pileons=[pileon(**begun)])
    page = page_of(console, "/pileons/case-1")
    assert "7 hostile replies" in text_of(page, ".facts") and page.css_first("svg .axis.end").text() == "7"
    assert "within 4 min" in text_of(page, ".why"), "so long as what its record counts took"
    assert len(console.client.get("/pileons/case-1/comment-ids").text.split()) == 7
    console.take(pileons=[pileon(revision=2, status=Status.CLOSED, closed_at=now, **begun)])
    page = page_of(console, "/pileons/case-1")
    assert page.css_first("svg .axis.end").text() == "5" and len(console.client.get("/pileons/case-1/comment-ids").text.split()) == 5


def test_each_comment_has_its_number_its_link_and_what_it_answers(console):
    fill(console)
    page = page_of(console, "/pileons/case-1")
    first, second = page.css(".said li")[:2]
    assert "this person" in first.text() and "target" in first.attributes["class"]
    said = " ".join(second.text(separator=" ").split())
    assert "2 → 1" in said and "0.95" in said and "hostile 0.90 : a reply, 100 % sure" in said.replace("0.90:", "0.90 :")
    assert "evidence" in said and "bob" not in said, "people who answer are pseudonyms"
    assert second.css_first(".heat.h9") is not None


def test_severe_text_is_hidden_until_it_is_asked_for(console):
    fill(console)
    page = page_of(console, "/pileons/case-1")
    assert len(page.css("details.severe:not([open]) .text")) == 4
    assert page_of(console, "/pileons/case-1?severe=shown").css("details.severe") == []


def test_new_people_and_regulars_are_told_apart(console):
    old = [scored(f"old-{n}", author_id="bob-1", created_at=NOON - n * HOUR) for n in range(6)]
    console.take(scored=[*old, scored("once", author_id="bob-2", created_at=NOON - HOUR)])
    fill(console)
    console.take(replies=[reply(None, NOON + 2 * MINUTE, comment_id="c9"), reply("mod", comment_id="c10", author_role="moderator")])
    page = page_of(console, "/pileons/case-1")
    assert "4 people were hostile: 2 new here, 1 known, 1 regulars." in text_of(page) and "1 reply has no author" in text_of(page)


def test_what_was_deleted_is_said_and_not_shown(console):
    fill(console)
    gone = deleted(comment("c1", parent_id="c0"), NOON + HOUR, deleted_by=DeletedBy.MODERATOR)
    console.take(scored=[ScoredComment(comment=gone, toxicity=0, scorer="none@0")])
    page = page_of(console, "/pileons/case-1?severe=shown")
    assert "rude words 1" not in page.html and "rude words 2" in page.html
    assert "Removed by a moderator." in text_of(page)


def test_two_verdicts_are_shown_as_a_disagreement(console):
    fill(console)
    console.take(feedback=[verdict(note="clear enough"), verdict(Judgement.NOT_ONE, judge="other", judged_at=NOON + 2 * HOUR)])
    assert "judges differ" in text_of(page_of(console, "/"), "#case-case-1")
    said = text_of(page_of(console, "/pileons/case-1"), "#verdicts")
    assert "Both verdicts stand" in said and "clear enough" in said and "other" in said
    console.take(feedback=[verdict(Judgement.NOT_ONE, judged_at=NOON + 3 * HOUR)])
    said = text_of(page_of(console, "/pileons/case-1"), "#verdicts")
    assert "Both verdicts stand" not in said and "(changed since)" in said


@pytest.mark.parametrize(
    "path",
    ["/pileons/nobody", "/pileons/%00", "/pileons/" + "x" * 5000, "/pileons/%F0%9F%92%A9", "/pileons/..%2f..%2fetc", "/none", "/pileons/"],
)
def test_an_address_that_leads_nowhere_says_so(console, path):
    page = page_of(console, path, 404)
    assert "No such" in text_of(page, "h1")


def test_a_read_model_that_is_damaged_under_way_is_told_on_the_page(console):
    fill(console)
    console.store._connection.execute("DROP TABLE replies")
    page = page_of(console, "/pileons/case-1", 500)
    assert "threadwatch console --rebuild" in text_of(page)


# Hostile content


def evil_pages(console: Console) -> list[str]:
    case = pileon("evil\u202ecase", source="s" + EVIL, community="c" + EVIL, target_id="t" + EVIL, conversations=("talk" + EVIL,),
                  evidence=("c1",), reason="why" + EVIL, detector="d" + EVIL, usual_hostile_authors=0.1)  # fmt: skip
    where = {"source": "s" + EVIL, "community": "c" + EVIL, "conversation_id": "talk" + EVIL}
    console.take(
        scored=[scored("c1", text=EVIL, author_id="a" + EVIL, author_name="n" + EVIL, url="https://x.example/%22onclick=", **where)],
        replies=[reply("a" + EVIL, comment_id="c1", target_id="t" + EVIL, **where)],
        pileons=[case], feedback=[verdict(pileon_id="evil\u202ecase", judge="j" + EVIL, note="note" + EVIL)],
    )  # fmt: skip
    console.feed.reading.away_since, console.feed.reading.why = NOON, EVIL
    paths = ["/", "/pileons/evil%E2%80%AEcase", "/health", "/nowhere", f"/?source={EVIL}", "/?community=" + EVIL]
    return [console.client.get(path).text for path in paths]


def test_no_content_becomes_markup(console):
    for html in evil_pages(console):
        page = LexborHTMLParser(html)
        assert page.css("img, svg[onload], script:not([src])") == []
        for node in page.css("*"):
            assert not [name for name in node.attributes if name.startswith("on") or name == "style"], node.html
        assert all(link.attributes["href"].startswith(("/", "?", "#", "https://x.example/", "http")) for link in page.css("a"))


def test_every_template_is_free_of_what_the_policy_forbids(console):
    policy = console.client.get("/").headers["content-security-policy"]
    assert "unsafe" not in policy and "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    fill(console)
    for path in ("/", "/pileons/case-1", "/health", "/nowhere"):
        html = console.client.get(path).text
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", html), path


def test_scripts_come_in_order_and_before_the_document_is_read(console):
    """Deferred, htmx now and then began before its extension was there, and the list stood still."""
    scripts = page_of(console, "/").css("script")
    assert [script.attributes for script in scripts] == [
        {"src": f"/static/{name}"} for name in ("htmx.min.js", "hx-sse.min.js", "console.js")
    ]


@pytest.mark.parametrize(("text", "shown"), [
    ("a\u202eb", "a⟦U+202E⟧b"), ("a\u2066b\u2069", "a⟦U+2066⟧b⟦U+2069⟧"), ("a\u200eb", "a⟦U+200E⟧b"), ("a\u061cb", "a⟦U+061C⟧b"),
    ("Z" + "\u0315" * 40, "Z" + "\u0315" * 3), ("naïve façade", "naïve façade"), ("👩\u200d👧", "👩\u200d👧"), ("नमस्ते", "नमस्ते"),
])  # fmt: skip
def test_what_turns_or_stacks_is_made_visible(text, shown):
    from streams.console.desk import templates

    assert templates().from_string("{{ it }}").render(it=text) == shown


def test_a_text_of_a_megabyte_is_cut_and_said_to_be(console):
    fill(console)
    console.take(scored=[scored("c9", parent_id="c0", text="w " * 524_288)])
    answer = console.client.get("/pileons/case-1")
    assert len(answer.content) < 60_000
    assert "The first 4,000 of 1,048,576 signs." in answer.text and MAX_TEXT == 4000


def chain(length: int) -> list:
    return [
        scored(f"c{n}", author_id=f"p{n % 50}", parent_id=f"c{n - 1}" if n else None, created_at=NOON + n * MINUTE / 60, text=f"word {n}")
        for n in range(length)
    ]


def test_a_chain_of_ten_thousand_is_folded_to_what_matters(console):
    console.take(scored=chain(10_000), replies=[reply("p7", NOON, comment_id=f"c{n}") for n in (2000, 7000)],
                 pileons=[pileon(opened_by="c7000", evidence=("c2000",))])  # fmt: skip
    page = page_of(console, "/pileons/case-1")
    assert "10000 comments, 2 hostile" in text_of(page, "h3")
    assert [fold.text() for fold in page.css(".fold")] == ["1997 more comments", "4996 more comments", "2999 more comments"]
    assert len(page.css(".comment")) == 8, "two that matter, each with three above"
    opened = page_of(console, "/pileons/case-1" + page.css(".fold a")[1].attributes["href"].partition("#")[0])
    assert "word 2001" in opened.html and len(opened.css(".comment")) == 100


@pytest.mark.parametrize(
    "query", ["?open=x", "?open=1.2.3", "?open=0.99999999999", "?open=0.-5", "?open=9.1", "?open=%00", "?open=0.7&open=0.8", "?open=²"]
)
def test_an_address_of_a_fold_may_be_anything(console, query):
    console.take(scored=chain(100), pileons=[pileon()])
    page_of(console, "/pileons/case-1" + query)


def test_comments_that_answer_each_other_in_a_ring_are_all_shown(console):
    ring = [
        scored("a", parent_id="b"),
        scored("b", parent_id="c"),
        scored("c", parent_id="a"),
        scored("me", parent_id="me"),
        scored("lost", parent_id="gone"),
    ]
    console.take(scored=ring, pileons=[pileon()])
    assert len(page_of(console, "/pileons/case-1").css(".comment")) == 5


def test_a_taken_back_reply_no_longer_counts(console):
    fill(console)
    console.take(replies=[reply("bob-1", comment_id="c1", action=Action.DELETED, deleted_by=DeletedBy.AUTHOR, revision=2)])
    assert "3 people were hostile" in text_of(page_of(console, "/pileons/case-1"))


def test_health_says_what_the_settings_choose_and_that_a_broker_is_away(console):
    page = page_of(console, "/health?lags=shown")
    assert "The broker does not say how far the stages are" in text_of(page, "section[aria-labelledby=stages]")
    assert "linear" in text_of(page, "section[aria-labelledby=versions]")
    assert "/health/lags" in page_of(console, "/health").html


@pytest.mark.parametrize(("grounds", "said"), [
    (None, "The detector counts: 4 different hostile people within 1 h open a case"),
    (BEYOND, "The detector's evidence when it opened: by the pace ×"),
])  # fmt: skip
def test_the_course_shows_what_the_detector_went_by_and_when_it_was_told(console, grounds, said):
    opened = pileon(usual_hostile_authors=0.2, grounds=grounds)
    console.take(pileons=[opened], replies=[reply(f"p{n}", opened.first_hostile_at, comment_id=f"c{n}") for n in range(4)])
    course = text_of(page_of(console, "/pileons/case-1"), ".timeline")
    assert said in course and "opened, told" in course and "usual in as long a time: 0.2" in course
