"""A replay from ``replies``: what the worker makes of that log, byte for byte, however many processes share its partitions."""

import os
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.cli.main import main
from streams.replay.folder import SUMMARY
from streams.replay.replies import logs
from streams.replay.replies.checkpoint import CHECKPOINT
from streams.replay.replies.fold import WRITTEN, Folding
from streams.topics import REPLIES
from tests.support.invented import recorded
from tests.support.many import Started, are_gone
from tests.support.recorded import write_recording
from tests.support.replies_log import KEY, addressed, as_a_worker, log_of

FILES = (*(f"{name}.jsonl" for name in WRITTEN), SUMMARY)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("THREADWATCH_KEY", KEY)
    monkeypatch.setattr(logs, "AT_ONCE", 100)
    write_recording(Path("log.rec"), REPLIES.name, log_of(4))


def replayed(out: str, *options: str) -> dict[str, bytes]:
    assert main(["replay", "--file", "log.rec", "--out", out, *options]) == 0
    assert sorted(one.name for one in Path(out).iterdir()) == sorted(FILES)
    return {name: Path(out, name).read_bytes() for name in FILES}


def summary(out: str) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(Path(out, SUMMARY).read_bytes())
    return found


@pytest.mark.parametrize("partitions", [1, 4])
def test_it_is_what_workers_make_of_the_log_byte_for_byte(partitions: int) -> None:
    write_recording(Path("log.rec"), REPLIES.name, log_of(partitions))
    found, (pileons, decisions) = replayed("out"), as_a_worker(log_of(partitions))
    assert found["pileons.jsonl"].splitlines() == pileons
    assert found["alerts.jsonl"].splitlines() == decisions
    account = summary("out")
    assert account["pileons"]["opened"] >= 20 and account["replies"]["verdicts"] >= 5 and account["alerts"]["escalate"] >= 5
    assert account["replies"]["late"] == len(found["late.jsonl"].splitlines()) >= 20


def test_one_two_or_three_processes_give_the_same_bytes() -> None:
    whole = replayed("one", "--processes", "1")
    assert whole == replayed("two", "--processes", "2") == replayed("three", "--processes", "3")


def test_what_cannot_be_read_is_a_dead_letter_with_its_place() -> None:
    replayed("out")
    found = [msgspec.json.decode(line) for line in Path("out/dead-letters.jsonl").read_bytes().splitlines()]
    values = {(one.partition, one.offset): one.value for one in log_of(4)}
    assert len(found) == summary("out")["replies"]["dead_lettered"] >= 8
    assert all(values[one["partition"], one["line"]] not in (b"", None) or one["reason"] == "empty" for one in found)
    assert {one["reason"] for one in found} >= {"empty", "not_json", "wrong_type"}


def test_of_a_period_the_end_of_the_whole_is_shown_and_what_was_before_is_known() -> None:
    middle = addressed()[len(addressed()) // 2].at
    whole, part = replayed("whole"), replayed("part", "--from", middle.isoformat(), "--warm-up", "900")
    account = summary("part")
    assert set(part["pileons.jsonl"].splitlines()) < set(whole["pileons.jsonl"].splitlines())
    assert account["start"] == "beginning" and account["warm_up"]["replies"]["records"] > 100
    for section in ("replies", "pileons", "alerts"):
        assert account[section]["records"] + account["warm_up"][section]["records"] == summary("whole")[section]["records"]
    assert datetime.fromisoformat(account["first_arrival"]) >= middle.astimezone(UTC)
    cold = replayed("cold", "--from", middle.isoformat(), "--warm-up", "0")
    assert (summary("cold")["start"], summary("cold")["warm_up"]) == ("approximate", None)
    assert cold["pileons.jsonl"] != part["pileons.jsonl"]


@pytest.mark.parametrize("processes", ["1", "2"])
def test_ctrl_c_keeps_what_was_done_and_it_goes_on_to_the_same_bytes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], processes: str
) -> None:
    whole = replayed("whole")
    for batch in (5, 3):
        with monkeypatch.context() as patched:
            _press_ctrl_c_at(patched, batch)
            resume = ["--resume"] if Path("part").exists() else []
            assert main(["replay", "--file", "log.rec", "--out", "part", "--processes", "1", *resume]) == 130
    assert "interrupted after " in capsys.readouterr().err
    account = summary("part")
    assert (account["complete"], account["not_replayed"] > 100) == (False, True)
    assert set(Path("part/pileons.jsonl").read_bytes().splitlines()) < set(whole["pileons.jsonl"].splitlines())
    assert Path("part", CHECKPOINT).exists()
    assert replayed("part", "--processes", processes, "--resume") == whole


def _press_ctrl_c_at(monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    take, count = Folding.take, 0

    def pressed(self: Folding, columns: Any) -> Any:
        nonlocal count
        count += 1
        if count == batch:
            signal.raise_signal(signal.SIGINT)
        return take(self, columns)

    monkeypatch.setattr(Folding, "take", pressed)


def test_ctrl_c_stops_all_processes_and_it_goes_on_with_another_number_of_them() -> None:
    recorded(Path("log.rec"), 120_000)
    whole = replayed("whole", "--processes", "2")
    with Started("replay", "--file", "log.rec", "--out", "part", "--processes", "2") as started:
        workers = started.workers(2)
        started.press_ctrl_c()
        code, said = started.ended()
    assert code == 130 and are_gone(workers), said
    assert said.splitlines()[-1].startswith("threadwatch: interrupted after ")
    assert summary("part")["not_replayed"] > 0
    assert replayed("part", "--resume", "--processes", "3") == whole


def test_a_process_that_is_killed_ends_the_run_with_one_line_and_leaves_nothing() -> None:
    recorded(Path("log.rec"), 120_000)
    with Started("replay", "--file", "log.rec", "--out", "out", "--processes", "2") as started:
        workers = started.workers(2)
        os.kill(workers[1], signal.SIGKILL)
        code, said = started.ended()
    assert (code, said.count("\n")) == (2, 1), said
    assert "a process of this replay was ended" in said and are_gone(workers) and not Path("out").exists()


def test_what_is_not_what_was_stopped_is_not_gone_on_with(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with monkeypatch.context() as patched:
        _press_ctrl_c_at(patched, 5)
        assert main(["replay", "--file", "log.rec", "--out", "part", "--processes", "1"]) == 130
    before = {one.name: one.read_bytes() for one in Path("part").iterdir()}
    Path("strict.toml").write_text("[pileon]\nmin_hostile_authors = 9\n")
    again = ["replay", "--out", "part", "--resume", "--file"]
    for options, words in (
        (["log.rec", "--config", "strict.toml"], "was made with other settings"),
        (["log.rec", "--to", "2030-01-01"], "was of another input, or of another period"),
    ):
        capsys.readouterr()
        assert main([*again, *options]) == 2
        said = capsys.readouterr().err
        assert (words in said, said.count("\n")) == (True, 1), said
    Path("part/pileons.jsonl").write_bytes(b"mine\n")
    assert main([*again, "log.rec"]) == 2
    assert "had written another pileons.jsonl" in capsys.readouterr().err
    assert {one.name: one.read_bytes() for one in Path("part").iterdir()} == before | {"pileons.jsonl": b"mine\n"}


@pytest.mark.parametrize(
    "options", [("--scorer", "linear"), ("--scores", "reuse"), ("--scored-by", "any"), ("--scored", "a.rec")], ids=lambda one: one[0]
)
def test_what_stands_in_the_log_cannot_be_changed_from_there(options: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "--file", "log.rec", "--out", "out", *options]) == 2
    said = capsys.readouterr().err
    assert "replies holds what was scored and addressed live" in said and "--topic comments.raw" in said and said.count("\n") == 1
    assert not Path("out").exists()


def test_settings_that_address_otherwise_are_refused_where_it_is_known_how_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    from streams.replay.recording import Live

    Path("new.toml").write_text("[address]\nmax_days = 3\n")
    replayed("unknown", "--config", "new.toml")
    write_recording(Path("log.rec"), REPLIES.name, log_of(4), live=Live(scorers=("linear@2",), addressing=("0123456789ab",)))
    replayed("usual")
    account = summary("usual")
    assert (account["scorer"], account["scorers"]) == ("as it was live", ["linear@2"])
    assert (account["addressing"], account["addressings"]) == ("as it was live", ["0123456789ab"])
    assert main(["replay", "--file", "log.rec", "--out", "out", "--config", "new.toml"]) == 2
    assert "[address] of these settings (" in capsys.readouterr().err and not Path("out").exists()


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_damaged_recording_is_one_line_and_leaves_nothing(capsys: pytest.CaptureFixture[str], processes: str) -> None:
    file = Path("log.rec")
    file.write_bytes(file.read_bytes()[:-200])
    assert main(["replay", "--file", "log.rec", "--out", "out", "--processes", processes]) == 2
    said = capsys.readouterr().err
    assert "damaged" in said and said.count("\n") == 1 and not Path("out").exists()
