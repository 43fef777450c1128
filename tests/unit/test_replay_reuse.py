"""``--scores reuse``: scores are those of ``comments.scored``, and a mix that nobody can explain is refused with counts."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from streams.cli.main import main
from streams.engine import Message, turn
from streams.records import Comment, ScoredComment
from streams.replay.folder import LINES, SUMMARY
from streams.scorers import open_scorer
from streams.stages.score import Score, Stateless
from streams.topics import by_conversation
from tests.support.builders import HOUR, MINUTE, NOON, comment, deleted, edited, scored
from tests.support.recorded import messages, write_recording
from tests.support.recording import recording

RAW, SCORED = "comments.raw", "comments.scored"
FILES = (*(f"{name}.jsonl" for name in LINES), SUMMARY)
NAME = open_scorer("linear").name


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("THREADWATCH_KEY", "0f" * 32)


def results(out: str, *options: str) -> dict[str, bytes]:
    assert main(["replay", "--out", out, *options]) == 0
    return {name: Path(out, name).read_bytes() for name in FILES}


def complaint(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert main(["replay", "--out", "none", *options]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1 and not Path("none").exists()
    return told


def put(topic: str, values: Sequence[bytes | None], partition: int = 0) -> list[Message]:
    at = int((NOON + timedelta(days=400)).timestamp() * 1000)
    return [msgspec.structs.replace(one, timestamp_ms=at) for one in messages(topic, values, partition)]


def recordings(raw: list[Message]) -> None:
    """Write what a broker held and what its worker made of it."""
    sent = turn(Score(open_scorer("linear")), raw, Stateless()).sends
    write_recording(Path("raw.rec"), RAW, raw)
    write_recording(Path("scored.rec"), SCORED, put(SCORED, [send.value for send in sent]))


def scored_by(*pairs: tuple[Comment, str, float]) -> None:
    records = [ScoredComment(comment=one, toxicity=toxicity, scorer=scorer) for one, scorer, toxicity in pairs]
    write_recording(Path("scored.rec"), SCORED, put(SCORED, [msgspec.json.encode(one) for one in records]))


def raw_of(*comments: Comment) -> None:
    write_recording(Path("raw.rec"), RAW, put(RAW, [msgspec.json.encode(one) for one in comments]))


REUSE = ("--file", "raw.rec", "--scores", "reuse", "--scored", "scored.rec")


def test_with_the_same_scorer_every_file_is_the_same_as_scored_again() -> None:
    recordings(put(RAW, recording().lines))
    again, reused = results("again", "--file", "raw.rec"), results("reused", *REUSE)
    assert again == reused
    assert len(again["pileons.jsonl"]) > 10_000 and again["dead-letters.jsonl"] != b""


def test_comments_scored_alone_gives_the_same_but_for_what_was_never_scored() -> None:
    recordings(put(RAW, recording().lines))
    again, alone = results("again", "--file", "raw.rec"), results("alone", "--file", "scored.rec", "--scores", "reuse")
    assert again.pop("dead-letters.jsonl") != alone.pop("dead-letters.jsonl") == b""
    whole, part = (msgspec.json.decode(found.pop(SUMMARY)) for found in (again, alone))
    assert again == alone
    unreadable = whole["raw"].pop("dead_lettered")
    assert whole["raw"].pop("records") - part["raw"].pop("records") == unreadable > 0 == part["raw"].pop("dead_lettered")
    assert whole == part


def test_edits_deletions_and_clocks_that_lie_find_their_scores() -> None:
    first = comment("c1")
    ahead = comment("c2", created_at=NOON + 30 * HOUR, ingested_at=NOON)
    odd = edited(first, "You stupid liar.", NOON + 90 * HOUR, author_id="ann")
    odd = msgspec.structs.replace(odd, ingested_at=NOON + HOUR)
    raw = [first, ahead, odd, deleted(ahead, NOON + 2 * HOUR), comment("long", text="a word " * 20_000)]
    recordings(put(RAW, [msgspec.json.encode(one) for one in raw]))
    again, reused = results("again", "--file", "raw.rec"), results("reused", *REUSE)
    assert again == reused == results("alone", "--file", "scored.rec", "--scores", "reuse")
    assert b'"score.clock_ahead": 3' in again[SUMMARY] and b'"score.text_cut": 1' in again[SUMMARY]


def test_the_first_score_of_a_revision_counts() -> None:
    raw_of(one := comment("c1"))
    scored_by((one, NAME, 0.25), (one, NAME, 0.75))
    results("out", *REUSE)
    assert [msgspec.json.decode(line)["toxicity"] for line in Path("out/scored.jsonl").read_bytes().splitlines()] == [0.25]


def test_scores_by_another_scorer_are_refused_and_taken_when_named(capsys: pytest.CaptureFixture[str]) -> None:
    raw_of(*(some := [comment(f"c{n}", created_at=NOON + n * MINUTE) for n in range(4)]))
    scored_by((some[0], "old@1", 0.1), (some[0], NAME, 0.4), (some[1], "old@1", 0.1), (some[2], "old@1", 0.1), (some[2], "other@2", 0.1))
    assert complaint(capsys, *REUSE) == (
        f"threadwatch: --scores reuse: of 4 comments 3 have no score by {NAME}: 2 were scored by old@1, 1 not at all (not yet, or gone "
        "with retention); --scored-by NAME@VERSION takes another's scores, --scored-by any the first of each comment; --scores recompute "
        "needs none\n"
    )
    assert "of 4 comments 1 have no score by old@1: 1 not at all" in complaint(capsys, *REUSE, "--scored-by", "old@1")
    raw_of(*some[:3])
    found = results("old", *REUSE, "--scored-by", "old@1")
    assert msgspec.json.decode(found[SUMMARY])["scorer"] == "old@1" and found["scored.jsonl"].count(b'"scorer":"old@1"') == 3


def test_any_takes_the_first_score_whoever_gave_it() -> None:
    raw_of(*(some := [comment("c1"), comment("c2", created_at=NOON + MINUTE)]))
    scored_by((some[0], "old@1", 0.1), (some[0], NAME, 0.4), (some[1], NAME, 0.4))
    found = results("out", *REUSE, "--scored-by", "any")
    assert [msgspec.json.decode(line)["scorer"] for line in found["scored.jsonl"].splitlines()] == ["old@1", NAME]
    assert msgspec.json.decode(found[SUMMARY])["scorer"] == "any"


def test_what_cannot_be_read_in_comments_scored_holds_no_score(capsys: pytest.CaptureFixture[str]) -> None:
    raw_of(comment("c1"))
    write_recording(Path("scored.rec"), SCORED, put(SCORED, [b"{}", None, b"\xff"]))
    assert "1 not at all" in complaint(capsys, *REUSE)


def test_a_comment_under_another_key_is_found(capsys: pytest.CaptureFixture[str]) -> None:
    one = comment("c1")
    raw = [msgspec.structs.replace(put(RAW, [msgspec.json.encode(one)])[0], key=b"wrong")]
    assert by_conversation(one) != b"wrong"
    recordings(raw)
    assert results("again", "--file", "raw.rec") == results("reused", *REUSE)


def test_a_backtest_with_reused_scores_is_that_with_scores_made_again() -> None:
    recordings(put(RAW, recording().lines))
    Path("new.toml").write_text("[pileon]\nmin_hostile_authors = 5\n")
    found = []
    for out, options in (("again", REUSE[:2]), ("reused", REUSE)):
        assert main(["backtest", "run", "--config", "new.toml", "--out", out, *options]) == 0
        found.append({one.name: one.read_bytes() for one in Path(out).iterdir()})
    assert found[0] == found[1]


def test_a_backtest_of_two_scorers_needs_the_scores_of_both(capsys: pytest.CaptureFixture[str]) -> None:
    raw_of(one := comment("c1"))
    scored_by((one, "old@1", 0.1))
    Path("new.toml").write_text("")
    assert main(["backtest", "run", "--config", "new.toml", "--out", "out", *REUSE]) == 2
    assert f"of 1 comments 1 have no score by {NAME}: 1 were scored by old@1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--file", "raw.rec", "--scores", "reuse"), "raw.rec is a recording of comments.raw; name one of comments.scored with --scored"),
        (("--file", "raw.rec", "--scores", "reuse", "--scored", "raw.rec"), "--scored raw.rec: is no recording of comments.scored"),
        (("--file", "scored.rec"), "scored.rec: is a recording of comments.scored: add --scores reuse, or record comments.raw"),
        (("--file", "scored.rec", "--scores", "reuse", "--scored", "scored.rec"), "holds scores already: leave out --scored"),
        (("--file", "in.jsonl", "--scores", "reuse"), "needs --topic comments.raw or recordings; in.jsonl is none"),
        (("--file", "raw.rec", "--scored", "scored.rec"), "--scored and --scored-by belong to --scores reuse"),
        (("--file", "raw.rec", "--scores", "maybe"), "--scores 'maybe': write recompute or reuse"),
        (("--topic", "comments.raw", "--scores", "reuse", "--scored", "x"), "--scored belongs to a recording of comments.raw"),
    ],
)
def test_what_the_options_cannot_mean_is_one_line(options: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    raw_of(comment("c1"))
    write_recording(Path("scored.rec"), SCORED, put(SCORED, [msgspec.json.encode(scored("c1"))]))
    Path("in.jsonl").write_bytes(msgspec.json.encode(comment("c1")))
    assert words in complaint(capsys, *options)


def test_a_sweep_with_reused_scores_is_that_with_scores_made_again_and_loads_no_model(capsys: pytest.CaptureFixture[str]) -> None:
    recordings(put(RAW, recording().lines))
    grid = ("--grid", "pileon.min_hostile_authors=4..6")
    found = []
    for out, options in (("again", REUSE[:2]), ("reused", REUSE)):
        assert main(["backtest", "sweep", *grid, "--out", out, *options]) == 0
        found.append({one.name: one.read_bytes() for one in Path(out).iterdir()})
    assert found[0] == found[1]
    Path("none.toml").write_text('scorer = "detoxify:nobody-has-this"\n')
    by = ("--config", "none.toml", "--scored-by", NAME)
    assert main(["backtest", "sweep", *grid, "--out", "by", *REUSE, *by]) == 0
    points = [msgspec.json.decode(Path(out, "sweep.json").read_bytes())["points"] for out in ("reused", "by")]
    assert [one["measures"] for one in points[0]] == [one["measures"] for one in points[1]]


def test_a_sweep_refuses_a_mix_of_scorers_with_its_counts(capsys: pytest.CaptureFixture[str]) -> None:
    raw_of(*(some := [comment("c1"), comment("c2", created_at=NOON + MINUTE)]))
    scored_by((some[0], "old@1", 0.1), (some[1], NAME, 0.4))
    assert main(["backtest", "sweep", "--grid", "pileon.window=1h", "--out", "none", *REUSE]) == 2
    told = capsys.readouterr().err
    assert "of 2 comments 1 have no score" in told and told.count("\n") == 1 and not Path("none").exists()
