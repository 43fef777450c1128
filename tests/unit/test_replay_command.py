"""``threadwatch replay``: eight files that account for every line, and plain words for every mistake."""

import base64
import io
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.cli.main import main
from streams.records import Comment
from streams.replay.folder import LINES, Folder
from streams.replay.summary import Unbalanced, balanced
from streams.sources.sample import CHAIN_TARGET, CROSS_TARGET, FEWEST, LOVED, sample
from tests.support.builders import DAY, HOUR, MINUTE, NOON, comment, deleted, edited
from tests.support.recording import recording

KEY = "0f" * 32


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("THREADWATCH_KEY", KEY)


def given(*comments: Comment | bytes) -> None:
    lines = [one if isinstance(one, bytes) else msgspec.json.encode(one) for one in comments]
    Path("in.jsonl").write_bytes(b"\n".join(lines))


def replay(*options: str) -> int:
    return main(["replay", "--file", "in.jsonl", "--out", "out", *options])


def read(name: str) -> list[Any]:
    return [msgspec.json.decode(line) for line in Path(f"out/{name}.jsonl").read_bytes().splitlines()]


def summary() -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(Path("out/summary.json").read_bytes())
    return found


def hostile(n: int, **fields: Any) -> Comment:
    return comment(f"h{n}", author_id=f"p{n}", parent_id="root", text="Shut up, you stupid idiot. You are a pathetic clown.", **fields)


def test_four_people_turn_on_one_and_each_file_tells_its_part() -> None:
    given(comment("root"), *(hostile(n, created_at=NOON + n * MINUTE) for n in range(1, 5)))
    assert replay() == 0
    assert [one["comment"]["comment_id"] for one in read("scored")] == ["root", "h1", "h2", "h3", "h4"]
    assert [(one["target_id"], one["comment_id"]) for one in read("replies")] == [("ann", f"h{n}") for n in range(1, 5)]
    assert [one["status"] for one in read("pileons")] == ["opened"]
    assert [(one["decision"], one["reason"]) for one in read("alerts")] == [("fire", "new")]
    (target,) = read("targets")
    assert (target["target_id"], target["surely_hostile_authors"], target["replies"], target["status"]) == ("ann", 4, 4, "open")
    assert read("late") == read("dead-letters") == []
    assert summary()["raw"] == {"records": 5, "scored": 5, "deletes": 0, "duplicates": 0, "dead_lettered": 0}


def test_replies_hold_no_text_and_no_ticks() -> None:
    given(comment("root", text="Nice goal"), hostile(1))
    replay()
    assert b"text" not in Path("out/replies.jsonl").read_bytes()
    assert {one["type"] for one in read("replies")} == {"reply"}


def test_what_cannot_be_read_is_kept_with_its_line_and_its_bytes() -> None:
    given(comment("a"), b"{nonsense", b"\xff\xfe", comment("b"))
    assert replay() == 0
    letters = read("dead-letters")
    assert [(one["line"], one["reason"]) for one in letters] == [(2, "not_json"), (3, "not_json")]
    assert [base64.b64decode(one["bytes"]) for one in letters] == [b"{nonsense", b"\xff\xfe"]
    assert summary()["raw"] == {"records": 4, "scored": 2, "deletes": 0, "duplicates": 0, "dead_lettered": 2}


def test_no_clock_however_wrong_stops_a_run() -> None:
    lies = ("0001-01-01T00:00:30+05:00", "9999-12-31T23:59:59-05:00", "1969-12-31T23:59:59Z")
    said = msgspec.json.encode(comment("root"))
    liars = [said.replace(b'"root"', b'"w%d"' % n).replace(b"2024-05-01T12:00:00Z", lie.encode()) for n, lie in enumerate(lies)]
    untold = [one.replace(b',"ingested_at":"2024-05-01T12:00:02Z"', b"").replace(b'"w', b'"u') for one in liars]
    arrived = [said.replace(b"2024-05-01T12:00:02Z", lie.encode()) for lie in lies[:2]]
    given(*liars, *untold, *arrived, hostile(1))
    assert replay() == 0
    assert summary()["raw"] == {"records": 9, "scored": 7, "deletes": 0, "duplicates": 0, "dead_lettered": 2}
    assert ["ingested_at is out of range" in one["detail"] for one in read("dead-letters")] == [True, True]


@pytest.mark.parametrize(
    ("talk", "ahead"), [("else", 2 * HOUR), ("else", 40 * DAY), ("talk", 30 * HOUR), ("talk", 40 * DAY), ("talk", 3500 * 365 * DAY)]
)
def test_one_record_that_lies_about_its_arrival_ends_nobodys_pile_on_and_makes_nobody_late(talk: str, ahead: timedelta) -> None:
    said = [comment("root"), *(hostile(n, created_at=NOON + n * MINUTE, ingested_at=None) for n in range(1, 9))]
    given(*said)
    assert replay() == 0
    files = ("pileons", "alerts", "replies", "late")
    honest = {name: read(name) for name in files}
    assert [one["status"] for one in honest["pileons"]][-1] != "closed"
    lie = comment("liar", author_id="zoe", ingested_at=NOON + ahead, conversation_id=talk)
    for place in (0, 4, len(said)):
        given(*said[:place], lie, *said[place:])
        assert replay("--force") == 0
        assert {
            name: [one for one in read(name) if one.get("target_id") != "zoe" and one.get("author_id") != "zoe"] for name in files
        } == honest


def test_an_arrival_that_is_not_believed_is_counted_and_said(capsys: pytest.CaptureFixture[str]) -> None:
    given(*(comment(f"c{n}", ingested_at=NOON + n * MINUTE) for n in range(6)), comment("liar", ingested_at=NOON + 4000 * DAY))
    replay()
    assert summary()["notes"]["replay.arrival_not_believed"] == 1
    assert summary()["last_arrival"] == "2024-05-01T12:05:00+00:00"
    assert "1 arrivals not believed" in capsys.readouterr().err


def test_a_late_reply_stands_in_late_and_is_not_counted() -> None:
    given(comment("root", ingested_at=NOON), hostile(1, created_at=NOON, ingested_at=NOON + 25 * 60 * MINUTE))
    replay()
    assert [one["comment_id"] for one in read("late")] == ["h1"]
    assert summary()["replies"]["late"] == 1


def test_the_summary_counts_people_and_times_that_are_not_known() -> None:
    given(comment("a", author_id=None), comment("b", created_at_is_estimated=True), comment("c", conversation_id="other"))
    replay()
    found = summary()["comments"]
    assert (found["without_author"], found["without_time"], found["conversations"]) == (1, 1, 2)


def test_duplicates_edits_and_deletions_are_each_accounted_for() -> None:
    said = comment("a")
    given(said, said, edited(said, "Good game.", NOON + MINUTE), deleted(said, NOON + 2 * MINUTE), deleted(comment("b"), NOON))
    replay()
    assert summary()["raw"] == {"records": 5, "scored": 3, "deletes": 2, "duplicates": 0, "dead_lettered": 0}
    scored = summary()["scored"]
    assert (scored["records"], scored["duplicate"], scored["edited"], scored["deleted"]) == (5, 1, 1, 1)


def test_every_section_of_a_summary_is_a_sum() -> None:
    Path("in.jsonl").write_bytes(b"\n".join(recording().lines))
    assert replay() == 0
    found = summary()
    assert found["raw"]["dead_lettered"] == len(read("dead-letters")) > 0
    assert found["replies"]["records"] == len(read("replies"))
    assert found["pileons"]["records"] == len(read("pileons")) == len(read("alerts"))
    assert found["replies"]["late"] == len(read("late")) >= 50
    for section in ("raw", "scored", "replies", "pileons", "alerts"):
        total, *parts = (count for name, count in found[section].items() if name != "ticks")
        assert total == sum(parts), section


def test_a_sum_that_does_not_hold_is_an_error_and_not_a_number() -> None:
    assert balanced(3, {"a": 1, "b": 2}, "x") == {"records": 3, "a": 1, "b": 2}
    for parts in ({"a": 1, "b": 1}, {"a": 4, "b": -1}):
        with pytest.raises(Unbalanced, match="x: 3 came in"):
            balanced(3, parts, "x")


@pytest.mark.parametrize("comments", [FEWEST, 4000])
def test_the_sample_has_exactly_its_two_pile_ons_both_critical_and_over(comments: int) -> None:
    given(*sample(NOON, comments))
    assert replay() == 0
    told = read("pileons")
    assert {one["target_id"] for one in told} == {CHAIN_TARGET, CROSS_TARGET}
    assert summary()["pileons"]["opened"] == summary()["pileons"]["closed"] == 2
    assert {one["target_id"] for one in told if one["severity"] == "critical"} == {CHAIN_TARGET, CROSS_TARGET}
    assert {len(one["conversations"]) for one in told if one["target_id"] == CROSS_TARGET} == {2}
    assert {len(one["conversations"]) for one in told if one["target_id"] == CHAIN_TARGET} == {1}
    assert {one["ended_because"] for one in told if one["status"] == "closed"} == {"quiet"}
    best = [one["target_id"] for one in read("targets")]
    assert {*best[:2]} == {CHAIN_TARGET, CROSS_TARGET}
    assert LOVED in best


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "in.jsonl: is empty"),
        ([b"  ", b""], "in.jsonl: is empty"),
        ([b"{nonsense"], "its only line cannot be read (line 1: JSON is malformed"),
        ([b"", b"[]", b"{}"], "none of its 2 lines can be read (line 2: "),
        ([b"x" * (4 << 20 | 1)], "its only line cannot be read (line 1: 4194305 bytes"),
    ],
)
def test_a_file_without_a_comment_is_one_plain_line_and_never_an_account_of_calm(
    lines: list[bytes], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given(*lines)
    assert replay() == 2
    error = capsys.readouterr().err
    assert said in error
    assert "threadwatch ingest" in error
    assert error.count("\n") == 1
    assert not Path("out").exists()


def test_a_file_without_a_comment_leaves_an_earlier_runs_results_alone() -> None:
    given(comment("a"))
    replay()
    before = summary()
    given(b"nonsense")
    assert replay("--force") == 2
    assert summary() == before


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(msgspec.json.encode(comment("a")))))
    assert main(["replay", "--file", "-", "--out", "out"]) == 0
    assert summary()["raw"]["records"] == 1


def test_a_folder_that_holds_something_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    given(comment("a"))
    Path("out").mkdir()
    Path("out/mine.txt").write_text("precious")
    assert replay() == 2
    assert "not empty" in capsys.readouterr().err
    assert [path.name for path in Path("out").iterdir()] == ["mine.txt"]


def test_force_replaces_an_earlier_runs_files_and_nothing_else() -> None:
    given(comment("a"))
    replay()
    Path("out/mine.txt").write_text("precious")
    given(comment("a"), comment("b"))
    assert replay("--force") == 0
    assert summary()["raw"]["records"] == 2
    assert Path("out/mine.txt").read_text() == "precious"


def test_what_a_killed_run_left_does_not_stand_in_the_way_and_is_removed() -> None:
    given(comment("a"))
    Path("out/.unfinished-1").mkdir(parents=True)
    Path("out/.unfinished-1/scored.jsonl").write_text("{")
    assert replay() == 0
    assert not list(Path("out").glob(".*"))


def test_a_run_that_fails_leaves_what_was_there() -> None:
    given(comment("a"))
    replay()
    before = summary()
    with pytest.raises(KeyError), Folder(Path("out"), force=True) as folder:
        folder.write("no such file", [b"{}"])
    assert summary() == before
    assert sorted(path.name for path in Path("out").iterdir()) == sorted([*(f"{name}.jsonl" for name in LINES), "summary.json"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--file", "none.jsonl", "--out", "out"], "none.jsonl: cannot be read: No such file"),
        (["--file", "in.jsonl", "--out", "in.jsonl"], "in.jsonl is a file"),
        (["--file", "in.jsonl", "--out", "out", "--scorer", "psychic"], "there is no scorer 'psychic'"),
        (["--file", "in.jsonl", "--out", "in.jsonl/below"], "cannot be made"),
        (["--out", "out"], "--file"),
    ],
)
def test_a_mistake_is_one_plain_line_and_exit_2(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    given(comment("a"))
    assert main(["replay", *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error
    assert error.count("\n") == 1
    assert not Path("out").exists()


def test_nothing_but_words_for_people_goes_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    given(comment("a"))
    replay()
    out, error = capsys.readouterr()
    assert out == ""
    assert error.startswith("1 lines: 1 comments scored, 0 deletions, 0 unreadable; 0 replies, 0 of them late; ")
    assert error.endswith("0 pile-ons opened, 0 closed; results in out\n")
