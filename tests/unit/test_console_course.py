"""The course of a case as a browser draws it: how many were hostile by when, and what was told; no name and no text."""

from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.console.application import STATIC
from streams.console.course import Answer, Point, points, thinned, told
from streams.records import FindingKind, Grounds, PileOn, Role, Severity, Status
from tests.support.builders import HOUR, MINUTE, NOON, pileon, reply
from tests.support.console import Console
from tests.support.html import page_of, text_of

MS = 60_000
NOON_MS = int(NOON.timestamp() * 1000)
GROUNDS = Grounds(finding=FindingKind.PILEON, share_evidence=82.3, share_needed=50.0, usual_a_day=0.2, usual_a_day_on_site=0.3,
                  usual_share=0.1, usual_share_on_site=0.1)  # fmt: skip


@pytest.fixture
def console(tmp_path: Path):
    made = Console(tmp_path)
    yield made
    made.close()


def answer(minute: int, person: int | None, hostility: float = 0.9) -> Answer:
    return Answer(minute * MS, person, hostility, hostility >= 0.5)


def counts(answers: list[Answer], window: int, ends: int) -> list[tuple[int, int, int]]:
    return [(point.at // MS, point.people, point.within) for point in points(answers, window * MS, ends * MS)]


def test_people_are_counted_once_and_leave_the_window_when_they_were_not_hostile_for_so_long():
    answers = [answer(0, 1), answer(5, 2, 0.1), answer(10, 1), answer(20, 2), answer(25, None), answer(26, None)]
    assert counts(answers, 15, 60) == [
        (0, 1, 1), (5, 1, 1), (10, 1, 1), (20, 2, 2), (25, 2, 1), (25, 3, 2), (26, 3, 2), (35, 3, 1), (41, 3, 0),
    ]  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 5), st.sampled_from([0.1, 0.9])), max_size=40), st.integers(1, 90))
def test_at_every_point_the_window_holds_whoever_was_hostile_since_it_began(given_answers: list[Any], window: int):
    answers = [answer(*each) for each in sorted(given_answers, key=lambda each: each[0])]
    for point in list(points(answers, window * MS, 400 * MS)):
        if point.hostility is not None:
            continue
        hostile = [(one.at, one.person) for one in answers if one.is_hostile]
        # Who leaves or comes in this very instant may be counted or not.
        surely = {person for at, person in hostile if point.at - window * MS < at < point.at}
        perhaps = {person for at, person in hostile if point.at - window * MS <= at <= point.at}
        assert len(surely) <= point.within <= len(perhaps)


def test_of_very_many_the_hostile_ones_stay_and_of_the_others_one_in_so_many():
    many = [Point(n, 0.9 if n % 10 == 0 else 0.1, n % 10 == 0, n, n) for n in range(1000)]
    kept = thinned(many, 200)
    assert sum(point.is_hostile for point in kept) == 100 and 80 <= sum(not point.is_hostile for point in kept) <= 120
    assert thinned(many, 1000) == many and len(thinned(many, 50)) <= 60 and thinned([], 5) == []


def steps(*pileons: PileOn, late: timedelta = timedelta(0)) -> list[tuple[PileOn, int]]:
    return [(one, int((one.updated_at + late).timestamp() * 1000)) for one in pileons]


CRITICAL = {"severity": Severity.CRITICAL, "updated_at": NOON + HOUR}


@pytest.mark.parametrize(("given_steps", "said"), [
    ([], []),
    (steps(pileon()), ["opened, told"]),
    (steps(pileon(), pileon(revision=2, status=Status.ONGOING, **CRITICAL)), ["opened, told", "critical, told"]),
    (steps(pileon(severity=Severity.CRITICAL), pileon(revision=2, status=Status.ONGOING, **CRITICAL)), ["opened, critical, told"]),
    (steps(pileon(), pileon(revision=2, status=Status.CLOSED, **CRITICAL)), ["opened, told"]),
    (steps(pileon(opening_delay_seconds=90_000)), ["opened, stale: nobody told"]),
    (steps(pileon(), late=timedelta(days=3)), ["opened, stale: nobody told"]),
])  # fmt: skip
def test_what_was_told_is_the_opening_and_the_worst_and_history_is_told_to_nobody(given_steps: Any, said: list[str]):
    assert [each.said for each in told(given_steps, timedelta(days=1))] == said


def course(console: Console, status: int = 200) -> dict[str, Any]:
    given_answer = console.client.get("/pileons/case-1/course")
    assert given_answer.status_code == status
    return msgspec.json.decode(given_answer.content) if status == 200 else {}


def fill(console: Console, **fields: Any) -> None:
    replies = [reply(f"bob-{n}", NOON + n * MINUTE, comment_id=f"c{n}", hostility=0.9 if n % 2 else 0.2) for n in range(1, 9)]
    replies.append(reply("a-bot", NOON + 3 * MINUTE, comment_id="c9", hostility=0.9, author_role=Role.BOT))
    given = {"first_hostile_at": NOON + MINUTE, "updated_at": NOON + 8 * MINUTE, "usual_hostile_authors": 0.3}
    console.take(replies=replies, pileons=[pileon(**(given | fields))])


def test_a_browser_gets_each_reply_with_the_counts_the_bounds_and_what_was_told(console):
    fill(console)
    found = course(console)
    assert found["begins"] == NOON_MS + MS - 60 * MS and found["min_hostility"] == 0.5 and (found["opens"], found["critical"]) == (4, 8)
    assert [value for value in found["hostile"] if value is not None] == [0.9] * 4, "what a bot writes is never counted as hostile"
    assert [value for value in found["other"] if value is not None] == [0.2, 0.9, 0.2, 0.2, 0.2]
    assert found["people"][-1] == max(found["within"]) == 4 and found["within"][-1] == 0 and found["told"] == [[67 * MS, "opened, told"]]
    assert (
        found["replies"] == found["drawn"] == 9 and len({len(found[name]) for name in ("at", "hostile", "other", "people", "within")}) == 1
    )


def test_it_holds_no_name_and_no_text_and_nobody_is_noted_for_it(console):
    fill(console)
    assert b"bob" not in console.client.get("/pileons/case-1/course").content and console.audited() == []


def test_where_evidence_decides_no_window_is_counted(console):
    fill(console, grounds=GROUNDS, detector="e-SR@1")
    assert course(console)["within"] is None
    assert "of them within the last" not in text_of(page_of(console, "/pileons/case-1"), ".timeline")


def test_there_is_none_of_a_case_without_times_or_that_is_not_there(console):
    course(console, 404)
    fill(console, usual_hostile_authors=None)
    course(console, 404)
    assert "data-course" not in page_of(console, "/pileons/case-1").html and "uplot" not in page_of(console, "/pileons/case-1").html


def test_without_scripts_the_drawing_stands_and_nothing_of_the_chart_is_seen(console):
    fill(console)
    page = page_of(console, "/pileons/case-1")
    assert page.css_first(".drawn svg title") is not None and "hidden" in page.css_first(".chart").attributes


def test_what_is_vendored_is_what_the_list_says():
    lines = [line.split("|") for line in (STATIC / "README.md").read_text(encoding="utf-8").splitlines() if "`" in line and "|" in line]
    listed = {cells[1].strip(" `"): cells[6].strip(" `") for cells in lines}
    vendored = {file.name for file in STATIC.iterdir() if ".min." in file.name}
    assert {name: sha256((STATIC / name).read_bytes()).hexdigest() for name in vendored} == listed
