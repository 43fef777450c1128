"""``backtest verify`` where the detector e-SR decides, by a calibration that the log brought."""

from datetime import datetime
from pathlib import Path

import msgspec
import pytest

from streams.cli.main import main
from streams.records import ConfigChange, PileOn, Reply, Status
from streams.replay.verify.rules import rules_of
from streams.settings import load
from streams.stages.esr.calibration import NAME, Calibration
from streams.topics import PILEONS, REPLIES
from tests.support.builders import DAY, MINUTE, NOON, reply, tick
from tests.support.folding import folded
from tests.support.recorded import messages, write_recording

KEY = "0f" * 32
LOOSE = Calibration(stakes_per_day=500.0, share_stakes_per_day=50.0)
SETTINGS = """detector = "e-SR"

[calibration]
share_stakes_per_day = 1e9
"""
"""By these alone nothing would open."""


def storm(begin: datetime, target: str) -> list[Reply]:
    return [reply(f"p{n}", begin + n * 3 * MINUTE, 0.9, target_id=target, comment_id=f"{target}-{n}") for n in range(12)]


LOG = [
    ConfigChange(name=NAME, version=1, effective_from=NOON, values=LOOSE.as_values()),
    *storm(NOON, "ann"), *storm(NOON + DAY, "bob"), tick(NOON + 3 * DAY),
]  # fmt: skip


@pytest.fixture
def fired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[PileOn]:
    """Return what was told, with recordings of the log and of that in this folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("THREADWATCH_KEY", KEY)
    Path("t.toml").write_text(SETTINGS)
    made = folded(rules_of(load({"THREADWATCH_KEY": KEY}, Path("t.toml"))).pileon, LOG).outputs
    write_recording(Path("replies.rec"), REPLIES.name, messages(REPLIES.name, map(msgspec.json.encode, LOG)))
    return list(made)


def verified(told: list[PileOn], out: str) -> tuple[int, dict[str, int], int]:
    write_recording(Path("pileons.rec"), PILEONS.name, messages(PILEONS.name, map(msgspec.json.encode, told)))
    code = main(["backtest", "verify", "--replies", "replies.rec", "--pileons", "pileons.rec", "--config", "t.toml", "--out", out])
    found = msgspec.json.decode(Path(out, "verify.json").read_bytes())
    assert found["detector"] == "e-SR@1"
    return code, found["transitions"], found["unexplained"]


def test_what_evidence_opened_is_made_again_and_what_was_forged_is_not(fired: list[PileOn]):
    assert [one.target_id for one in fired if one.status is Status.OPENED] == ["ann", "bob"]
    assert fired[0].grounds is not None
    assert verified(fired, "equal") == (0, dict.fromkeys(("live", "replayed", "equal"), len(fired)), 0)
    stronger = msgspec.structs.replace(fired[0], grounds=msgspec.structs.replace(fired[0].grounds, share_evidence=1e6))
    code, transitions, unexplained = verified([stronger, *fired[1:-1]], "altered")
    assert (code, transitions["equal"], unexplained) == (1, len(fired) - 2, 2)
