"""Ctrl-C in a replay or backtest: what was done by then is kept, and says that it is partial. Twice, or too early: nothing is."""

import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.cli.main import main
from streams.packed import Line, lines_of
from streams.scorers import Toxicity
from tests.support.recording import recording
from tests.support.texts import BySwearing


class Interrupting(BySwearing):
    """Somebody presses Ctrl-C while it scores its n-th batch, and perhaps again."""

    def __init__(self, batch: int, times: int = 1) -> None:
        self._left, self._times = batch, times

    def score(self, texts: Sequence[str]) -> list[Toxicity]:
        self._left -= 1
        for _ in range(self._times if self._left == 0 else 0):
            signal.raise_signal(signal.SIGINT)
        return super().score(texts)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("THREADWATCH_KEY", "0f" * 32)
    Path("in.jsonl").write_bytes(b"\n".join(recording().lines))
    Path("new.toml").write_text("[pileon]\nmin_hostile_authors = 5\n")


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> Any:
    def by(scorer: BySwearing) -> None:
        monkeypatch.setattr("streams.cli.recorded.scorer_of", lambda *_: scorer)

    return by


def replay(out: str, *options: str) -> int:
    return main(["replay", "--file", "in.jsonl", "--out", out, *options])


def lines(name: str) -> list[bytes]:
    return Path(name).read_bytes().splitlines()


def read(out: str) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(Path(out, "summary.json").read_bytes())
    return found


def test_what_was_replayed_by_then_is_kept_and_says_that_it_is_partial(interrupted: Any, capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGINT)  # not always Python's own: an asyncio runner of another test may have left one of its
    interrupted(BySwearing())
    assert replay("whole") == 0
    interrupted(Interrupting(batch=1))
    assert replay("part") == 130
    assert capsys.readouterr().err.splitlines()[-1] == (
        "threadwatch: interrupted after 500 of 834 comments: the results in part are partial (summary.json: complete is false)"
    )
    assert (read("whole")["complete"], read("part")["complete"], read("part")["not_replayed"]) == (True, False, 334)
    assert lines("part/scored.jsonl") == lines("whole/scored.jsonl")[:500]
    assert set(lines("part/pileons.jsonl")) < set(lines("whole/pileons.jsonl"))
    assert read("part")["raw"]["records"] == 500 + read("part")["raw"]["dead_lettered"]
    assert len(lines("part/pileons.jsonl")) > 5
    assert signal.getsignal(signal.SIGINT) is before


def test_twice_ctrl_c_leaves_the_folder_as_it_was(interrupted: Any, capsys: pytest.CaptureFixture[str]) -> None:
    interrupted(Interrupting(batch=1, times=2))
    assert replay("out") == 130
    assert capsys.readouterr().err == "threadwatch: interrupted\n" and not Path("out").exists()


def test_ctrl_c_while_it_reads_leaves_the_folder_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    def pressed(stream: Any) -> Any:
        for line in lines_of(stream):
            if line.number == 100:
                signal.raise_signal(signal.SIGINT)
            yield Line(line.number, line.value, line.length)

    monkeypatch.setattr("streams.replay.reading.lines_of", pressed)
    assert replay("out") == 130 and not Path("out").exists()


def test_a_whole_run_after_a_partial_one_needs_force_and_is_whole(interrupted: Any) -> None:
    interrupted(Interrupting(batch=1))
    assert replay("out") == 130
    interrupted(BySwearing())
    assert (replay("out"), replay("out", "--force"), replay("new")) == (2, 0, 0)
    assert Path("out/summary.json").read_bytes() == Path("new/summary.json").read_bytes()


def test_a_backtest_that_is_stopped_compares_the_comments_that_both_sides_took(
    interrupted: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    interrupted(Interrupting(batch=1))
    assert main(["backtest", "run", "--file", "in.jsonl", "--config", "new.toml", "--out", "out"]) == 130
    told = capsys.readouterr().err
    assert "PARTIAL: it was stopped, 334 comments were left" in told
    assert told.splitlines()[-1].startswith("threadwatch: interrupted after 500 of 834 comments: the results in out are partial")
    found = read("out")
    assert (found["complete"], found["not_replayed"]) == (False, 334)
    taken = {side: account["raw"]["records"] for side, account in found["accounts"].items()}
    assert taken["baseline"] == taken["candidate"] == found["coverage"]["records"] == 500 + found["coverage"]["undecodable"]
    assert main(["backtest", "diff", "out", "out"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "PARTIAL: out is partial, it was stopped with 334 comments left"


def test_a_condition_on_a_partial_run_is_refused_unless_that_is_asked_for(interrupted: Any, capsys: pytest.CaptureFixture[str]) -> None:
    interrupted(Interrupting(batch=1))
    ran = ["backtest", "run", "--file", "in.jsonl", "--config", "new.toml", "--out"]
    assert main([*ran, "out"]) == 130
    interrupted(BySwearing())
    assert main([*ran, "whole"]) == 0
    capsys.readouterr()
    assert main(["backtest", "diff", "out", "out", "--fail-if", "lost>0"]) == 2
    told = "threadwatch: --fail-if: out is partial, it was stopped with 334 comments left; go on with --resume, or add --partial"
    assert capsys.readouterr().err == f"{told} to judge what there is\n"
    assert main(["backtest", "diff", "out", "out", "--fail-if", "lost>0", "--partial"]) == 0
    assert main(["backtest", "diff", "whole", "out", "--fail-if", "lost>0"]) == 2
    assert "did not read the same comments; run both on the same file or period (out is partial, it" in capsys.readouterr().err
