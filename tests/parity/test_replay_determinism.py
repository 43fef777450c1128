"""The same input and settings give the same bytes, however they are cut and interleaved."""

import gzip
import random
from pathlib import Path

import msgspec
import pytest

from streams.cli.main import main
from streams.records import Comment
from streams.replay.folder import LINES, SUMMARY, Folder
from streams.replay.from_file import Run, replay
from streams.replay.order import arrivals, in_order
from streams.replay.run import results, run
from streams.stages.esr.calibration import Calibration
from streams.stages.pileon import Which
from streams.topology import Config, topology
from tests.support.recording import Recording, recording
from tests.support.texts import BySwearing

SCORER = BySwearing()
BY_EVIDENCE = Config(detector=Which.ESR, calibration=Calibration(stakes_per_day=1.0, share_stakes_per_day=1.0))
FILES = (*(f"{name}.jsonl" for name in LINES), SUMMARY)


@pytest.fixture(scope="module")
def made() -> Recording:
    return recording()


def outputs(comments: list[Comment], batch: int = 500, config: Config | None = None) -> bytes:
    gathered = results(run(topology(SCORER, config or Config()), arrivals(in_order(comments)), batch=batch))
    return msgspec.json.encode([gathered.outputs, gathered.outcomes, gathered.notes])


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in FILES}


def replayed(comments: list[Comment], out: Path) -> dict[str, bytes]:
    plan = Run(stages=topology(SCORER, Config()), program="test", scorer=SCORER.name, detector="window@1", configuration="test")
    with Folder(out) as folder:
        replay(plan, iter(comments), folder)
    return contents(out)


@pytest.mark.parametrize("batch", [1, 2, 7, 100, 5000])
def test_the_size_of_batches_changes_no_byte(made: Recording, batch: int) -> None:
    assert outputs(made.comments(), batch) == outputs(made.comments())


@pytest.mark.parametrize("batch", [1, 100])
def test_the_size_of_batches_changes_no_byte_of_what_evidence_opens(made: Recording, batch: int) -> None:
    assert outputs(made.comments(), batch, BY_EVIDENCE) == outputs(made.comments(), config=BY_EVIDENCE)
    assert outputs(made.comments(), config=BY_EVIDENCE).count(b'"grounds"') > 50


@pytest.mark.parametrize("seed", range(5))
def test_however_conversations_are_interleaved_no_byte_changes(made: Recording, seed: int, tmp_path: Path) -> None:
    comments = made.comments()
    talks: dict[str, list[Comment]] = {}
    for one in comments:
        talks.setdefault(one.conversation_id, []).append(one)
    order = [one.conversation_id for one in comments]
    random.Random(seed).shuffle(order)
    shuffled = [talks[talk].pop(0) for talk in order]
    assert shuffled != comments
    assert replayed(shuffled, tmp_path / "shuffled") == replayed(comments, tmp_path / "as-it-came")


def test_comments_of_equal_time_are_ordered_by_their_names(made: Recording) -> None:
    moment = made.comments()[0].created_at
    together = [msgspec.structs.replace(one, created_at=moment, ingested_at=moment) for one in made.comments()]
    backwards = sorted(together, key=lambda one: one.conversation_id, reverse=True)
    assert outputs(backwards) == outputs(together)


def test_the_command_writes_the_same_bytes_twice_packed_or_not(made: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREADWATCH_KEY", "ab" * 32)
    monkeypatch.chdir(tmp_path)
    whole = b"\n".join(made.lines)
    Path("a.jsonl").write_bytes(whole)
    Path("a.jsonl.gz").write_bytes(gzip.compress(whole))
    assert main(["replay", "--file", "a.jsonl", "--out", "one"]) == 0
    assert main(["replay", "--file", "a.jsonl.gz", "--out", "two"]) == 0
    assert contents(Path("one")) == contents(Path("two"))
    assert len(Path("one/pileons.jsonl").read_bytes()) > 10_000


def test_another_installation_key_gives_other_ids_and_says_so(made: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.jsonl").write_bytes(b"\n".join(made.lines))
    for key in ("ab", "cd"):
        monkeypatch.setenv("THREADWATCH_KEY", key * 32)
        assert main(["replay", "--file", "a.jsonl", "--out", key]) == 0
    first, second = (msgspec.json.decode(Path(key, SUMMARY).read_bytes()) for key in ("ab", "cd"))
    assert first["configuration"] != second["configuration"]
    assert first["alerts_digest"] != second["alerts_digest"]
    assert first["pileons"] == second["pileons"]
