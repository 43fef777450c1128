"""Parquet in and out: comments replay as they do from JSON lines; tables hold what lines hold."""

import io
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from streams.cli.main import main
from streams.records import Comment
from streams.replay.backtest.parquet_tables import TABLES
from streams.replay.parquet import NUMBERS, REQUIRED, TIMES, TRUTHS
from tests.support.backtests import BASELINE, STRICTER, backtested, sample_file
from tests.support.builders import NOON, comment, edited

UTC = pa.timestamp("us", tz="UTC")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("THREADWATCH_KEY", "0f" * 32)
    Path("new.toml").write_text(BASELINE)


def table(comments: Sequence[Comment], **types: Any) -> pa.Table:
    rows = [{name: getattr(one, name) for name in one.__struct_fields__} for one in comments]
    kinds = dict.fromkeys(TIMES, UTC) | dict.fromkeys(TRUTHS, pa.bool_()) | dict.fromkeys(NUMBERS, pa.int64()) | types
    return pa.Table.from_pylist(rows, schema=pa.schema([(name, kinds.get(name, pa.string())) for name in Comment.__struct_fields__]))


def replayed(file: str) -> dict[str, bytes]:
    assert main(["replay", "--file", file, "--out", f"out-{file}"]) == 0
    return {one.name: one.read_bytes() for one in Path(f"out-{file}").iterdir()}


def complaint(file: str, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    """Return what replay, backtest and sweep say of a file, one plain line; nothing is left."""
    told = set()
    for command in (["replay"], ["backtest", "run", "--config", "new.toml"], ["backtest", "sweep", "--grid", "pileon.window=1h"]):
        assert main([*command, "--file", file, "--out", "none", *options]) == 2
        told.add(capsys.readouterr().err)
        assert not Path("none").exists()
    (said,) = told
    assert said.count("\n") == 1 and said.startswith("threadwatch: ")
    return said


# In.
def test_a_file_of_comments_replays_as_its_json_lines_do(tmp_path: Path):
    file = sample_file(tmp_path)
    comments = [msgspec.json.decode(line, type=Comment) for line in file.read_bytes().splitlines()]
    comments.append(edited(comments[3], "Hm.", NOON.replace(year=2027)))
    file.write_bytes(b"\n".join(map(msgspec.json.encode, comments)))
    pq.write_table(table(comments), "in.parquet", row_group_size=97)
    lines = replayed("comments.jsonl")
    assert replayed("in.parquet") == lines
    pq.write_table(table(comments, created_at=pa.timestamp("ns", tz="Europe/Berlin"), source=pa.dictionary(pa.int8(), pa.string()),
                         text=pa.large_string(), schema_version=pa.int8()), "other", compression="gzip")  # fmt: skip
    assert replayed("other") == lines


def test_backtests_and_sweeps_take_it_too(tmp_path: Path):
    file = sample_file(tmp_path)
    comments = [msgspec.json.decode(line, type=Comment) for line in file.read_bytes().splitlines()]
    pq.write_table(table(comments), "in.parquet")
    one, other = (backtested(tmp_path, STRICTER, name, given) for name, given in (("a", Path("in.parquet")), ("b", file)))
    for name in ("pileons.jsonl", "alerts.jsonl", "changes.jsonl", "config.lock"):
        assert (one / name).read_bytes() == (other / name).read_bytes()
    assert main(["backtest", "sweep", "--file", "in.parquet", "--grid", "pileon.window=1h", "--out", "swept"]) == 0


def test_columns_may_be_missing_be_null_or_be_more():
    rows = [{name: getattr(comment("a"), name) for name in REQUIRED}]
    few = pa.Table.from_pylist(rows).append_column("mine", pa.array([3])).append_column("language", pa.nulls(1))
    pq.write_table(few, "in.parquet")
    assert msgspec.json.decode(replayed("in.parquet")["summary.json"])["raw"]["scored"] == 1


def test_a_row_that_is_no_comment_is_a_dead_letter_with_its_number():
    rows = [comment("a"), comment("b"), comment("c")]
    broken = table(rows).set_column(Comment.__struct_fields__.index("source"), "source", pa.array(["news", "", "x" * 600]))
    pq.write_table(broken, "in.parquet")
    letters = [msgspec.json.decode(line) for line in replayed("in.parquet")["dead-letters.jsonl"].splitlines()]
    assert [(one["line"], one["reason"]) for one in letters] == [(2, "wrong_type"), (3, "wrong_type")]


def test_text_that_is_no_utf_8_is_a_dead_letter():
    held = pa.array([b"fine", b"\xff\xfe", b"fine"]).view(pa.string())
    pq.write_table(table([comment(name) for name in "abc"]).set_column(Comment.__struct_fields__.index("text"), "text", held), "in.parquet")
    letters = [msgspec.json.decode(line) for line in replayed("in.parquet")["dead-letters.jsonl"].splitlines()]
    assert [one["line"] for one in letters] == [2]


@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_column_is_named_with_its_file(name: str, capsys: pytest.CaptureFixture[str]):
    pq.write_table(table([comment("a")]).drop([name]), "in.parquet")
    assert f"in.parquet: has no column {name}; comments need source, community" in complaint("in.parquet", capsys)


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [("source", pa.int64(), "column source holds int64; write it as string"),
     ("created_at", pa.timestamp("us"), "column created_at holds timestamp[us]; write it as timestamp[us, tz=UTC]"),
     ("created_at_is_estimated", pa.string(), "column created_at_is_estimated holds string; write it as bool"),
     ("schema_version", pa.float64(), "column schema_version holds double; write it as int64"),
     ("comment_id", pa.null(), "column comment_id holds null; write it as string"),
     ("text", pa.list_(pa.string()), "column text holds list<")],
)  # fmt: skip
def test_a_column_of_a_wrong_type_is_named_with_its_file(name: str, kind: Any, said: str, capsys: pytest.CaptureFixture[str]):
    place = Comment.__struct_fields__.index(name)
    pq.write_table(table([comment("a")]).set_column(place, name, pa.nulls(1, kind)), "in.parquet")
    assert f"in.parquet: {said}" in complaint("in.parquet", capsys)


def test_damage_emptiness_pipes_and_periods_are_one_plain_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    pq.write_table(table([comment("a")]), "in.parquet")
    whole = Path("in.parquet").read_bytes()
    assert "--from and --to belong to" in complaint("in.parquet", capsys, "--from", "2026-01-01")
    for number, held in enumerate((whole[:-9], b"PAR1", b"PAR1" + bytes(40), whole[:4] + bytes(200) + whole[204:])):
        Path("bad.parquet").write_bytes(held)
        assert "bad.parquet: cannot be read as Parquet, it is damaged" in complaint("bad.parquet", capsys), number
    pq.write_table(table([]), "none.parquet")
    assert "none.parquet: is empty" in complaint("none.parquet", capsys)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(whole)))
    assert main(["replay", "--file", "-", "--out", "none"]) == 2
    assert "stdin: is Parquet, which is read from its end" in capsys.readouterr().err


def test_columns_are_known_as_the_record_has_them():
    kinds = {one.name: msgspec.inspect.type_info(one.type) for one in msgspec.structs.fields(Comment)}

    def of(name: str) -> set[type]:
        info: Any = kinds[name]
        parts = info.types if isinstance(info, msgspec.inspect.UnionType) else (info,)
        return {type(part) for part in parts} - {msgspec.inspect.NoneType}

    assert {name for name in kinds if of(name) == {msgspec.inspect.DateTimeType}} == set(TIMES)
    assert {name for name in kinds if of(name) == {msgspec.inspect.BoolType}} == set(TRUTHS)
    assert {name for name in kinds if of(name) == {msgspec.inspect.IntType}} == set(NUMBERS)


def test_without_pyarrow_it_is_one_plain_line_and_nothing_else_needs_it(tmp_path: Path):
    pq.write_table(table([comment("a")]), "in.parquet")
    Path("in.jsonl").write_bytes(msgspec.json.encode(comment("a")))
    without = "import sys; sys.modules['pyarrow'] = None; from streams.cli.main import main; sys.exit(main(sys.argv[1:]))"

    def ran(*arguments: str) -> tuple[int, str]:
        done = subprocess.run([sys.executable, "-c", without, *arguments], capture_output=True, text=True, check=False, timeout=120)
        return done.returncode, done.stderr

    line = "threadwatch: Parquet needs pyarrow, which is not installed: pip install 'threadwatch[parquet]'\n"
    assert ran("replay", "--file", "in.parquet", "--out", "out") == (2, line)
    run = ("backtest", "run", "--file", "in.jsonl", "--config", "new.toml", "--out", "out")
    assert ran(*run, "--parquet", "tables") == (2, line)
    assert not Path("out").exists() and not Path("tables").exists()
    assert ran(*run)[0] == 0


# Out.
def rows_of(lines: Path, kind: Any) -> list[Any]:
    def plain(value: Any) -> Any:
        if isinstance(value, msgspec.Struct):
            return {name: plain(getattr(value, name)) for name in value.__struct_fields__}
        return list(value) if isinstance(value, tuple) else value

    return [plain(msgspec.json.decode(line, type=kind)) for line in lines.read_bytes().splitlines()]


def test_tables_hold_what_the_lines_hold_packed_and_the_same_bytes_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = sample_file(tmp_path)
    out = backtested(tmp_path, STRICTER, "run", file, "--parquet", "tables")
    assert "parquet: tables/alerts.parquet, tables/pileons.parquet, tables/changes.parquet\n" in capsys.readouterr().err
    for name, kind in TABLES.items():
        found = pq.read_table(f"tables/{name}.parquet")
        assert found.to_pylist() == rows_of(out / f"{name}.jsonl", kind) != []
    column = pq.ParquetFile("tables/pileons.parquet").metadata.row_group(0).column(0)
    assert column.compression == "ZSTD"
    assert pq.read_schema("tables/changes.parquet").field("baseline").type.field("opened_at").type == UTC
    assert main(["backtest", "show", str(out), "--parquet", "again"]) == 0
    assert sorted(one.name for one in Path("again").iterdir()) == sorted(f"{name}.parquet" for name in TABLES)
    assert all(one.read_bytes() == Path("tables", one.name).read_bytes() for one in Path("again").iterdir())


def test_a_run_without_a_pile_on_makes_tables_of_the_same_columns():
    Path("in.jsonl").write_bytes(msgspec.json.encode(comment("a")))
    assert main(["backtest", "run", "--file", "in.jsonl", "--config", "new.toml", "--out", "out", "--parquet", "tables"]) == 0
    assert pq.read_table("tables/pileons.parquet").num_rows == 0
    assert "evidence" in pq.read_schema("tables/pileons.parquet").names


def test_tables_that_cannot_be_written_are_one_plain_line_before_anything_is_run(capsys: pytest.CaptureFixture[str]):
    Path("in.jsonl").write_bytes(msgspec.json.encode(comment("a")))
    run = ["backtest", "run", "--file", "in.jsonl", "--config", "new.toml", "--out", "out"]
    assert main([*run, "--parquet", "in.jsonl"]) == 2
    assert capsys.readouterr().err == "threadwatch: --parquet: in.jsonl is a file; name a folder\n"
    assert not Path("out").exists()
    assert main(run) == 0
    Path("out/changes.jsonl").write_bytes(b"{}\n")
    capsys.readouterr()
    assert main(["backtest", "show", "out", "--parquet", "tables"]) == 2
    assert "out/changes.jsonl is not that of a backtest" in capsys.readouterr().err
    assert list(Path("tables").iterdir()) == []
    assert main(["backtest", "show", "nothing", "--parquet", "tables"]) == 2
