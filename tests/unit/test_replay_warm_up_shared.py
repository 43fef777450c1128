"""A warm-up changes nothing of how a replay is done: shared by processes, sorted on disk or gone on with, the bytes are the same."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.cli.main import main
from streams.engine import turn
from streams.replay import addressing, sorting
from streams.replay.folder import LINES, SUMMARY
from streams.replay.from_recording import open_recording
from streams.scorers import open_scorer
from streams.sources.sample import sample
from streams.stages.score import Score, Stateless
from tests.support.builders import HOUR, NOON
from tests.support.many import Started, are_gone
from tests.support.recorded import messages, write_recording
from tests.support.texts import BySwearing
from tests.unit.test_replay_interrupted import Interrupting
from tests.unit.test_replay_warm_up import SINCE, _folder, since

__all__ = ["_folder"]
FILES = (*(f"{name}.jsonl" for name in LINES), SUMMARY)


def replay(out: str, *options: str) -> int:
    return main(["replay", "--file", "a.rec", "--out", out, *options])


def contents(out: str) -> dict[str, bytes]:
    return {name: Path(out, name).read_bytes() for name in FILES}


def test_one_two_or_three_processes_give_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert replay("one", *since()) == 0
    monkeypatch.setattr(sorting, "RUN_ITEMS", 50)
    for count in ("1", "2", "3"):
        assert replay(f"out{count}", *since(), "--processes", count) == 0
        assert contents(f"out{count}") == contents("one"), count
    account = msgspec.json.decode(contents("one")[SUMMARY])
    assert account["warm_up"]["raw"]["records"] > 100
    said = [msgspec.json.decode(line)["comment"] for line in contents("one")["scored.jsonl"].splitlines()]
    talks = {(one["source"], one["community"], one["conversation_id"]) for one in said}
    assert account["comments"]["conversations"] == len(talks) > 10  # those that had begun in the warm-up, too


def scored_by(monkeypatch: pytest.MonkeyPatch, scorer: Any) -> None:
    monkeypatch.setattr("streams.cli.recorded.scorer_of", lambda *_: scorer)


@pytest.mark.parametrize("batch", [1, 5, 10, 16])
def test_stopped_in_the_warm_up_or_in_the_period_it_ends_with_the_same_bytes(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addressing, "AT_ONCE", 50)
    scored_by(monkeypatch, BySwearing())
    assert replay("whole", *since()) == 0
    scored_by(monkeypatch, Interrupting(batch))
    assert replay("out", *since()) == 130
    part = msgspec.json.decode(contents("out")[SUMMARY])
    assert part["warm_up"]["raw"]["records"] > 0 and (batch > 1 or part["raw"]["scored"] == 0)
    scored_by(monkeypatch, BySwearing())
    assert replay("out", *since(), "--resume") == 0
    assert contents("out") == contents("whole")


def test_ctrl_c_in_the_warm_up_of_several_processes_ends_with_the_same_bytes_once_it_went_on() -> None:
    comments = list(sample(NOON, 20_000))
    write_recording(Path("a.rec"), "comments.raw", messages("comments.raw", list(map(msgspec.json.encode, comments))))
    last = NOON + timedelta(seconds=19_900)  # by the broker's time, which is all that is believed: the period is hardly more than the end
    assert replay("whole", *since(last)) == 0
    with Started("replay", "--file", "a.rec", "--out", "out", *since(last), "--processes", "2") as run:
        workers = run.workers(2)
        run.press_ctrl_c()
        code, said = run.ended()
    assert code == 130 and are_gone(workers), said
    part = msgspec.json.decode(contents("out")[SUMMARY])
    assert part["warm_up"]["raw"]["records"] > 0 == part["raw"]["scored"] and part["not_replayed"] > 100
    assert replay("out", *since(last), "--resume", "--processes", "3") == 0
    assert contents("out") == contents("whole")


def test_another_beginning_of_the_period_is_another_replay(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Though the same comments are read: the warm-up reaches the beginning of the log in both."""
    monkeypatch.setattr(addressing, "AT_ONCE", 50)
    scored_by(monkeypatch, Interrupting(4))
    assert replay("out", *since()) == 130
    scored_by(monkeypatch, BySwearing())
    assert replay("out", *since(SINCE + HOUR), "--resume") == 2
    assert "was of another input, or of another period of it" in capsys.readouterr().err


def test_scores_that_are_reused_give_the_same_bytes() -> None:
    with open_recording("a.rec", "comments.raw", "--file") as raw:
        sent = turn(Score(open_scorer("linear")), list(raw.messages()), Stateless()).sends
    write_recording(Path("scored.rec"), "comments.scored", messages("comments.scored", [send.value for send in sent]))
    reused = ("--scores", "reuse", "--scored", "scored.rec")
    assert replay("again", *since()) == replay("one", *since(), *reused) == replay("two", *since(), *reused, "--processes", "2") == 0
    assert contents("one") == contents("two") == contents("again")


def test_a_backtest_that_is_stopped_in_the_warm_up_has_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("new.toml").write_text("[pileon]\nmin_hostile_authors = 3\n")
    scored_by(monkeypatch, Interrupting(1))
    assert main(["backtest", "run", "--file", "a.rec", "--config", "new.toml", "--out", "out", *since(SINCE + 20 * HOUR)]) == 130
    assert not Path("out").exists()
