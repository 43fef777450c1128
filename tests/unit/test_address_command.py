"""``threadwatch address``: records in, one line each out."""

import gzip
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.cli.main import main
from tests.support.builders import HOSTILE, MINUTE, NOON, comment, deleted, scored
from tests.support.chat import LINES, chat


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [msgspec.json.decode(line) for line in capsys.readouterr().out.splitlines()]


def written(path: Path, *records: Any) -> str:
    path.write_bytes(b"".join(msgspec.json.encode(record) + b"\n" for record in records))
    return str(path)


def test_each_record_gets_one_line_in_the_same_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(
        tmp_path / "in.jsonl",
        scored("c1", text="The bridge is old.", author_name="Ann Marlow"),
        scored("c2", HOSTILE, text="You are an idiot.", author_id="bob", parent_id="c1"),
    )
    assert main(["address", file]) == 0
    first, second = lines(capsys)
    assert first == {"comment_id": "c1", "author_id": "ann", "candidates": []}
    (candidate,) = second["candidates"]
    assert {name: candidate[name] for name in ("target", "target_name", "kind", "confidence")} == {
        "target": "ann", "target_name": "Ann Marlow", "kind": "parent", "confidence": 1.0,
    }  # fmt: skip
    assert candidate["hostility"] > 0.8


def test_a_chat_with_a_ranker_is_told_apart_where_nobody_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "threadwatch.toml"
    config.write_text('[address.rankers]\nirc = "irc"\n')
    file = written(tmp_path / "in.jsonl", *chat(LINES))
    assert main(["address", file, "--config", str(config)]) == 0
    ranked = [line["candidates"][0]["target"] for line in lines(capsys)[2:]]
    assert ranked == ["ann", "cleo", "bob", "dan", "ann"]
    config.write_text('[address.rankers]\nirc = "irk"\n')
    assert main(["address", file, "--config", str(config)]) == 2
    assert f"{config}:2: Invalid enum value 'irk'" in capsys.readouterr().err


def test_comments_without_a_score_are_scored(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(
        tmp_path / "in.jsonl",
        comment("c1", text='The bridge is old, says the "comment" column.'),
        comment("c2", text="You stupid idiot, shut up.", author_id="bob", parent_id="c1"),
    )
    assert main(["address", file]) == 0
    assert lines(capsys)[1]["candidates"][0]["hostility"] > 0.5


def test_a_parent_that_comes_later_is_on_the_earlier_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path / "in.jsonl", scored("c2", author_id="bob", parent_id="c1"), scored("c1"))
    assert main(["address", file]) == 0
    assert lines(capsys)[0]["candidates"][0]["target"] == "ann"


def test_what_is_deleted_is_aimed_at_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gone = comment("c2", author_id="bob", parent_id="c1")
    file = written(tmp_path / "in.jsonl", comment("c1"), gone, deleted(gone, NOON + MINUTE))
    assert main(["address", file]) == 0
    assert [line["candidates"] for line in lines(capsys)] == [[], [], []]


def test_a_packed_file_is_read_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "in.jsonl.gz"
    file.write_bytes(gzip.compress(msgspec.json.encode(scored("c1"))))
    assert main(["address", str(file)]) == 0
    assert lines(capsys)[0]["comment_id"] == "c1"


def test_a_bad_line_is_told_by_number_and_the_others_are_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(b'{"no": 1}\n' + msgspec.json.encode(scored("c1")) + b"\n")
    assert main(["address", str(file)]) == 1
    said = capsys.readouterr()
    assert "line 1" in said.err
    assert len(said.out.splitlines()) == 1


def test_a_file_without_one_readable_line_is_one_plain_line_and_an_empty_one_is_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "in.jsonl"
    file.write_bytes(b'{"no": 1}\nnonsense\n')
    assert main(["address", str(file)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "none of its 2 lines can be read (line 1: " in err
    assert len(err.splitlines()) == 1
    file.write_bytes(b"\n")
    assert main(["address", str(file)]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("arguments", [["nowhere.jsonl"], ["--scorer", "oracle", "in.jsonl"]])
def test_a_mistake_is_one_plain_line(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "in.jsonl", comment("c1"))
    assert main(["address", *arguments]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
