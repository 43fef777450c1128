"""Comment records from files: what cannot be read is named and passed over, what is damaged is said."""

import gzip
import io
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import UserError
from streams.packed import MAX_LINE
from streams.records import Comment
from streams.replay.reading import KEPT_OF_TOO_LONG, BadLine, Opened, read_comments
from tests.support.builders import comment

GOOD = msgspec.json.encode(comment("good"))


def read(*lines: bytes) -> list[Comment | BadLine]:
    return list(read_comments(io.BytesIO(b"\n".join(lines))))


def test_lines_that_are_no_comment_are_named_and_the_rest_is_read() -> None:
    found = read(GOOD, b"{nonsense", b"", b"[1, 2]", b"   ", b"\xff\xfe", b'{"source": 1}', GOOD)
    assert [one for one in found if isinstance(one, Comment)] == [comment("good")] * 2
    assert [(one.line, one.reason) for one in found if isinstance(one, BadLine)] == [
        (2, "not_json"), (4, "wrong_type"), (6, "not_json"), (7, "wrong_type"),
    ]  # fmt: skip


def test_deep_nesting_is_a_bad_line_and_not_a_crash() -> None:
    deep = b'{"x":' * 100_000 + b"1" + b"}" * 100_000
    first, second = read(deep, GOOD)
    assert isinstance(first, BadLine)
    assert second == comment("good")


@pytest.mark.parametrize("length", [MAX_LINE + 1, MAX_LINE + 2, MAX_LINE * 2 + 17])
def test_a_line_longer_than_a_message_can_be_is_cut_and_the_next_one_read(length: int) -> None:
    bad, good = read(b"x" * length, GOOD)
    assert isinstance(bad, BadLine)
    assert (bad.reason, len(bad.bytes)) == ("too_long", KEPT_OF_TOO_LONG)
    assert bad.detail.startswith(f"{length} bytes")
    assert good == comment("good")


def test_a_line_of_just_the_greatest_length_is_read_whole() -> None:
    exact = GOOD + b" " * (MAX_LINE - len(GOOD))
    assert read(exact + b"\r", GOOD) == [comment("good")] * 2


@given(st.binary(max_size=300))
def test_random_bytes_never_raise(noise: bytes) -> None:
    for one in read_comments(io.BytesIO(noise)):
        assert isinstance(one, (Comment, BadLine))


def test_packed_files_are_read_as_they_are(tmp_path: Path) -> None:
    whole = GOOD + b"\n" + GOOD + b"\n"
    packed = {
        "a.jsonl": whole,
        "a.jsonl.gz": gzip.compress(whole),
        "a.jsonl.zst": zstandard.compress(GOOD + b"\n") + zstandard.compress(GOOD + b"\n"),
    }
    for name, value in packed.items():
        (tmp_path / name).write_bytes(value)
        with Opened(str(tmp_path / name)) as opened:
            assert list(opened.comments()) == [comment("good")] * 2
            assert opened.read == opened.size == len(value)


@pytest.mark.parametrize("end", [".gz", ".zst"])
@pytest.mark.parametrize("damage", ["cut", "garbage"])
def test_a_damaged_packed_file_is_the_users_to_mend(tmp_path: Path, end: str, damage: str) -> None:
    pack = gzip.compress if end == ".gz" else zstandard.compress
    packed = pack(b"\n".join(msgspec.json.encode(comment(str(n))) for n in range(100)))
    path = tmp_path / f"a{end}"
    path.write_bytes(packed[:-20] if damage == "cut" else b"garbage" * 20)
    with Opened(str(path)) as opened, pytest.raises(UserError, match="cannot be unpacked"):
        list(opened.comments())


def test_a_file_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        Opened(str(tmp_path / "none.jsonl"))
    with pytest.raises(UserError, match="cannot be read"):
        Opened(str(tmp_path))


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_packed_standard_input_is_told_by_its_first_bytes(pack: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(pack(GOOD + b"\n"))))
    with Opened("-") as opened:
        assert list(opened.comments()) == [comment("good")]


def test_a_zstd_file_may_begin_with_a_frame_that_holds_nothing(tmp_path: Path) -> None:
    skipped = b"\x50\x2a\x4d\x18" + (4).to_bytes(4, "little") + b"note"
    (tmp_path / "a").write_bytes(skipped + zstandard.compress(GOOD))
    with Opened(str(tmp_path / "a")) as opened:
        assert list(opened.comments()) == [comment("good")]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_small_file_of_one_endless_line_is_never_held_whole(pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
    (tmp_path / "bomb").write_bytes(pack(b"x" * (256 << 20) + b"\n" + GOOD))
    tracemalloc.start()
    with Opened(str(tmp_path / "bomb")) as opened:
        bad, good = opened.comments()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(bad, BadLine)
    assert bad.detail.startswith(f"{256 << 20} bytes")
    assert good == comment("good")
    assert most < 128 << 20
