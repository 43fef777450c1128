"""What to judge next: the detector that is known least first, of its cases the worst; judged ones go, and judges who differ stand apart."""

from datetime import UTC, datetime, timedelta

import pytest

from streams.records import Judgement, Severity, Status
from tests.support.builders import DAY, HOUR, pileon, verdict
from tests.support.console import Console
from tests.support.html import page_of, text_of

pytestmark = pytest.mark.usefixtures("begun_now")
NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def console(tmp_path):
    made = Console(tmp_path)
    yield made
    made.close()


def case(name: str, people: int = 4, detector: str = "window@1", **fields):
    at = NOW - fields.pop("ago", HOUR)
    return pileon(name, target_id=name, hostile_authors=people, detector=detector, opened_at=at, first_hostile_at=at, **fields)


def listed(console: Console, section: str = "unjudged") -> list[str]:
    parts = page_of(console, "/queue").css(f"section[aria-labelledby={section}] tbody tr")
    return [row.attributes["id"].removeprefix("case-") for row in parts]


def test_of_one_detector_the_critical_come_first_then_most_people_then_the_oldest(console):
    console.take(pileons=[case("few"), case("many", 9), case("old", 4, ago=5 * HOUR), case("worst", 4, severity=Severity.CRITICAL)])
    assert listed(console) == ["worst", "many", "old", "few"]


def test_the_detector_that_is_known_least_comes_first(console):
    known = [case(f"w{n}") for n in range(12)]
    console.take(pileons=[*known, case("a", 30), case("b", 20), case("x", 4, "evidence@1"), case("y", 5, "evidence@1")],
                 feedback=[verdict(pileon_id=f"w{n}") for n in range(12)])  # fmt: skip
    assert listed(console) == ["y", "x", "a", "b"]
    said = text_of(page_of(console, "/queue"), "section[aria-labelledby=known] tbody")
    assert "evidence@1 0 of 0 nobody judged one 2" in said and "window@1 12 of 12 1.00 0.76 to 1.00 2" in said


def test_what_somebody_judged_is_gone_and_where_judges_differ_one_more_decides(console):
    console.take(pileons=[case("a"), case("b"), case("c"), case("d")],
                 feedback=[verdict(pileon_id="a"), verdict(Judgement.UNSURE, pileon_id="b"), verdict(pileon_id="c"),
                           verdict(Judgement.NOT_ONE, pileon_id="c", judge="other")])  # fmt: skip
    assert listed(console) == ["d"] and listed(console, "differ") == ["c"]


def test_a_case_whose_comments_are_gone_is_not_to_be_judged(console):
    console.take(pileons=[case("gone", ago=31 * DAY), case("ended", revision=2, status=Status.CLOSED, ago=20 * DAY)])
    assert listed(console) == ["ended"]


def test_next_leads_from_case_to_case_and_in_the_end_to_the_list(console):
    console.take(pileons=[case("a", 9), case("b", 8)])
    assert console.client.get("/queue/next").headers["location"] == "/pileons/a"
    assert console.client.get("/queue/next?after=a").headers["location"] == "/pileons/b"
    console.take(feedback=[verdict(pileon_id="b")])
    assert console.client.get("/queue/next?after=a").headers["location"] == "/queue"
    assert console.client.get("/queue/next?after=" + "%00<script>").headers["location"] == "/pileons/a"


def test_an_empty_queue_says_so(console):
    assert "There is nothing to judge" in text_of(page_of(console, "/queue"))
    assert "No detector has fired yet" in text_of(page_of(console, "/queue"))
    assert timedelta(days=30) == console.settings.retention


def test_a_detectors_name_is_text(console):
    console.take(pileons=[case("a", detector="<img src=x>\u202e")])
    page = page_of(console, "/queue")
    assert page.css("img") == [] and "<img src=x>⟦U+202E⟧" in text_of(page)
