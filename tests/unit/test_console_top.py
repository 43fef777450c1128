"""Where it happened most and what changed; lists of people are for reviewers who say why, and files of them hold no formula."""

import csv
import io
import re
from datetime import UTC, datetime

import pytest

from streams.console.top import Place
from streams.console.top import csv as lines_of
from streams.records import Severity
from streams.settings import load
from tests.support.builders import DAY, HOUR, pileon
from tests.support.console import NOBODY_LISTENS, Console
from tests.support.html import page_of, text_of

pytestmark = pytest.mark.usefixtures("begun_now")
NOW = datetime.now(UTC).replace(microsecond=0)
SECRETS = {"rita": "rita's very long secret", "anna": "anna's very long secret", "rolf": "rolf's very long secret"}
ROLES = {"rita": "reviewer", "anna": "moderator", "rolf": "reader"}


def case(name: str, target: str, community: str = "sport", people: int = 4, ago=HOUR, **fields):
    at = NOW - ago
    return pileon(name, target_id=target, community=community, hostile_authors=people, opened_at=at, first_hostile_at=at, **fields)


CASES = [
    case("aaaa1", "ann", people=9, severity=Severity.CRITICAL), case("aaaa2", "ann", ago=2 * DAY, conversations=("talk", "other")),
    case("aaaa3", "bob", ago=3 * DAY), case("aaaa4", "bob", ago=9 * DAY), case("aaaa5", "eve", "chess", ago=10 * DAY),
    case("bbbb1", "eve", "chess", ago=100 * DAY),
]  # fmt: skip


@pytest.fixture
def console(tmp_path):
    made = Console(tmp_path)
    made.take(pileons=CASES)
    yield made
    made.close()


@pytest.fixture
def guarded(tmp_path):
    given = {f"THREADWATCH_CONSOLE__TOKENS__{name.upper()}__{what}": value for name in SECRETS
             for what, value in (("SECRET", SECRETS[name]), ("ROLE", ROLES[name]))}  # fmt: skip
    made = Console(tmp_path, load({"THREADWATCH_KAFKA": NOBODY_LISTENS, "THREADWATCH_DATA": str(tmp_path)} | given))
    made.take(pileons=CASES)
    yield made
    made.close()


def rows(page, section: str) -> list[list[str]]:
    return [
        [" ".join(cell.text(separator=" ").split()) for cell in row.css("th, td")]
        for row in page.css(f"section[aria-labelledby={section}] tbody tr")
    ]


def test_communities_and_conversations_are_counted_against_the_period_before(console):
    page = page_of(console, "/top?period=7d")
    assert rows(page, "communities") == [["news / sport", "3", "1", "+2", "1", "9"], ["news / chess", "0", "1", "-1", "0", "0"]]
    assert rows(page, "conversations") == [
        ["talk news / sport", "3", "1", "+2", "1", "9", "AAAA1 AAAA2 AAAA3"], ["other news / sport", "1", "0", "+1", "0", "4", "AAAA2"],
    ]  # fmt: skip


@pytest.mark.parametrize("query", ["", "?period=nonsense", "?period=%00", "?period=" + "9" * 5000])
def test_the_usual_period_is_a_week(console, query):
    assert "in the last 7 days" in text_of(page_of(console, "/top" + query), "h1")


def people(browser, **fields):
    token = re.search(r'name="form_token" value="(\w+)"', browser.get("/top").text)
    return browser.post(
        "/top/people", data={"form_token": token[1] if token else "", "period": "7d", "reason": "who needs help first"} | fields
    )


def test_people_are_shown_to_who_says_why_and_it_is_noted(console):
    assert "ann" not in page_of(console, "/top").html.replace("channel", "")
    refused = people(console.client, reason=" ")
    assert refused.status_code == 400 and "Say why" in refused.text and console.audited() == []
    from selectolax.lexbor import LexborHTMLParser

    shown = rows(LexborHTMLParser(people(console.client).text), "people")
    assert shown == [["ann news / sport", "2", "0", "+2", "1", "9", "AAAA1 AAAA2"], ["bob news / sport", "1", "1", "±0", "0", "4", "AAAA3"]]
    assert [(entry["what"], entry["reason"]) for entry in console.audited()] == [("people", "who needs help first")]


@pytest.mark.parametrize(("name", "status"), [("rita", 200), ("anna", 403), ("rolf", 403)])
def test_people_are_for_reviewers_alone(guarded, name, status):
    browser = guarded.browser(authorization=f"Bearer {SECRETS[name]}")
    answer = people(browser)
    assert answer.status_code == status and (">ann<" in answer.text) == (status == 200)
    assert ("Show them" in browser.get("/top").text) == (status == 200)
    assert [entry["what"] for entry in guarded.audited()] == (["people"] if status == 200 else [])


def test_a_list_of_people_cannot_be_asked_for_by_an_address(console):
    assert console.client.get("/top/people?period=7d&reason=x").status_code == 405


def test_a_file_of_people_holds_text_alone(console):
    console.take(pileons=[case("evil1", '=HYPERLINK("http://evil","x")', "\t@sport,\u202e\r\n+1", people=2)])
    answer = people(console.client, **{"as": "csv"})
    assert answer.headers["content-type"].startswith("text/csv") and "attachment" in answer.headers["content-disposition"]
    read = list(csv.reader(io.StringIO(answer.text)))
    assert read[0][:4] == ["source", "community", "target", "cases"] and len(read) == 4
    assert read[-1][1:3] == ["'\t@sport,⟦U+202E⟧\n+1", '\'=HYPERLINK("http://evil","x")']
    assert [entry["what"] for entry in console.audited()] == ["people_exported"]


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", " =1", "\t1", "\r1", "\uff1d1"])
def test_what_a_spreadsheet_takes_for_a_formula_gets_a_quote_in_front(text):
    line = lines_of([Place(text, "sport", 1, 0, 4, 0, "ann")]).split("\r\n")[1]
    assert line.startswith(f'"\'{text}"')


@pytest.mark.parametrize(("text", "given"), [
    ("a;=1", "a;'=1"), ('a";"=1', "a\";'\"=1"), ("a; -1", "a;' -1"), ("\t;=1", "'\t;'=1"), ("a;b=1", "a;b=1"),
])  # fmt: skip
def test_nor_does_one_that_splits_lines_at_semicolons(text, given):
    line = lines_of([Place(text, "sport", 1, 0, 4, 0, "ann")]).split("\r\n")[1]
    assert next(csv.reader([line]))[0] == given
