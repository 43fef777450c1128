"""A recording gives back what was put in, and one that was cut off, altered or made by another version is one plain line."""

import gzip
import io
from pathlib import Path

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as some

from streams.cli.main import main
from streams.engine import Message
from streams.errors import UserError
from streams.packed import damage_told
from streams.replay.reading import Opened
from streams.replay.recording import VERSION, Recording
from tests.support.builders import MINUTE, NOON, comment
from tests.support.recorded import messages, write_recording
from tests.support.recording import recording

RAW = "comments.raw"
PERIOD = (b'"from":null', b'"from":"2024-01-01T00:00:00Z"')
BYTES = some.none() | some.binary(max_size=200)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("THREADWATCH_KEY", "0f" * 32)


def read(file: Path) -> list[Message]:
    with Opened(str(file)) as opened, damage_told(str(file)):
        return list(Recording(opened.stream, str(file)).messages())


def replayed(file: Path, *options: str) -> int:
    return main(["replay", "--file", str(file), "--out", "out", *options])


def unpacked_of(file: Path) -> bytes:
    return zstandard.ZstdDecompressor().stream_reader(file.read_bytes(), read_across_frames=True).read()


def made(count: int = 300) -> Path:
    values = [msgspec.json.encode(comment(f"c{n}", created_at=NOON + n * MINUTE)) for n in range(count)]
    return write_recording(Path("a.rec"), RAW, messages(RAW, values))


@given(some.lists(some.tuples(BYTES, BYTES, some.integers(0, 2**62)), max_size=20), some.integers(1, 3))
def test_whatever_bytes_a_topic_held_a_recording_gives_them_back(
    tmp_path_factory: pytest.TempPathFactory, given: list[tuple[bytes, bytes, int]], partitions: int
):
    put = [Message(RAW, part, n, at, key, value) for part in range(partitions) for n, (key, value, at) in enumerate(given)]
    file = write_recording(tmp_path_factory.mktemp("one") / "a.rec", RAW, put)
    assert read(file) == put


def test_the_first_line_says_what_it_is_and_the_last_what_it_holds():
    file = write_recording(Path("a.rec"), RAW, [*messages(RAW, [b"x", None]), *messages(RAW, [b"y"], partition=3)], start=NOON)
    unpacked = unpacked_of(file)
    first = msgspec.json.decode(unpacked.splitlines()[0])
    assert (first["format"], first["version"], first["topic"]) == ("threadwatch recording", 1, RAW)
    assert (first["from"], first["to"], first["program"]) == ("2024-05-01T12:00:00Z", None, "threadwatch 0.1.0")
    assert first["partitions"] == [{"partition": 0, "start": 0, "end": 3, "first": 0, "last": 2},
                                   {"partition": 3, "start": 0, "end": 1, "first": 0, "last": 0}]  # fmt: skip
    last = msgspec.json.decode(unpacked.splitlines()[-1])
    assert (last["messages"], last["partitions"], len(last["sha256"])) == (3, {"0": 2, "3": 1}, 64)


def test_a_megabyte_and_more_stands_in_several_blocks_and_a_large_message_in_its_own():
    put = messages(RAW, [b"a" * 700_000, b"b" * 5_000_000, b"c" * 700_000, *[b"d" * 1000] * 3000])
    assert read(write_recording(Path("a.rec"), RAW, put)) == put


def test_the_same_messages_make_the_same_bytes():
    assert made().read_bytes() == made().read_bytes()


def test_wherever_it_is_cut_off_it_is_told_in_one_line_and_nothing_is_written(capsys: pytest.CaptureFixture[str]):
    whole = made().read_bytes()
    for size in range(1, len(whole), 97):
        Path("b.rec").write_bytes(whole[:size])
        assert replayed(Path("b.rec")) == 2
        told = capsys.readouterr().err
        assert (told.count("\n"), "b.rec: " in told, Path("out").exists()) == (1, True, False), told


def test_wherever_a_byte_is_altered_it_is_told(capsys: pytest.CaptureFixture[str]):
    whole = made().read_bytes()
    for place in range(0, len(whole), 61):
        Path("b.rec").write_bytes(whole[:place] + bytes([whole[place] ^ 0x10]) + whole[place + 1 :])
        assert (replayed(Path("b.rec")), capsys.readouterr().err.count("\n")) == (2, 1), place
        assert not Path("out").exists()


def repacked(change: tuple[bytes, bytes]) -> Path:
    """Return a recording in which bytes were replaced by somebody who packs it again."""
    unpacked = unpacked_of(made())
    assert change[0] in unpacked
    Path("b.rec").write_bytes(zstandard.compress(unpacked.replace(*change)))
    return Path("b.rec")


@pytest.mark.parametrize(
    "change",
    [(b"Nice goal", b"Poor goal"), (b'"messages":300', b'"messages":299'), (b'"last":598', b'"last":600'), PERIOD],
    ids=["text", "count", "offset", "period"],
)  # fmt: skip
def test_what_was_altered_with_care_does_not_match_its_checksum(change: tuple[bytes, bytes], capsys: pytest.CaptureFixture[str]):
    assert replayed(repacked(change)) == 2
    assert "the recording is damaged or was altered" in capsys.readouterr().err


def test_what_is_added_behind_the_last_line_is_told():
    file = made()
    file.write_bytes(file.read_bytes() + zstandard.compress(b"more"))
    with pytest.raises(UserError, match="something stands behind its last line"):
        read(file)


def test_a_block_that_claims_to_be_huge_takes_no_memory():
    first = unpacked_of(made()).splitlines(keepends=True)[0]
    with pytest.raises(UserError, match="a block is too long"):
        list(Recording(io.BytesIO(first + b"\xff\xff\xff\xff"), "b.rec").messages())


def test_another_version_is_named_with_the_program_that_made_it(capsys: pytest.CaptureFixture[str]):
    file = write_recording(Path("a.rec"), RAW, messages(RAW, [b"x"]), version=VERSION + 1, program="threadwatch 7.0")
    assert replayed(file) == 2
    assert capsys.readouterr().err.startswith(
        "threadwatch: a.rec: is a recording of version 2, made by threadwatch 7.0; this program reads 1"
    )


def test_a_recording_of_another_topic_is_no_input(capsys: pytest.CaptureFixture[str]):
    assert replayed(write_recording(Path("a.rec"), "pileons", messages("pileons", [b"x"]))) == 2
    assert capsys.readouterr().err == "threadwatch: a.rec: is a recording of pileons; replay starts from one of comments.raw or replies\n"


def test_unreadable_messages_become_dead_letters_under_their_offset():
    values = [msgspec.json.encode(comment("c1")), b"\xff", None, b"{}"]
    assert replayed(write_recording(Path("a.rec"), RAW, messages(RAW, values))) == 0
    letters = [msgspec.json.decode(line) for line in Path("out/dead-letters.jsonl").read_bytes().splitlines()]
    assert [(one["line"], one["reason"]) for one in letters] == [(2, "not_json"), (4, "empty"), (6, "wrong_type")]


def test_a_comment_that_says_no_arrival_arrived_when_the_broker_got_it():
    file = write_recording(Path("a.rec"), RAW, messages(RAW, [msgspec.json.encode(comment("c1", ingested_at=None))]))
    assert replayed(file) == 0
    assert msgspec.json.decode(Path("out/summary.json").read_bytes())["first_arrival"] == NOON.isoformat()


def test_a_period_of_a_recording_is_that_of_arrivals_and_of_unreadable_bytes_too():
    values = [msgspec.json.encode(comment(f"c{n}", created_at=NOON + n * MINUTE)) for n in range(5)]
    bad = Message(RAW, 1, 0, int((NOON + 2 * MINUTE).timestamp() * 1000), None, b"bad")
    file = write_recording(Path("a.rec"), RAW, [*messages(RAW, values), bad])
    assert replayed(file, "--from", "2024-05-01T12:01", "--to", "2024-05-01T12:03") == 0
    assert msgspec.json.decode(Path("out/summary.json").read_bytes())["raw"]["records"] == 3
    assert replayed(file, "--force", "--from", "2024-05-01T12:03") == 0
    assert msgspec.json.decode(Path("out/summary.json").read_bytes())["raw"]["dead_lettered"] == 0


def test_a_period_of_json_lines_is_refused(capsys: pytest.CaptureFixture[str]):
    Path("a.jsonl").write_bytes(msgspec.json.encode(comment("c1")))
    assert replayed(Path("a.jsonl"), "--from", "2024-05-01") == 2
    assert "--from and --to belong to --topic and to a recording" in capsys.readouterr().err


def test_it_can_be_packed_again_and_come_from_standard_input(monkeypatch: pytest.MonkeyPatch):
    Path("a.rec.gz").write_bytes(gzip.compress(unpacked_of(made())))
    assert replayed(Path("a.rec.gz")) == 0
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(made().read_bytes())))
    assert main(["replay", "--file", "-", "--out", "other"]) == 0
    assert Path("other/scored.jsonl").read_bytes() == Path("out/scored.jsonl").read_bytes() != b""


def test_it_is_far_smaller_than_what_it_holds():
    lines = recording().lines
    file = write_recording(Path("a.rec"), RAW, messages(RAW, lines))
    assert file.stat().st_size * 5 < sum(map(len, lines))
