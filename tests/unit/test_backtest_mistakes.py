"""What cannot be backtested is one plain line and exit 2, and nothing is half-written."""

import resource
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from streams.cli.main import main
from streams.records import ScoredComment
from tests.support.backtests import BASELINE, STRICTER, sample_file
from tests.support.builders import NOON, comment
from tests.support.recorded import messages, write_recording

BACKTESTS = {"run": ["backtest", "run", "--config", "new.toml"], "sweep": ["backtest", "sweep", "--grid", "pileon.min_hostile_authors=4,5"]}
LIMITED = "import sys; from streams.cli.main import main; sys.exit(main(sys.argv[1:]))"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("THREADWATCH_KEY", "0f" * 32)
    Path("threadwatch.toml").write_text(BASELINE)
    Path("new.toml").write_text(STRICTER)


def recorded(count: int = 30) -> None:
    """Write recordings of comments.raw and comments.scored."""
    some = [comment(f"c{n}", created_at=NOON + timedelta(minutes=n), ingested_at=NOON + timedelta(minutes=n)) for n in range(count)]
    at = int((NOON + timedelta(days=400)).timestamp() * 1000)
    by = [ScoredComment(comment=one, toxicity=0.1, scorer="old@1") for one in some]
    for name, topic, values in (("raw.rec", "comments.raw", some), ("scored.rec", "comments.scored", by)):
        held = messages(topic, [msgspec.json.encode(one) for one in values])
        write_recording(Path(name), topic, [msgspec.structs.replace(one, timestamp_ms=at) for one in held])


def complaint(capsys: pytest.CaptureFixture[str], which: str, *options: str) -> str:
    assert main([*BACKTESTS[which], "--out", "out", *options]) == 2
    told = capsys.readouterr().err
    assert told.startswith("threadwatch: ") and told.count("\n") == 1 and not Path("out").exists()
    return told


@pytest.mark.parametrize("which", BACKTESTS)
def test_a_period_in_which_nothing_arrived_is_told(which: str, capsys: pytest.CaptureFixture[str]):
    recorded()
    for period in (("--from", "2031-01-01"), ("--to", "2001-01-01"), ("--from", "2026-01-01", "--to", "2026-01-02")):
        told = complaint(capsys, which, "--file", "raw.rec", *period)
        assert "raw.rec: nothing arrived" in told and "what it holds arrived at other times" in told


@pytest.mark.parametrize("which", BACKTESTS)
def test_a_period_that_ends_before_it_begins_or_is_no_time_is_told(which: str, capsys: pytest.CaptureFixture[str]):
    recorded()
    backwards = ("--from", "2026-05-02", "--to", "2026-05-01")
    assert "--to 2026-05-01 is not after --from 2026-05-02" in complaint(capsys, which, "--file", "raw.rec", *backwards)
    assert "--from 'yesterday': write a time such as" in complaint(capsys, which, "--file", "raw.rec", "--from", "yesterday")


@pytest.mark.parametrize("which", BACKTESTS)
def test_a_recording_that_was_cut_off_or_altered_is_told(which: str, capsys: pytest.CaptureFixture[str]):
    recorded(300)
    whole = Path("raw.rec").read_bytes()
    for held in (whole[: len(whole) // 2], whole[:-3], whole[:200] + bytes([whole[200] ^ 1]) + whole[201:], whole[:9]):
        Path("bad.rec").write_bytes(held)
        assert "bad.rec" in complaint(capsys, which, "--file", "bad.rec")


@pytest.mark.parametrize("which", BACKTESTS)
def test_a_scorer_whose_scores_nobody_has_is_told_with_those_there_are(which: str, capsys: pytest.CaptureFixture[str]):
    recorded()
    reuse = ("--file", "raw.rec", "--scores", "reuse", "--scored", "scored.rec", "--scored-by")
    told = complaint(capsys, which, *reuse, "linear@99")
    assert "of 30 comments 30 have no score by linear@99: 30 were scored by old@1" in told
    Path("threadwatch.toml").write_text('scorer = "psychic"\n')
    Path("new.toml").write_text('scorer = "psychic"\n')
    assert "there is no scorer 'psychic'" in complaint(capsys, which, "--file", "raw.rec")


@pytest.mark.parametrize("which", BACKTESTS)
def test_labels_of_another_time_or_of_nobody_here_are_told(which: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    file = str(sample_file(tmp_path))
    Path("others.csv").write_text("target,from,to,verdict\nnobody,2026-03-01,2026-03-02,pile_on\n")
    Path("before.csv").write_text("target,from,to,verdict\nivo-karst,2001-03-01,2001-03-02,pile_on\n")
    assert "nobody that they speak of is answered" in complaint(capsys, which, "--file", file, "--labels", "others.csv")
    assert "none lies in the period" in complaint(capsys, which, "--file", file, "--labels", "before.csv")


def limited(bytes_: int, *arguments: str) -> tuple[int, str]:
    """Return exit code and complaints of the program where no file may grow beyond so many bytes."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_, bytes_))

    done = subprocess.run(
        [sys.executable, "-c", LIMITED, *arguments], capture_output=True, text=True, check=False, timeout=120, preexec_fn=limit
    )
    return done.returncode, done.stderr


COMMANDS = BACKTESTS | {"replay": ["replay"]}


@pytest.mark.parametrize("which", COMMANDS)
@pytest.mark.parametrize("room", [0, 1500])
def test_where_there_is_no_room_nothing_is_left_and_what_was_there_stays(which: str, room: int, tmp_path: Path):
    file = str(sample_file(tmp_path))
    asked = [*COMMANDS[which], "--file", file, "--out", "out"]
    code, told = limited(room, *asked)
    assert code == 2 and told.startswith(
        "threadwatch: --out: out has no room for the results (File too large); nothing there was changed; "
    )
    assert told.count("\n") == 1
    assert not Path("out").exists()
    assert main(asked) == 0
    before = {one.name: one.read_bytes() for one in Path("out").iterdir()}
    assert limited(room, *asked, "--force")[0] == 2
    assert {one.name: one.read_bytes() for one in Path("out").iterdir()} == before


@pytest.mark.parametrize("option", ["--html", "--parquet"])
def test_where_there_is_no_room_for_a_report_none_is_left(option: str, tmp_path: Path):
    assert main([*BACKTESTS["run"], "--file", str(sample_file(tmp_path)), "--out", "out"]) == 0
    code, told = limited(1000, "backtest", "show", "out", option, "asked")
    assert code == 2 and told.startswith(f"threadwatch: {option}: asked cannot be written (") and "File too large" in told
    assert told.count("\n") == 1
    assert not Path("asked").exists() or not list(Path("asked").iterdir())
    assert not list(Path().rglob(".*unfinished*"))


@pytest.mark.parametrize("options", [[], ["--json"], ["--html", "a.html"], ["--slices"], ["--parquet", "tables"]], ids=str)
def test_a_folder_of_a_replay_is_no_backtest_and_is_called_what_it_is(
    options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["replay", "--file", str(sample_file(tmp_path)), "--out", "out"]) == 0
    capsys.readouterr()
    assert main(["backtest", "show", "out", *options]) == 2
    assert capsys.readouterr().err == "threadwatch: out holds a replay, whose account is summary.json; `backtest run` makes a backtest\n"
    assert not Path("a.html").exists() and not Path("tables").exists()
