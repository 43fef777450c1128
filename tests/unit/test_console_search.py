"""What somebody looks for is found by a part of its name; people by reviewers who say why; whatever is typed does no harm."""

import re
from datetime import UTC, datetime

import pytest
from selectolax.lexbor import LexborHTMLParser

from streams.console.finding import words_of
from streams.records import Status
from streams.settings import load
from tests.support.builders import DAY, HOUR, pileon, scored
from tests.support.console import NOBODY_LISTENS, Console
from tests.support.html import page_of, text_of

NOW = datetime.now(UTC).replace(microsecond=0)
SECRETS = {"rita": "rita's very long secret", "anna": "anna's very long secret"}


def case(name: str, target: str, community: str = "sport", ago=HOUR, **fields):
    return pileon(name, fields.pop("revision", 1), fields.pop("status", Status.OPENED), target_id=target, community=community,
                  opened_at=NOW - ago, first_hostile_at=NOW - ago, **fields)  # fmt: skip


CASES = [
    case("aaaa1", "ann"), case("aaaa2", "ann", ago=2 * DAY, conversations=("talk", "match-of-the-day")),
    case("bbbb1", "Joanna", "Chess", revision=2, status=Status.CLOSED), case("cccc1", "comment:c9", "sports/local"),
]  # fmt: skip


@pytest.fixture
def console(tmp_path):
    made = Console(tmp_path)
    made.take(pileons=CASES, scored=[scored("c1", conversation_id="quiet", community="sport")])
    yield made
    made.close()


@pytest.fixture
def guarded(tmp_path):
    roles = {"RITA": "reviewer", "ANNA": "moderator"}
    given = {f"THREADWATCH_CONSOLE__TOKENS__{name}__ROLE": role for name, role in roles.items()}
    given |= {f"THREADWATCH_CONSOLE__TOKENS__{name}__SECRET": SECRETS[name.lower()] for name in roles}
    made = Console(tmp_path, load({"THREADWATCH_KAFKA": NOBODY_LISTENS, "THREADWATCH_DATA": str(tmp_path)} | given))
    made.take(pileons=CASES)
    yield made
    made.close()


def found(page, section: str) -> list[list[str]]:
    rows = page.css(f"section[aria-labelledby={section}] tbody tr")
    return [[" ".join(cell.text(separator=" ").split()) for cell in row.css("th, td")] for row in rows]


def looked(console: Console, words: str) -> LexborHTMLParser:
    answer = console.client.get("/find", params={"q": words})
    assert answer.status_code == 200, answer.text
    return LexborHTMLParser(answer.text)


@pytest.mark.parametrize("words", ["BBBB1", " bbbb1… ", "https://console.example/pileons/bbbb1?sent=x#verdicts"])
def test_the_name_of_one_case_leads_there(console, words):
    answer = console.client.get("/find", params={"q": words})
    assert answer.status_code == 303 and answer.headers["location"] == "/pileons/bbbb1"


def test_several_cases_that_begin_so_are_listed(console):
    page = looked(console, "aaaa")
    assert [row.attributes["id"] for row in page.css("section[aria-labelledby=cases] tbody tr")] == ["case-aaaa1", "case-aaaa2"]
    assert page.css_first("[data-find]").attributes["value"] == "aaaa"


@pytest.mark.parametrize(("words", "rows"), [
    ("SPORT", [["news / sport", "2", "2", "AAAA1 AAAA2"], ["news / sports/local", "1", "1", "CCCC1"]]),
    ("news/chess", [["news / Chess", "1", "0", "BBBB1"]]), ("news / chess", [["news / Chess", "1", "0", "BBBB1"]]), ("s", []),
])  # fmt: skip
def test_a_community_is_found_by_a_part_of_its_name_the_one_that_is_called_so_first(console, words, rows):
    assert found(looked(console, words), "communities") == rows


def test_a_conversation_is_found_by_a_part_of_its_name_where_a_case_runs_through_it_else_by_all_of_it(console):
    page = looked(console, "of-the")
    assert found(page, "conversations") == [["match-of-the-day news / sport", "1", "1", "AAAA2"]]
    assert page.css_first("section[aria-labelledby=conversations] th a").attributes["href"] == (
        "/conversation?source=news&community=sport&id=match-of-the-day"
    )
    assert found(looked(console, "quiet"), "conversations") == [["quiet news / sport", "0", "0", ""]]
    assert found(looked(console, "quie"), "conversations") == []


def test_people_and_texts_are_not_found_by_an_address(console):
    for words in ("ann", "joanna", "I like it"):
        page = looked(console, words)
        assert "No case begins so" in text_of(page) and found(page, "people") == []
    assert console.audited() == []


def test_nothing_looked_for_says_what_can_be(console):
    said = text_of(page_of(console, "/find"))
    assert (
        "a community that had a case" in said and "a person whom a case is about" in said and "Texts of comments are not searched" in said
    )
    assert "No case begins so" not in said


def people(browser, **fields):
    token = re.search(r'name="form_token" value="(\w+)"', browser.get("/find").text)
    given = {"form_token": token[1] if token else "", "q": "ANN", "reason": "she wrote to us"} | fields
    return browser.post("/find/people", data=given)


def test_a_person_is_found_by_who_says_why_and_it_is_noted_without_a_name(console):
    rows = found(LexborHTMLParser(people(console.client).text), "people")
    assert rows == [["ann news / sport", "2", "2", "AAAA1 AAAA2"], ["Joanna news / Chess", "1", "0", "BBBB1"]]
    assert [(entry["what"], entry["reason"]) for entry in console.audited()] == [("people_found", "2 people: she wrote to us")]
    assert "No case is about somebody called so" in people(console.client, q="comment:c9").text


@pytest.mark.parametrize(("fields", "said"), [({"reason": " "}, "Say why"), ({"q": " "}, "Say whom"), ({"form_token": "x"}, "too old")])
def test_who_does_not_say_why_or_whom_finds_nobody_and_nothing_typed_is_lost(console, fields, said):
    answer = people(console.client, **fields)
    assert answer.status_code in (400, 403) and said in answer.text and ">Joanna<" not in answer.text
    assert console.audited() == [] and ("she wrote to us" in answer.text or fields.get("reason"))


@pytest.mark.parametrize(("name", "status"), [("rita", 200), ("anna", 403)])
def test_people_are_found_by_reviewers_alone(guarded, name, status):
    browser = guarded.browser(authorization=f"Bearer {SECRETS[name]}")
    answer = people(browser)
    assert answer.status_code == status and (">Joanna<" in answer.text) == (status == 200)
    assert ("Find them" in browser.get("/find").text) == (status == 200)


EVIL = [
    "</script><img src=x onerror=alert(1)>",
    "' OR 1=1 --",
    "%",
    "____",
    "\\",
    "*",
    "\x00",
    "\u202egnp",
    "[",
    "9" * 5000,
    "'\"><b>",
    "/pileons/%2e%2e",
]


@pytest.mark.parametrize("words", EVIL)
def test_whatever_is_typed_finds_nothing_it_should_not_and_stays_text(console, words):
    page = looked(console, words)
    assert found(page, "cases") == found(page, "communities") == found(page, "conversations") == []
    assert page.css("main img, main b, script:not([src])") == [] and "\u202e" not in page.html
    answer = people(console.client, q=words)
    assert "tbody" not in answer.text and len(page.css_first("[data-find]").attributes["value"]) <= 200


def test_hostile_names_are_found_and_stay_text(console):
    console.take(pileons=[case("dddd1", "<b>eve\u202e", "<i>c\u202e", conversations=("talk<u>\u202e",))])
    for page in (looked(console, "<i>"), looked(console, "<u>"), LexborHTMLParser(people(console.client, q="<b>").text)):
        assert "DDDD1" in page.html and page.css("main b, main i, main u") == [] and "\u202e" not in page.html


def test_every_page_has_the_box_and_it_works_without_scripts(console):
    for path in ("/", "/top", "/health", "/nowhere", "/find-nothing"):
        page = LexborHTMLParser(console.client.get(path).text)
        form = page.css_first("form[role=search]")
        assert (
            form.attributes["action"] == "/find" and "method" not in form.attributes and form.css_first("input").attributes["name"] == "q"
        )


@pytest.mark.parametrize(("given", "words"), [("  a \n b ", "a b"), ("x" * 300, "x" * 200), ("", ""), ("/pileons/", "/pileons/")])
def test_what_is_typed_is_tidied(given, words):
    assert words_of(given) == words
