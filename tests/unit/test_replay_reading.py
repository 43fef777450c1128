"""Comment records from files: what cannot be read is named and passed over, what is damaged is said."""

import gzip
import io
from pathlib import Path

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import UserError
from streams.records import Comment
from streams.replay.reading import KEPT_OF_TOO_LONG, MAX_LINE, BadLine, Opened, read_comments
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
    with pytest.raises(UserError, match="there is no file"):
        Opened(str(tmp_path / "none.jsonl"))
    with pytest.raises(UserError, match="cannot be read"):
        Opened(str(tmp_path))
