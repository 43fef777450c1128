"""Cases and ids of comments as files: reviewers alone, who say why; noted; and nothing that a spreadsheet would run."""

import csv
import io
import re

import msgspec
import pytest

from streams.records import Status
from streams.settings import load
from tests.support.builders import NOON, pileon, reply, scored, verdict
from tests.support.console import NOBODY_LISTENS, Console

EVIL = '=HYPERLINK("http://x")\u202e'
SECRET = "a secret that is long enough"


@pytest.fixture
def console(tmp_path):
    made = Console(tmp_path)
    made.take(
        pileons=[pileon(target_id=EVIL, community="-1+2"), pileon("case-2", 2, Status.CLOSED, target_id="bob")],
        replies=[reply("p1", NOON, comment_id=name, target_id=EVIL, community="-1+2") for name in ("@SUM(A1)", "c2", "c\u202e3")],
        scored=[scored(name, 0.9, community="-1+2", text="never in a file") for name in ("@SUM(A1)", "c2", "c\u202e3")],
        feedback=[verdict()],
    )  # fmt: skip
    yield made
    made.close()


def exported(console: Console, path: str = "/export", **fields):
    page = console.client.get(path).text
    token, wanted = (re.search(rf'name="{name}" value="([^"]*)"', page)[1] for name in ("form_token", "filter"))
    given = {"form_token": token, "filter": wanted.replace("&amp;", "&"), "what": "cases", "as": "csv", "reason": "a yearly report"}
    return console.client.post("/export", data=given | fields)


def test_cases_are_a_table_in_which_nothing_is_a_formula_or_unseen(console):
    answer = exported(console)
    ((row),) = csv.DictReader(io.StringIO(answer.text))
    assert (row["pileon_id"], row["target"], row["community"]) == ("case-1", '\'=HYPERLINK("http://x")⟦U+202E⟧', "'-1+2")
    assert (row["status"], row["verdicts"], row["held_by"]) == ("opened", "pile_on", "")
    assert "attachment; filename=" in answer.headers["content-disposition"] and "never in a file" not in answer.text
    entry = console.audited()[-1]
    assert (entry["what"], entry["reason"]) == ("cases_exported", "1 cases: a yearly report")


@pytest.mark.parametrize(
    ("what", "heads"), [("cases", "pileon_id,source,community,target,"), ("comment_ids", "pileon_id,source,community,comment_id\n")]
)
def test_a_table_of_nothing_has_its_heads(console, what, heads):
    assert exported(console, "/export?source=nowhere", what=what).text.startswith(heads)


def test_json_lines_keep_values_as_they_are_and_follow_the_filter_of_the_list(console):
    rows = [msgspec.json.decode(line) for line in exported(console, "/export?status=all", **{"as": "jsonl"}).content.splitlines()]
    assert sorted(row["target"] for row in rows) == [EVIL, "bob"]
    (ended,) = exported(console, "/export?status=closed", **{"as": "jsonl"}).content.splitlines()
    assert msgspec.json.decode(ended)["pileon_id"] == "case-2"


def test_ids_of_hostile_comments_stand_beside_their_case(console):
    rows = list(csv.DictReader(io.StringIO(exported(console, what="comment_ids").text)))
    assert sorted((row["pileon_id"], row["comment_id"]) for row in rows) == [("case-1", "'@SUM(A1)"), ("case-1", "c2")]
    assert console.audited()[-1]["what"] == "comment_ids_exported"


@pytest.mark.parametrize(("fields", "status", "said"), [
    ({"reason": " "}, 400, "Say why"), ({"reason": "x" * 501}, 400, "Say why"), ({"what": "texts"}, 400, "Say what"),
    ({"as": "exe"}, 400, "Say what"), ({"form_token": "0"}, 403, "not ours"),
])  # fmt: skip
def test_what_is_not_said_is_asked_for_and_nothing_is_noted_or_lost(console, fields, status, said):
    answer = exported(console, **fields)
    assert answer.status_code == status and said in answer.text and "exported" not in str(console.audited())
    assert fields.get("reason", "a yearly report") in answer.text


@pytest.mark.parametrize("role", ["reader", "moderator"])
def test_who_is_no_reviewer_is_told_so(tmp_path, role):
    console = Console(tmp_path, load({
        "THREADWATCH_KAFKA": NOBODY_LISTENS, "THREADWATCH_DATA": str(tmp_path),
        "THREADWATCH_CONSOLE__TOKENS__KIM__SECRET": SECRET, "THREADWATCH_CONSOLE__TOKENS__KIM__ROLE": role,
    }))  # fmt: skip
    browser = console.browser(authorization=f"Bearer {SECRET}")
    assert "for reviewers alone" in browser.get("/export").text and "/export" not in browser.get("/").text
    assert browser.post("/export", data={"what": "cases", "as": "csv", "reason": "why not"}).status_code == 403
    console.close()
