"""``threadwatch score``: one line out per line in, in order; mistakes in one plain line."""

import gzip
import io
import json
import os
import pty
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import zstandard

from streams.cli.main import main
from streams.cli.score import _batches


def run(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[dict[str, Any]], str]:
    code = main(["score", *arguments])
    printed = capfd.readouterr()
    return code, [json.loads(line) for line in printed.out.splitlines()], printed.err


def written(folder: Path, content: bytes) -> str:
    (folder / "texts").write_bytes(content)
    return str(folder / "texts")


def test_json_lines_come_back_in_order_under_their_ids(tmp_path, capfd) -> None:
    lines = b'{"id": "b", "text": "You stupid liar."}\n{"id": 7, "text": "Thank you!", "more": 1}\n\n{"text": null}\n'
    code, found, err = run(capfd, written(tmp_path, lines))
    assert (code, err) == (0, "")
    assert [each["id"] for each in found] == ["b", 7, 4]
    assert [set(each) for each in found] == [{"id", "toxicity", "labels", "scorer"}] * 3
    assert found[0]["toxicity"] > 0.8
    assert 0.2 > found[1]["toxicity"] > found[2]["toxicity"] == 0


def test_plain_lines_are_numbered_and_an_empty_one_is_a_text_too(tmp_path, capfd) -> None:
    code, found, _ = run(capfd, written(tmp_path, b"You stupid liar.\r\n\nThank you! \xff\n"))
    assert code == 0
    assert [each["id"] for each in found] == [1, 2, 3]
    assert found[1]["toxicity"] == 0


def test_a_line_that_cannot_be_read_is_told_by_number_and_the_rest_is_scored(tmp_path, capfd) -> None:
    lines = b'{"id": 1, "text": "a"}\n{"id": 2, "text":\n{"id": 3}\n{"id": [], "text": "a"}\n{"id": 5, "text": "a"}\n' + b"[" * 5000
    code, found, err = run(capfd, written(tmp_path, lines))
    assert code == 1
    assert [each["id"] for each in found] == [1, 5]
    assert [f"line {number}" in err for number in (1, 2, 3, 4, 5, 6)] == [False, True, True, True, False, True]
    assert "4 lines could not be read" in err


def test_a_file_that_is_not_there_is_the_users_mistake(tmp_path, capfd) -> None:
    code, found, err = run(capfd, str(tmp_path / "nothing"))
    assert (code, found) == (2, [])
    assert "cannot be read" in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("name", ["magic", "linear:9", "detoxify:huge"])
def test_an_unknown_scorer_is_the_users_mistake_and_the_known_ones_are_named(name, tmp_path, capfd) -> None:
    code, _, err = run(capfd, written(tmp_path, b"a\n"), "--scorer", name)
    assert code == 2
    assert "detoxify:unbiased-small" in err
    assert len(err.splitlines()) == 1


def test_standard_input_is_read_too_and_a_last_line_needs_no_end(tmp_path) -> None:
    command = [sys.executable, "-m", "streams", "score"]
    found = subprocess.run(command, input=b"Thank you!\nYou stupid liar.", capture_output=True, check=True)
    assert [json.loads(line)["id"] for line in found.stdout.splitlines()] == [1, 2]


def test_lines_are_whole_however_they_arrive() -> None:
    class Slow(io.BytesIO):
        def read1(self, size: int | None = -1) -> bytes:
            return super().read(3)

    lines = [b"", b"one", b"a much longer line", b"", b"x"]
    assert [line for batch in _batches(Slow(b"\n".join(lines) + b"\n")) for line in batch] == lines


@pytest.mark.parametrize(("lines", "said"), [(b'{"text": 1}\n', "its only line cannot"), (b'{"a": 1}\n[]\n{', "none of its 3 lines can")])
def test_a_file_without_one_readable_line_is_one_plain_line_and_exit_2(lines: bytes, said: str, tmp_path, capfd) -> None:
    code, found, err = run(capfd, written(tmp_path, lines))
    assert (code, found) == (2, [])
    assert said in err
    assert "line 1: " in err
    assert len(err.splitlines()) == 1


def test_bad_lines_before_the_first_good_one_are_told_too_but_never_without_end(tmp_path, capfd) -> None:
    code, found, err = run(capfd, written(tmp_path, b'{"id": 0}\n' * 300 + b'{"text": "a"}\n'))
    assert (code, [each["id"] for each in found]) == (1, [301])
    assert len(err.splitlines()) == 101
    assert err.endswith("300 lines could not be read\n")


def test_packed_texts_are_scored_as_they_are(tmp_path, capfd) -> None:
    lines = b'{"id": "b", "text": "You stupid liar."}\n' * 3
    for pack in (gzip.compress, zstandard.compress):
        assert len(run(capfd, written(tmp_path, pack(lines)))[1]) == 3
    code, _, err = run(capfd, written(tmp_path, gzip.compress(lines)[:-9]))
    assert code == 2
    assert "cut off" in err


def test_a_line_longer_than_a_message_can_be_is_told_and_never_held_whole(tmp_path, capfd) -> None:
    code, found, err = run(capfd, written(tmp_path, gzip.compress(b'{"text": "a"}\n{"text": "' + b"a" * (9 << 20) + b'"}\n{"text": "b"}')))
    assert (code, [each["id"] for each in found]) == (1, [1, 3])
    assert "line 2: longer than" in err


def test_nothing_in_is_nothing_out(tmp_path, capfd) -> None:
    assert run(capfd, written(tmp_path, b"")) == (0, [], "")


def test_help_loads_neither_torch_nor_numpy() -> None:
    look = "import sys; from streams.cli.main import main; main(['score', '--help']); print({'torch', 'numpy', 'faust'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert found.stdout.splitlines()[-1] == "set()"


@pytest.mark.parametrize("given", ["file", "pipe"])
def test_on_a_terminal_a_bar_shows_how_far_it_is_and_the_answers_are_as_ever(given: str, tmp_path: Path) -> None:
    (tmp_path / "texts").write_text("thank you\n" * 300)
    ours, theirs = pty.openpty()
    drawn: list[bytes] = []
    reading = threading.Thread(target=lambda: drawn.extend(iter(lambda: until_closed(ours), b"")))
    reading.start()
    command = [sys.executable, "-m", "streams", "score", str(tmp_path / "texts") if given == "file" else "-"]
    piped = subprocess.Popen(["cat", str(tmp_path / "texts")], stdout=subprocess.PIPE)
    found = subprocess.run(command, stdin=piped.stdout, stdout=subprocess.PIPE, stderr=theirs, check=True)
    piped.communicate()
    os.close(theirs)
    reading.join()
    os.close(ours)
    assert b"scoring" in b"".join(drawn)
    assert [json.loads(line)["id"] for line in found.stdout.splitlines()] == list(range(1, 301))


def until_closed(terminal: int) -> bytes:
    """Return what is written to a terminal; nothing once nobody has it open."""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""
