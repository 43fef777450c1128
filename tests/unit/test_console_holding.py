"""Who holds a case: the log decides who was first, a list says it, and a visit knows what changed since the last one."""

import re
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.console.holding import Done, followed
from streams.console.visits import COOKIE, Visit
from streams.records import Severity, Status, Step
from streams.topics import HANDLING
from tests.support.builders import HOUR, MINUTE, NOON, handling, pileon
from tests.support.console import Console
from tests.support.html import page_of, text_of
from tests.support.reading import NOON_MS, asked, store_of, taken


@pytest.fixture
def console(tmp_path):
    made = Console(tmp_path)
    yield made
    made.close()


def steps(*told: str) -> list[Done]:
    """``kim+`` claims, ``kim-`` gives back, ``lee<kim`` takes it over from kim; a minute apart."""
    done = []
    for minute, each in enumerate(told):
        who, over, before = each.rstrip("+-").partition("<")
        step = Step.RELEASE if each.endswith("-") else Step.CLAIM
        done.append(Done(step, who, before if over else None, None, NOON + minute * MINUTE))
    return done


@pytest.mark.parametrize(("told", "holder", "void"), [
    (["kim+"], "kim", []), (["kim+", "lee+"], "kim", [1]), (["kim+", "lee<kim"], "lee", []), (["kim+", "lee<kim", "max<kim"], "lee", [2]),
    (["kim+", "kim-"], None, []), (["kim+", "lee-"], "kim", [1]), (["kim-"], None, [0]), (["kim+", "kim-", "lee<kim"], None, [2]),
    (["kim+", "kim+"], "kim", []),
])  # fmt: skip
def test_the_first_in_the_log_has_it_and_who_takes_over_says_from_whom(told, holder, void):
    marked, held = followed(steps(*told))
    assert (held.by if held else None) == holder
    assert [number for number, done in enumerate(marked) if done.is_void] == void


def test_who_claims_again_holds_it_since_the_first_time():
    assert followed(steps("kim+", "kim+"))[1].since == NOON


@given(st.lists(st.sampled_from(["kim+", "lee+", "kim-", "lee-", "lee<kim", "kim<lee"])))
def test_there_is_one_holder_at_most_and_a_void_step_changes_nothing(told):
    marked, held = followed(steps(*told))
    assert followed([done for done in marked if not done.is_void])[1] == held


def test_order_and_repetition_of_batches_change_no_holder(tmp_path):
    claims = [handling(by="kim"), handling(by="lee"), handling(Step.RELEASE, by="kim"), handling(by="max")]
    store = store_of(tmp_path, handling=claims)
    for start in (2, 0, 1):
        store.apply(taken(handling=claims[start:], start=start))
    assert asked(store.file, "SELECT who, since FROM held") == [("max", NOON_MS)]
    assert asked(store.file, "SELECT count(*) FROM handling") == [(4,)]
    assert store.offsets() == {(HANDLING.name, 0): 4}
    store.close()


def test_a_case_that_is_taken_looks_different_at_once(tmp_path):
    store = store_of(tmp_path, pileons=[pileon()])
    (before,) = asked(store.file, "SELECT change FROM pileons")
    store.apply(taken(handling=[handling()]))
    assert asked(store.file, "SELECT change FROM pileons") > [before]
    store.close()


def test_live_says_who_holds_a_case_and_filters_by_it(console):
    console.take(
        pileons=[pileon(f"case-{n}", target_id=f"t{n}") for n in range(3)], handling=[handling(), handling(by="<b>lee", pileon_id="case-2")]
    )
    page = page_of(console, "/")
    assert text_of(page, "#case-case-0 .held") == "take" and text_of(page, "#case-case-1 .held").startswith("kim")
    assert "<b>lee" in text_of(page, "#case-case-2 .held")
    for held, shown in (("nobody", [0]), ("somebody", [1, 2]), ("by:kim", [1]), ("by:' OR 1=1 --", []), ("nonsense", [0, 1, 2])):
        rows = page_of(console, f"/?held={held}").css("tbody tr")
        assert sorted(row.attributes["id"] for row in rows) == [f"case-case-{n}" for n in shown], held


def test_a_case_says_who_has_it_and_what_was_noted(console):
    console.take(
        pileons=[pileon()], handling=[handling(note="=1+1 \u202e<script>"), handling(by="lee"), handling(Step.NOTE, by="max", note="wait")]
    )
    said = text_of(page_of(console, "/pileons/case-1"), "#handling")
    assert "kim , since" in said and "Take it over from kim" in said and "⟦U+202E⟧<script>" in said
    assert "lee took it (void: somebody was faster)" in said and "max noted wait" in said


def posted(console: Console, browser=None, **fields):
    browser = browser or console.client
    token = re.search(r'name="form_token" value="(\w+)"', browser.get("/pileons/case-1").text)[1]
    return browser.post("/pileons/case-1/handling", data={"form_token": token, "step": "claim", "judge": "kim", **fields})


@pytest.mark.parametrize(("fields", "status", "said"), [
    ({"step": "steal"}, 400, "Not sent"), ({"step": ""}, 400, "Not sent"), ({"judge": " "}, 400, "say who you are"),
    ({"judge": "x" * 600}, 400, "Not sent"), ({"step": "note"}, 400, "the note is empty"), ({"note": "x" * 4001}, 400, "Not sent"),
    ({"form_token": "no"}, 403, "not ours"), ({"note": "a long thought"}, 503, "the broker does not take it"),
])  # fmt: skip
def test_what_is_not_taken_says_why_and_is_not_lost(console, fields, status, said):
    console.take(pileons=[pileon()])
    answer = posted(console, **fields)
    assert answer.status_code == status and said in answer.text
    assert "a long thought" in answer.text or "a long thought" not in fields.values()
    assert {entry["what"] for entry in console.audited()} == {"text"}, "what was not sent was not done"


def test_a_script_is_told_the_problem_alone(console):
    console.take(pileons=[pileon()])
    token = re.search(r'name="form_token" value="(\w+)"', console.client.get("/pileons/case-1").text)[1]
    answer = console.client.post(
        "/pileons/case-1/handling", data={"form_token": token, "judge": "<kim>", "step": ""}, headers={"hx-request": "true"}
    )
    assert answer.status_code == 400 and "<html" not in answer.text and 'hx-target="#problem"' in answer.text


@pytest.mark.parametrize("path", ["/pileons/nobody/handling", "/pileons/%00/handling"])
def test_a_case_that_is_none_cannot_be_taken(console, path):
    console.take(pileons=[pileon()])
    token = re.search(r'name="form_token" value="(\w+)"', console.client.get("/pileons/case-1").text)[1]
    assert console.client.post(path, data={"form_token": token, "step": "claim", "judge": "kim"}).status_code == 404


# Since my last visit


def test_a_visit_lasts_until_its_list_was_not_looked_at_for_half_an_hour():
    first = Visit.of(None, NOON)
    assert (first.before, first.seen) == (0, int(NOON.timestamp()))
    cookie = first.line("https").partition(";")[0].partition("=")[2]
    same = Visit.of(cookie, NOON + 20 * MINUTE)
    assert same.before == 0
    later = Visit.of(f"{same.before}.{same.seen}", NOON + 2 * HOUR)
    assert later.before == same.seen
    assert COOKIE in first.line("http") and "Secure" in first.line("https") and "Secure" not in first.line("http")


@pytest.mark.parametrize("cookie", ["", ".", "1", "2.1", "-1.5", "x.y", "9" * 400, "1.99999999999", "١.٢", "0.0; evil"])
def test_a_visits_cookie_may_be_anything(cookie):
    assert Visit.of(cookie, NOON).seen == int(NOON.timestamp())


def test_live_says_what_opened_got_worse_and_ended_since_the_last_visit(console, tmp_path):
    def at(minutes: int, *told) -> None:
        console.store.apply(taken(pileons=told, at_ms=NOON_MS + minutes * 60_000))

    at(0, *(pileon(name, target_id=name) for name in ("same", "grows", "ends")))
    at(30, pileon("new", target_id="new"), pileon("grows", 2, Status.ONGOING, target_id="grows", severity=Severity.CRITICAL),
       pileon("ends", 2, Status.CLOSED, target_id="ends"))  # fmt: skip
    visit = int((NOON + 10 * MINUTE).timestamp())
    console.client.cookies.set(COOKIE, f"0.{visit}")
    page = page_of(console, "/")
    assert "1 opened, 1 got worse, 1 ended" in text_of(page, ".since")
    assert {row.attributes["id"]: text_of(row, "td") for row in page.css("tbody")[0].css("tr")} == {
        "case-grows": "critical worse", "case-new": "warning new", "case-same": "warning"}  # fmt: skip
    assert datetime.fromtimestamp(visit, NOON.tzinfo) - NOON == timedelta(minutes=10)


def test_who_comes_for_the_first_time_is_told_nothing_of_it(console):
    console.take(pileons=[pileon()])
    page = page_of(console, "/")
    assert page.css(".since") == [] and page.css(".fresh") == []
