"""A backtest shared by processes, stopped and gone on with, and one of what was scored and addressed live: always the same bytes."""

import signal
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.cli.main import main
from streams.replay import sorting
from streams.replay.backtest.playing import Playing
from streams.replay.backtest.stopped import CHECKPOINT
from streams.replay.replies import logs
from streams.replay.replies.fold import Folding
from streams.sources.sample import sample
from tests.support.many import Started, are_gone
from tests.support.recorded import write_recording
from tests.support.recording import recording
from tests.support.replies_log import KEY, log_of

STRICT = "[pileon]\nmin_hostile_authors = 5\n"
OTHER_WAY = "[address]\nlook_back = 4\n"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("THREADWATCH_KEY", KEY)
    monkeypatch.setattr(logs, "AT_ONCE", 100)
    Path("in.jsonl").write_bytes(b"\n".join(recording().lines))
    write_recording(Path("log.rec"), "replies", log_of(4))
    Path("strict.toml").write_text(STRICT)
    Path("way.toml").write_text(STRICT + OTHER_WAY)


def run(out: str, *options: str, file: str = "in.jsonl", config: str = "strict.toml") -> int:
    return main(["backtest", "run", "--file", file, "--config", config, "--out", out, *options])


def results(out: str) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in Path(out).iterdir()}


def summary(out: str) -> Any:
    return msgspec.json.decode(Path(out, "summary.json").read_bytes())


@pytest.mark.parametrize("config", ["strict.toml", "way.toml"], ids=["addressed alike", "addressed otherwise"])
def test_one_two_or_three_processes_give_the_same_bytes(config: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("one", "--processes", "1", config=config) == 0
    monkeypatch.setattr(sorting, "RUN_ITEMS", 50)
    for count in ("2", "3"):
        assert run(count, "--processes", count, config=config) == 0
        assert results(count) == results("one")
    assert summary("one")["changes"]["later"] >= 5


def press_ctrl_c_at(monkeypatch: pytest.MonkeyPatch, kind: Any, name: str, call: int) -> None:
    """Let Ctrl-C be pressed at this call of a method."""
    method: Callable[..., Any] = getattr(kind, name)
    count = 0

    def pressed(*given: Any) -> Any:
        nonlocal count
        count += 1
        if count == call:
            signal.raise_signal(signal.SIGINT)
        return method(*given)

    monkeypatch.setattr(kind, name, pressed)


@pytest.mark.parametrize("config", ["strict.toml", "way.toml"], ids=["addressed alike", "addressed otherwise"])
@pytest.mark.parametrize("processes", [("1", "1"), ("1", "2")], ids="-".join)
def test_ctrl_c_keeps_what_both_sides_took_and_it_goes_on_to_the_same_bytes(
    monkeypatch: pytest.MonkeyPatch, config: str, processes: tuple[str, str]
) -> None:
    period = ("--from", "2024-05-01T14:00", "--warm-up", "400")
    write_recording(Path("raw.rec"), "comments.raw", raw())
    assert run("whole", *period, file="raw.rec", config=config) == 0
    with monkeypatch.context() as patched:
        press_ctrl_c_at(patched, Playing, "_take", 1)
        assert run("part", *period, "--processes", processes[0], file="raw.rec", config=config) == 130
    found = summary("part")
    assert not found["complete"] and found["not_replayed"] > 100 and Path("part", CHECKPOINT).exists()
    taken = {side: account["raw"]["records"] for side, account in found["accounts"].items()}
    assert taken["baseline"] == taken["candidate"] > 50
    again = ("--resume", *period, "--processes", processes[1])
    assert run("part", *again, file="raw.rec", config=config) == 0
    assert results("part") == results("whole")


def test_ctrl_c_ends_all_processes_at_one_comment_and_it_goes_on_with_another_number_of_them() -> None:
    comments = sample(datetime(2026, 3, 1, 12, tzinfo=UTC), 20_000)
    Path("in.jsonl").write_bytes(b"\n".join(map(msgspec.json.encode, comments)))
    assert run("whole", "--processes", "2") == 0
    with Started("backtest", "run", "--file", "in.jsonl", "--config", "strict.toml", "--out", "part", "--processes", "2") as started:
        workers = started.workers(2)
        started.press_ctrl_c()
        code, said = started.ended()
    assert code == 130 and are_gone(workers), said
    assert summary("part")["not_replayed"] > 0
    assert run("part", "--resume", "--processes", "3") == 0
    assert results("part") == results("whole")


def raw() -> Any:
    from tests.unit.test_replay_processes import over

    return over(recording().lines, 2)


def test_another_backtest_is_not_gone_on_with(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with monkeypatch.context() as patched:
        press_ctrl_c_at(patched, Playing, "_take", 1)
        assert run("part", "--processes", "1") == 130
    before = results("part")
    Path("other.jsonl").write_bytes(b"\n".join(recording().lines[:400]))
    for options, words in (
        ({"config": "way.toml"}, "was made with other settings"),
        ({"file": "other.jsonl"}, "was of another input"),
        ({"file": "log.rec"}, "was made with other settings"),
    ):
        capsys.readouterr()
        assert run("part", "--resume", **options) == 2
        said = capsys.readouterr().err
        assert (words in said, said.count("\n")) == (True, 1), said
    assert run("none", "--resume") == 2
    assert "holds no backtest that was stopped" in capsys.readouterr().err
    assert results("part") == before


# From what was scored and addressed live.
def test_from_replies_both_sides_are_what_a_replay_of_the_log_makes() -> None:
    assert run("one", "--processes", "1", file="log.rec") == run("two", "--processes", "2", file="log.rec") == 0
    assert results("one") == results("two")
    assert main(["replay", "--file", "log.rec", "--config", "strict.toml", "--out", "candidate"]) == 0
    assert main(["replay", "--file", "log.rec", "--out", "baseline"]) == 0
    assert results("one")["pileons.jsonl"] == results("candidate")["pileons.jsonl"]
    assert results("one")["alerts.jsonl"] == results("candidate")["alerts.jsonl"]
    found = summary("one")
    for side in ("baseline", "candidate"):
        account = msgspec.json.decode(Path(side, "summary.json").read_bytes())
        assert found["accounts"][side] == {name: account[name] for name in ("replies", "pileons", "alerts")}
        assert found[side]["alerts"] == account["alerts"]["fire"] and found["configurations"][side] == account["configuration"]
    seen = found["coverage"]
    assert seen["records"] == found["accounts"]["candidate"]["replies"]["records"]
    assert seen["comments"] + seen["edits"] + seen["deletions"] + seen["undecodable"] == seen["records"]
    assert found["changes"]["lost"] + found["changes"]["later"] > 3


def test_from_replies_of_a_period_it_goes_on_after_ctrl_c_to_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    options = ("--from", "2024-05-01T20:00", "--warm-up", "400", "--processes", "1")
    assert run("whole", *options, file="log.rec") == 0
    for call in (12, 6):
        with monkeypatch.context() as patched:
            press_ctrl_c_at(patched, Folding, "take", call)
            assert run("part", *options, *(["--resume"] if Path("part").exists() else []), file="log.rec") == 130
    found = summary("part")
    assert (found["complete"], found["not_replayed"] > 50) == (False, True)
    assert found["accounts"]["baseline"]["replies"]["records"] == found["accounts"]["candidate"]["replies"]["records"]
    assert run("part", *options, "--resume", file="log.rec") == 0
    assert results("part") == results("whole")


@pytest.mark.parametrize(
    ("config", "options", "said"),
    [
        (OTHER_WAY, (), "the two configurations differ in [address]"),
        ('scorer = "detoxify:original"\n', (), "the two configurations differ in scorer"),
        (STRICT, ("--scores", "reuse"), "--scores: replies holds what was scored and addressed live"),
        (STRICT, ("--html", "a.html", "--with-text"), "--with-text: replies holds"),
    ],
)
def test_from_replies_what_was_scored_and_addressed_cannot_be_changed(
    config: str, options: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("new.toml").write_text(config)
    assert run("out", *options, file="log.rec", config="new.toml") == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1 and not Path("out").exists()


def test_from_replies_with_labels_and_a_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("first", file="log.rec") == 0
    judge = [msgspec.json.decode(line) for line in Path("first/judge-next.jsonl").read_bytes().splitlines()]
    Path("labels.jsonl").write_bytes(b"\n".join(msgspec.json.encode(one | {"verdict": "pile_on"}) for one in judge))
    assert run("out", "--labels", "labels.jsonl", "--html", "report.html", file="log.rec") == 0
    found = summary("out")
    assert found["labels"]["baseline"]["precision"]["value"] == 1.0 and found["labels"]["of_nobody_here"] == 0
    assert "<html" in Path("report.html").read_text() and "precision" in capsys.readouterr().err
