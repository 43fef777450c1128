"""Beside pile-ons: toxic comments at nobody here, and who sees people by name."""

from datetime import UTC, datetime, timedelta

import pytest

from streams.records import ScoredComment
from streams.settings import load
from tests.support.builders import DAY, HOUR, MINUTE, reply, scored
from tests.support.builders import deleted as gone
from tests.support.console import NOBODY_LISTENS, Console
from tests.support.html import page_of, text_of
from tests.support.reading import asked, taken

pytestmark = pytest.mark.usefixtures("begun_now")
NOW = datetime.now(UTC).replace(microsecond=0)
DELETED = ScoredComment(comment=gone(scored("c1").comment, NOW), toxicity=0.0, scorer="none@0")
OF_A_GROUP = "The people of that town are idiots."


@pytest.fixture
def console(tmp_path):
    made = Console(tmp_path)
    yield made
    made.close()


def at(console: Console, ago: timedelta = 10 * MINUTE, **records) -> None:
    console.store.apply(taken(**records, at_ms=int((NOW - ago).timestamp() * 1000)))


def said(console: Console, table: int) -> list[list[str]]:
    (rows,) = page_of(console, "/watched").css("section[aria-labelledby=aside] tbody")[table : table + 1] or [None]
    return [] if rows is None else [[" ".join(c.text(separator=" ").split()) for c in row.css("th, td")[:5]] for row in rows.css("tr")]


def test_what_is_toxic_and_hostile_to_nobody_here_is_counted_by_place_and_names_no_target(console):
    at(console, scored=[
        scored("c1", 0.9, author_id="a", text=OF_A_GROUP), scored("c2", 0.8, author_id="b", text="What rubbish."),
        scored("c3", 0.9, author_id="b", text="What rubbish.", conversation_id="other"), scored("c4", 0.9, author_id="d"),
        scored("c5", 0.4, author_id="e"),
    ], replies=[reply("d", comment_id="c4", target_id="ann"), reply("b", hostility=0.1, comment_id="c2", target_id="ann")])  # fmt: skip
    assert said(console, 0) == [["news / sport", "3", "1", "2", "2 people"]]
    assert [row[1:] for row in said(console, 1)] == [["2", "1", "1", "2 people"], ["1", "0", "1", "1 person"]]
    page = page_of(console, "/watched")
    assert "ann" not in text_of(page, "section[aria-labelledby=aside]")
    there = page_of(console, page.css_first("section[aria-labelledby=aside] a").attributes["href"])
    assert OF_A_GROUP in text_of(there)


@pytest.mark.parametrize(("ago", "records"), [
    (timedelta(0), {"scored": [scored("c1", 0.9)]}),  # whom it answers may not be known yet
    (2 * DAY, {"scored": [scored("c1", 0.9)]}),
    (10 * MINUTE, {"scored": [scored("c1", 0.9), DELETED]}),
    (10 * MINUTE, {"scored": [scored("c1", 0.9, author_role="bot")]}),
])  # fmt: skip
def test_what_is_too_new_too_old_gone_or_a_bots_is_not(console, ago, records):
    at(console, ago, **records)
    assert said(console, 0) == []


def test_an_edit_decides_anew_and_rows_go_after_two_days(console):
    at(console, scored=[scored("c1", 0.9, text=OF_A_GROUP)])
    at(console, scored=[scored("c1", 0.9, action="edited", edited_at=NOW, text="What rubbish.")])
    assert [row[1:4] for row in said(console, 0)] == [["1", "0", "1"]]
    console.store.sweep(NOW + 3 * DAY, timedelta(days=30))
    assert asked(console.store.file, "SELECT count(*) FROM toxic") == [(0,)]


def test_an_edit_is_listed_by_when_it_came_and_a_time_of_another_year_says_which(console):
    console.store.apply(taken(scored=[scored("c1", 0.9, created_at=NOW - 700 * DAY)], at_ms=int((NOW - 30 * HOUR).timestamp() * 1000)))
    assert said(console, 0) == []
    at(console, scored=[scored("c1", 0.9, action="edited", created_at=NOW - 700 * DAY, edited_at=NOW, text=OF_A_GROUP)])
    assert [row[1:3] for row in said(console, 0)] == [["1", "1"]]
    assert f"{NOW - 700 * DAY:%d %b %Y %H:%M}" in text_of(page_of(console, "/watched"), "section[aria-labelledby=aside]")


@pytest.mark.parametrize(("role", "is_named"), [("reader", False), ("moderator", False), ("reviewer", True)])
def test_people_are_named_to_reviewers_alone(tmp_path, role, is_named):
    secret = "a secret that is long enough"
    console = Console(tmp_path, load({
        "THREADWATCH_KAFKA": NOBODY_LISTENS, "THREADWATCH_DATA": str(tmp_path),
        "THREADWATCH_CONSOLE__TOKENS__KIM__SECRET": secret, "THREADWATCH_CONSOLE__TOKENS__KIM__ROLE": role,
    }))  # fmt: skip
    at(console, replies=[
        reply(f"p{n}", NOW - MINUTE, target_id="annalena", comment_id=f"c{n}-{m}") for n in range(3) for m in range(3)
    ])  # fmt: skip
    html = console.browser(authorization=f"Bearer {secret}").get("/watched").text
    assert html.count("annalena") == (4 if is_named else 0)
    assert html.count("3 of 4") + html.count("<strong>3</strong>") >= 4
    assert console.audited()[-1]["what"] == ("watched" if is_named else "watched_unnamed")
    console.close()
