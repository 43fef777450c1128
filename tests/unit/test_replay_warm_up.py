"""What comes before a period goes through the stages and is not shown: the period is the end of the whole replay, byte for byte."""

from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from streams.cli.main import main
from streams.engine import Message
from streams.records import Comment
from streams.replay.backtest.cases import Kind
from streams.replay.backtest.diff import difference
from streams.replay.recording import Part
from streams.replay.taken import Asked
from tests.support.builders import DAY, HOUR, MINUTE, NOON, comment
from tests.support.recorded import messages, write_recording
from tests.support.recording import recording

RAW = "comments.raw"
SINCE = NOON + 27.4 * HOUR
"""Pile-ons are open, a comment waits for its parent, and no pile-on opened in the five minutes before."""
LINES = ("scored", "replies", "pileons", "alerts", "late", "dead-letters")
SUMS = ("raw", "scored", "replies", "pileons", "alerts")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("THREADWATCH_KEY", "0f" * 32)
    said = recording()
    waits = comment("waits", parent_id="awaited", author_id="bea", created_at=SINCE - MINUTE, ingested_at=SINCE - MINUTE)
    awaited = comment("awaited", author_id="cid", created_at=SINCE - 2 * MINUTE, ingested_at=SINCE + MINUTE)
    lines = [*said.lines, *map(msgspec.json.encode, (waits, awaited))]
    write_recording(Path("a.rec"), RAW, _as_they_came(lines))


def _as_they_came(lines: list[bytes]) -> list[Message]:
    """Return messages that the broker got when they arrived, or with the one before them."""
    at, found = NOON, []
    for message in messages(RAW, lines):
        with suppress(msgspec.MsgspecError, RecursionError):
            at = max(at, msgspec.json.decode(message.value or b"", type=Comment).ingested_at or at)
        found.append(replace(message, timestamp_ms=int(at.timestamp() * 1000)))
    return found


def replayed(out: str, *options: str, file: str = "a.rec") -> dict[str, Any]:
    assert main(["replay", "--file", file, "--out", out, *options]) == 0
    found: dict[str, Any] = msgspec.json.decode(Path(out, "summary.json").read_bytes())
    return found


def read(out: str, name: str) -> bytes:
    return Path(out, f"{name}.jsonl").read_bytes()


def since(at: datetime = SINCE) -> tuple[str, str]:
    return "--from", at.isoformat()


def test_with_all_that_came_before_a_period_is_the_end_of_the_whole():
    replayed("whole")
    replayed("part", *since())
    for name in LINES:
        assert read("whole", name).endswith(part := read("part", name)) and (name == "late" or len(part) < len(read("whole", name))), name
        assert part.count(b"\n") > (name == "dead-letters"), name
    replayed("cold", *since(), "--warm-up", "0")
    assert read("cold", "pileons") != read("part", "pileons")


def test_every_record_is_accounted_for_in_the_warm_up_or_in_the_period():
    whole, part = replayed("whole"), replayed("part", *since())
    before, carried = part["warm_up"], part["warm_up"]["carried"]
    assert carried["waiting"] > 0 and carried["open_pileons"] > 0
    for name in SUMS:
        for key, count in whole[name].items():
            twice = carried["waiting"] if name == "scored" and key in ("records", "waiting") else 0
            assert before[name][key] + part[name][key] == count + twice, (name, key)
    assert part["start"] == "beginning" and part["warm_up_days"] == pytest.approx(27.4 / 24, abs=0.01)
    assert (whole["start"], whole["warm_up"], whole["warm_up_days"]) == ("beginning", None, 0)


def test_a_pile_on_opened_before_shows_its_end_only():
    part = replayed("part", *since())
    shown = [msgspec.json.decode(line) for line in read("part", "pileons").splitlines()]
    opened = {one["pileon_id"] for one in shown if one["status"] == "opened"}
    ended = {one["pileon_id"] for one in shown if one["status"] == "closed"}
    assert ended - opened and part["pileons"]["closed"] == len(ended)
    assert part["pileons"]["opened"] + part["warm_up"]["carried"]["open_pileons"] - part["pileons"]["closed"] >= 0


def test_a_start_is_approximate_where_more_stands_before_it(capsys: pytest.CaptureFixture[str]):
    found = replayed("part", *since(), "--warm-up", "0.5")
    assert found["start"] == "approximate" and 0.4 < found["warm_up_days"] <= 0.5
    assert "start: approximate" in capsys.readouterr().err
    found = replayed("cold", *since(), "--warm-up", "0")
    assert (found["start"], found["warm_up"], found["warm_up_days"]) == ("approximate", None, 0)
    assert "nothing before it was read" in capsys.readouterr().err


def test_a_period_that_begins_before_the_log_needs_no_warm_up(capsys: pytest.CaptureFixture[str]):
    found = replayed("all", *since(NOON - 90 * DAY))
    assert (found["start"], found["warm_up"]) == ("beginning", None)
    assert "start" not in capsys.readouterr().err
    for name in LINES:
        replayed("whole", "--force")
        assert read("all", name) == read("whole", name)


def test_a_recording_of_a_part_starts_approximately():
    lines = [msgspec.json.encode(comment(f"c{n}", created_at=NOON + n * MINUTE)) for n in range(5)]
    write_recording(Path("part.rec"), RAW, messages(RAW, lines)[2:], start=NOON)
    assert replayed("part", file="part.rec")["start"] == "approximate"
    write_recording(Path("all.rec"), RAW, messages(RAW, lines), start=NOON)
    assert replayed("all", file="all.rec")["start"] == "beginning"


def test_a_period_in_which_nothing_arrived_is_told_whatever_its_warm_up_holds(capsys: pytest.CaptureFixture[str]):
    assert main(["replay", "--file", "a.rec", "--out", "none", *since(NOON + 20 * DAY)]) == 2
    told = "threadwatch: a.rec: nothing arrived from 2024-05-21T12:00:00+00:00; what it holds arrived at other times\n"
    assert (capsys.readouterr().err, Path("none").exists()) == (told, False)


def test_a_period_in_which_nothing_can_be_read_is_told(capsys: pytest.CaptureFixture[str]):
    good, bad = messages(RAW, [msgspec.json.encode(comment("c1")), b"x", b"{}"]), (NOON + HOUR).isoformat()
    later = [msgspec.structs.replace(one, timestamp_ms=one.timestamp_ms + 7_200_000) for one in good[1:]]
    write_recording(Path("bad.rec"), RAW, [good[0], *later])
    assert main(["replay", "--file", "bad.rec", "--out", "none", "--from", bad]) == 2
    told = capsys.readouterr().err
    assert told.startswith("threadwatch: bad.rec: none of its 2 messages can be read from 2024-05-01T13:00:00+00:00 (offset 2: ")
    assert (told.count("\n"), Path("none").exists()) == (1, False)


@pytest.mark.parametrize("topic", [RAW, "replies"])
def test_a_recording_of_nothing_is_told(topic: str, capsys: pytest.CaptureFixture[str]):
    write_recording(Path("empty.rec"), topic, [], partitions=(Part(0, 0, 0),))
    assert main(["replay", "--file", "empty.rec", "--out", "none"]) == 2
    assert capsys.readouterr().err == "threadwatch: empty.rec: nothing arrived; it is a recording of nothing\n"
    assert not Path("none").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--warm-up", "3"), "--warm-up belongs to --from"),
        ((*since(), "--warm-up", "-1"), "write days, 0 to"),
        ((*since(), "--warm-up", "nan"), "write days, 0 to"),
        ((*since(), "--warm-up", "1e300"), "write days, 0 to"),
    ],
)
def test_what_a_warm_up_cannot_be(options: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]):
    assert main(["replay", "--file", "a.rec", "--out", "out", *options]) == 2
    assert said in capsys.readouterr().err and not Path("out").exists()


def test_a_period_of_long_ago_has_a_beginning():
    early = datetime.min.replace(tzinfo=NOON.tzinfo)
    assert Asked(early, None, 3650 * DAY).first == early
    assert Asked(NOON, None, DAY).first == NOON - DAY


CANDIDATES = {
    "shorter": "[pileon]\ncase_length = 'PT1H'\n",
    "stricter": "[pileon]\nmin_hostile_authors = 6\n",
    "laxer": "[pileon]\nmin_hostile_authors = 3\n",
}


def compared(out: str, candidate: str, *options: str) -> dict[str, Any]:
    Path("old.toml").write_text("")
    Path("new.toml").write_text(CANDIDATES[candidate])
    files = ("--file", "a.rec", "--config", "new.toml", "--baseline", "old.toml", "--out", out)
    assert main(["backtest", "run", *files, *options]) == 0
    found: dict[str, Any] = msgspec.json.decode(Path(out, "summary.json").read_bytes())
    return found


@pytest.mark.parametrize("candidate", CANDIDATES)
def test_no_pile_on_is_gained_or_lost_because_it_opened_before_the_period(candidate: str):
    whole, part = compared("whole", candidate), compared("part", candidate, *since())
    every = [msgspec.json.decode(line) for line in read("whole", "changes").splitlines()]
    opened = [one for one in every if any(one[side] and one[side]["opened_at"] >= SINCE.strftime("%FT%T") for side in SIDES)]
    assert [msgspec.json.decode(line) for line in read("part", "changes").splitlines()] == opened
    assert 0 < len(opened) < len(every)
    for side in SIDES:
        assert part[side]["pileons"] == part["accounts"][side]["pileons"]["opened"] > 0
        assert part["warm_up"][side]["pileons"]["opened"] + part[side]["pileons"] == whole[side]["pileons"]
    assert part["coverage"]["records"] + part["coverage"]["warm_up_records"] == whole["coverage"]["records"]


SIDES = ("baseline", "candidate")


def test_a_backtest_says_how_it_started(capsys: pytest.CaptureFixture[str]):
    assert compared("part", "laxer", *since(), "--warm-up", "1")["coverage"]["start"] == "approximate"
    assert "start: approximate" in capsys.readouterr().err
    assert compared("whole", "laxer")["coverage"]["start"] == "beginning"
    assert "start: beginning" in capsys.readouterr().err


def test_what_a_backtest_shows_of_a_period_is_what_replay_shows():
    compared("part", "laxer", *since())
    replayed("replayed", *since(), "--config", "new.toml")
    for name in ("pileons", "alerts"):
        assert read("part", name) == read("replayed", name)


def test_a_sweep_of_a_period_is_the_backtest_of_it():
    files = ("--file", "a.rec", "--out", "swept", "--grid", "pileon.min_hostile_authors=3", *since())
    assert main(["backtest", "sweep", *files]) == 0
    (point,) = msgspec.json.decode(Path("swept/sweep.json").read_bytes())["points"]
    assert point["measures"] == compared("part", "laxer", *since())["candidate"]


def test_a_label_on_a_pile_on_that_opened_before_the_period_is_found():
    compared("whole", "laxer")
    cases = [msgspec.json.decode(line)["baseline"] for line in read("whole", "changes").splitlines()]
    before = [case for case in cases if case and case["opened_at"] < SINCE.strftime("%FT%T") < (case["closed_at"] or "9")]
    assert before
    labels = [f"{one['target_id']},{one['first_hostile_at']},{one['closed_at'] or ''},pile_on" for one in before]
    Path("labels.csv").write_text("\n".join(["target,from,to,verdict", *labels]))
    found = compared("part", "laxer", *since(), "--labels", "labels.csv")["labels"]["baseline"]
    assert (found["recall"]["hits"], found["recall"]["n"], found["precision"]["n"]) == (len(before), len(before), 0)


def test_two_runs_on_a_period_differ_in_what_opened_in_it_only():
    one, _ = compared("one", "laxer", *since()), compared("two", "stricter", *since())
    same = difference(Path("one"), Path("one")).changes
    assert same == {**dict.fromkeys(Kind, 0), Kind.UNCHANGED: one["candidate"]["pileons"]}
    assert difference(Path("one"), Path("two")).changes[Kind.LOST] > 0


def test_slices_of_a_period_are_of_the_period():
    """Also of a pile-on that opened before it and of which people are told in it."""
    part = compared("part", "shorter", *since())
    whole, *_ = part["slices"]["slices"]
    assert whole["comments"] == part["coverage"]["comments"]
    for side in SIDES:
        assert whole[side]["pileons"] == part[side]["pileons"]
