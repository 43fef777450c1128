"""``--resume``: a replay that was stopped goes on, and every byte is that of one that was not; of anything else it is refused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.cli.main import main
from streams.replay import addressing
from streams.replay.checkpoint import CHECKPOINT
from streams.replay.folder import LINES, SUMMARY
from tests.support.recorded import messages, write_recording
from tests.support.recording import recording
from tests.support.texts import BySwearing
from tests.unit.test_replay_interrupted import Interrupting

FILES = (*(f"{name}.jsonl" for name in LINES), SUMMARY)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("THREADWATCH_KEY", "0f" * 32)
    monkeypatch.setattr(addressing, "AT_ONCE", 50)
    Path("in.jsonl").write_bytes(b"\n".join(recording().lines))
    write_recording(Path("raw.rec"), "comments.raw", messages("comments.raw", recording().lines))


@pytest.fixture
def scored_by(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    return lambda scorer: monkeypatch.setattr("streams.cli.recorded.scorer_of", lambda *_: scorer)


def replay(out: str, *options: str, file: str = "in.jsonl") -> int:
    return main(["replay", "--file", file, "--out", out, *options])


def contents(out: str) -> dict[str, bytes]:
    return {one.name: one.read_bytes() for one in Path(out).iterdir()}


@pytest.mark.parametrize("file", ["in.jsonl", "raw.rec"])
@pytest.mark.parametrize("batch", [1, 5, 10, 16])
def test_wherever_it_was_stopped_it_ends_with_the_bytes_of_a_run_that_was_not(file: str, batch: int, scored_by: Any) -> None:
    scored_by(BySwearing())
    assert replay("whole", file=file) == 0
    scored_by(Interrupting(batch))
    assert replay("out", file=file) == 130
    assert set(contents("out")) == {*FILES, CHECKPOINT}
    scored_by(BySwearing())
    assert replay("out", "--resume", file=file) == 0
    assert contents("out") == contents("whole")
    assert len(contents("out")["pileons.jsonl"]) > 10_000


def test_it_can_be_stopped_again_and_again(scored_by: Any) -> None:
    scored_by(BySwearing())
    assert replay("whole") == 0
    scored_by(Interrupting(3))
    assert replay("out") == 130
    for _ in range(3):
        scored_by(Interrupting(2))
        assert replay("out", "--resume") == 130
    assert msgspec.json.decode(contents("out")[SUMMARY])["not_replayed"] == 834 - 9 * 50
    scored_by(BySwearing())
    assert replay("out", "--resume") == 0 and contents("out") == contents("whole")


def test_the_work_that_was_done_is_not_done_again(scored_by: Any) -> None:
    class Counting(BySwearing):
        texts = 0

        def score(self, texts: Any) -> Any:
            self.texts += len(texts)
            return super().score(texts)

    scored_by(Interrupting(10))
    assert replay("out") == 130
    scored_by(counting := Counting())
    assert replay("out", "--resume") == 0
    assert counting.texts < 834 - 10 * 50


def test_a_run_that_fails_leaves_what_it_could_have_gone_on_from(scored_by: Any) -> None:
    class Failing(BySwearing):
        def score(self, texts: Any) -> Any:
            raise RuntimeError("no")

    scored_by(Interrupting(2))
    assert replay("out") == 130
    before = contents("out")
    scored_by(Failing())
    with pytest.raises(RuntimeError):
        replay("out", "--resume")
    assert contents("out") == before


def test_a_whole_run_with_force_needs_no_checkpoint_any_more(scored_by: Any) -> None:
    scored_by(Interrupting(2))
    assert replay("out") == 130
    scored_by(BySwearing())
    assert replay("out", "--force") == 0 and set(contents("out")) == set(FILES)


def other_input() -> tuple[str, ...]:
    Path("in.jsonl").write_bytes(b"\n".join(recording().lines[:-1]))
    return ()


def other_settings() -> tuple[str, ...]:
    Path("new.toml").write_text("[pileon]\nmin_hostile_authors = 5\n")
    return ("--config", "new.toml")


def other_lines() -> tuple[str, ...]:
    Path("out/replies.jsonl").write_bytes(Path("out/replies.jsonl").read_bytes().replace(b"0.9", b"0.8"))
    return ()


def cut_off() -> tuple[str, ...]:
    Path("out", CHECKPOINT).write_bytes(Path("out", CHECKPOINT).read_bytes()[:-900])
    return ()


def no_checkpoint() -> tuple[str, ...]:
    Path("out", CHECKPOINT).write_bytes(b"")
    return ()


def gone() -> tuple[str, ...]:
    Path("out", CHECKPOINT).unlink()
    return ()


def file_gone() -> tuple[str, ...]:
    Path("out/scored.jsonl").unlink()
    return ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (other_input, "(out/checkpoint.zst) was of another input, or of another period of it; start it again with --force"),
        (other_settings, "(out/checkpoint.zst) was made with other settings, another scorer or another installation key; start it again"),
        (other_lines, "had written another replies.jsonl than stands there now; start it again with --force"),
        (file_gone, "had written another scored.jsonl than stands there now; start it again with --force"),
        (cut_off, "out/checkpoint.zst is damaged; start the replay again with --force"),
        (no_checkpoint, "out/checkpoint.zst is damaged; start the replay again with --force"),
        (gone, "out holds no replay that was stopped (no checkpoint.zst); start it without --resume"),
    ],
)
def test_what_is_not_the_run_that_was_stopped_is_one_plain_line(
    change: Callable[[], tuple[str, ...]], said: str, scored_by: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    scored_by(Interrupting(4))
    assert replay("out") == 130
    options = change()
    before = contents("out")
    scored_by(BySwearing())
    capsys.readouterr()
    assert replay("out", "--resume", *options) == 2
    told = capsys.readouterr().err
    assert told.startswith("threadwatch: --resume: ") and said in told and told.count("\n") == 1
    assert contents("out") == before


def test_nothing_to_go_on_with_is_one_plain_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert replay("none", "--resume") == 2
    assert capsys.readouterr().err.count("\n") == 1 and not Path("none").exists()
