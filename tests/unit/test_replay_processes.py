"""A replay shared by processes: the same bytes however many, and whatever ends one of them ends all, cleanly."""

import os
import signal
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from streams.cli.main import main
from streams.engine import Message, turn
from streams.kafka.batches import partition_of
from streams.records import Comment
from streams.replay import sorting
from streams.replay.folder import LINES, SUMMARY
from streams.replay.parts import Parted
from streams.scorers import open_scorer
from streams.sources.sample import sample
from streams.stages.address import Address
from streams.stages.score import Score, Stateless
from streams.topics import by_conversation
from tests.support.many import Started, are_gone
from tests.support.recorded import messages, write_recording
from tests.support.recording import recording

RAW, SCORED = "comments.raw", "comments.scored"
FILES = (*(f"{name}.jsonl" for name in LINES), SUMMARY)
JUMP = timedelta(days=40)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("THREADWATCH_KEY", "0f" * 32)


def replayed(out: str, *options: str) -> dict[str, bytes]:
    assert main(["replay", "--out", out, *options]) == 0
    assert sorted(one.name for one in Path(out).iterdir()) == sorted(FILES)
    return {name: Path(out, name).read_bytes() for name in FILES}


def jumping(lines: list[bytes]) -> list[bytes]:
    """Return lines whose clocks jump by more than anything is remembered: what is quiet is forgotten, and some of it comes again."""
    found = []
    for number, line in enumerate(lines):
        try:
            one = msgspec.json.decode(line, type=Comment)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            found.append(line)
            continue
        by = JUMP * (number // 250)
        arrived = one.ingested_at and one.ingested_at + by
        found.append(msgspec.json.encode(msgspec.structs.replace(one, created_at=one.created_at + by, ingested_at=arrived)))
        if number % 7 == 0:  # somebody delivers it again after the jump
            found.append(msgspec.json.encode(msgspec.structs.replace(one, ingested_at=(one.ingested_at or NOT_SAID) + by + 2 * JUMP)))
    return found


NOT_SAID = datetime(2024, 5, 1, tzinfo=UTC)


def over(lines: list[bytes], partitions: int) -> list[Message]:
    """Return lines as that many partitions hold them, with gaps between offsets."""
    apart: list[list[bytes]] = [[] for _ in range(partitions)]
    for line in lines:
        try:
            key = by_conversation(msgspec.json.decode(line, type=Comment))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            key = b""
        apart[partition_of(key, partitions)].append(line)
    late = int((NOT_SAID + timedelta(days=400)).timestamp() * 1000)
    found = [one for number, values in enumerate(apart) for one in messages(RAW, values, number)]
    return [msgspec.structs.replace(one, timestamp_ms=late) for one in found]


@pytest.mark.parametrize("lines", [recording().lines, jumping(recording().lines)], ids=["disorder", "jumps"])
def test_one_two_or_three_processes_and_one_or_four_partitions_give_the_same_bytes(
    lines: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_recording(Path("one.rec"), RAW, over(lines, 1))
    write_recording(Path("four.rec"), RAW, over(lines, 4))
    whole = replayed("whole", "--file", "one.rec")
    monkeypatch.setattr(sorting, "RUN_ITEMS", 50)  # the processes read what this one sorted, from disk
    for name, count in (("one", 2), ("four", 1), ("four", 3)):
        found = replayed(f"{name}{count}", "--file", f"{name}.rec", "--processes", str(count))
        if name == "four":  # what cannot be read is numbered by its offset, and comes as the partitions do
            assert len(found["dead-letters.jsonl"].splitlines()) == len(whole["dead-letters.jsonl"].splitlines())
            found["dead-letters.jsonl"] = whole["dead-letters.jsonl"]
        assert found == whole
    account = msgspec.json.decode(whole[SUMMARY])
    assert len(whole["pileons.jsonl"]) > 10_000 and account["scored"]["duplicate"] > 30
    assert lines == recording().lines or account["notes"]["address.evicted"] > 100


def test_evidence_opens_the_same_over_one_two_or_eight_partitions_and_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("DETECTOR", "e-SR"), ("CALIBRATION__STAKES_PER_DAY", "1"), ("CALIBRATION__SHARE_STAKES_PER_DAY", "1")):
        monkeypatch.setenv(f"THREADWATCH_{name}", value)
    lines = [line for line in recording().lines if line.startswith(b'{"source"') and len(line) > 100]
    digests = set()
    for count in (1, 2, 8):
        write_recording(Path(f"{count}.rec"), RAW, over(lines, count))
        found = replayed(str(count), "--file", f"{count}.rec", "--processes", str(count))
        account = msgspec.json.decode(found[SUMMARY])
        digests.add(account["alerts_digest"])
    assert (account["detector"], len(digests)) == ("e-SR@1", 1)
    assert account["alerts"]["fire"] >= 20


def test_a_file_of_lines_is_replayed_alike_by_one_or_two_processes() -> None:
    Path("in.jsonl").write_bytes(b"\n".join(recording().lines))
    assert replayed("one", "--file", "in.jsonl") == replayed("two", "--file", "in.jsonl", "--processes", "2")


def test_scores_that_are_reused_are_joined_alike_by_one_or_three_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = over(recording().lines, 4)
    sent = turn(Score(open_scorer("linear")), raw, Stateless()).sends
    write_recording(Path("raw.rec"), RAW, raw)
    write_recording(Path("scored.rec"), SCORED, messages(SCORED, [send.value for send in sent]))
    options = ("--file", "raw.rec", "--scores", "reuse", "--scored", "scored.rec")
    again, held = replayed("again", "--file", "raw.rec"), replayed("held", *options)
    monkeypatch.setattr(sorting, "RUN_ITEMS", 50)
    assert again == held == replayed("sorted", *options) == replayed("three", *options, "--processes", "3")


def test_what_is_quiet_is_forgotten_in_its_part_only() -> None:
    """So it makes no difference which conversations a process has besides."""
    places = [("news", "town", f"talk{n}") for n in range(400)]
    parted, address = Parted().new_store(), Address().new_store()
    assert len({address.neighbours(place) for place in places}) == 1
    assert len({parted.neighbours(place) for place in places}) == 16
    assert parted.neighbours(places[0])[:2] == ("news", "town")


def long_input() -> None:
    comments = sample(datetime(2026, 3, 1, 12, tzinfo=UTC), 20_000)
    Path("in.jsonl").write_bytes(b"\n".join(map(msgspec.json.encode, comments)))


def test_a_process_that_is_killed_ends_the_run_with_one_line_and_leaves_nothing() -> None:
    long_input()
    with Started("replay", "--file", "in.jsonl", "--out", "out", "--processes", "2") as run:
        workers = run.workers(2)
        os.kill(workers[1], signal.SIGKILL)
        code, said = run.ended()
    assert (code, said.count("\n")) == (2, 1), said
    assert "a process of this replay was ended by SIGKILL: start again" in said
    assert are_gone(workers) and not Path("out").exists()


def test_where_the_program_itself_is_killed_its_processes_end() -> None:
    long_input()
    with Started("replay", "--file", "in.jsonl", "--out", "out", "--processes", "2") as run:
        workers = run.workers(2)
        run.process.kill()
        assert are_gone(workers)
        assert run.ended()[0] == -signal.SIGKILL


def test_ctrl_c_keeps_what_all_had_done_and_the_run_goes_on_with_another_number_of_processes() -> None:
    long_input()
    whole = replayed("whole", "--file", "in.jsonl", "--processes", "2")
    with Started("replay", "--file", "in.jsonl", "--out", "out", "--processes", "2") as run:
        workers = run.workers(2)
        run.press_ctrl_c()
        code, said = run.ended()
    assert code == 130 and are_gone(workers), said
    assert said.splitlines()[-1].startswith("threadwatch: interrupted after ")
    part = {name: Path("out", name).read_bytes() for name in FILES}
    account = msgspec.json.decode(part[SUMMARY])
    assert not account["complete"] and account["raw"]["records"] + account["not_replayed"] == 20_000
    assert whole["scored.jsonl"].startswith(part["scored.jsonl"]) and part["scored.jsonl"].count(b"\n") == account["raw"]["records"]
    assert whole["replies.jsonl"].startswith(part["replies.jsonl"])
    assert replayed("out", "--file", "in.jsonl", "--resume", "--processes", "3") == whole


def test_a_disk_that_takes_no_more_is_one_line_and_leaves_nothing() -> None:
    Path("in.jsonl").write_bytes(b"\n".join(recording().lines))
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))"
    program = ("-c", f"{limited}\nfrom streams.cli.main import main\nraise SystemExit(main())")
    with Started("replay", "--file", "in.jsonl", "--out", "out", program=program) as run:
        code, said = run.ended()
    assert (code, said) == (
        2,
        "threadwatch: --out: out has no room for the results (File too large); nothing there was changed; make room\n",
    )
    assert not Path("out").exists()


def test_what_is_needed_meanwhile_is_the_owners_alone() -> None:
    from streams.replay.folder import Folder

    with Folder(Path("out")) as folder:
        assert stat.S_IMODE(folder.room().stat().st_mode) == 0o700
        room = folder.room()
        (room / "text").write_bytes(b"")
        folder.finish(b"{}")
    assert not room.exists() and Path("out", SUMMARY).exists()
