"""``python -m streams.evaluation``: a table, figures in a file, the same every time; a mistake is one line."""

import json
import subprocess
import sys
from pathlib import Path

from tests.contract.schema_files import ROOT


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "streams.evaluation", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)


def test_the_table_has_every_detector_at_every_budget_and_comes_out_the_same(tmp_path: Path):
    small = ("--targets", "120", "--days", "12", "--seed", "5")
    first, again = run(*small, "--json", str(tmp_path / "eval.json")), run(*small)
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == again.stdout
    assert "the half that decides: 60 people" in first.stdout
    lines = json.loads((tmp_path / "eval.json").read_text(encoding="utf-8"))
    told = {(line["detector"], line["budget_per_day"]) for line in lines}
    assert {(name, b) for name in ("paired", "paired, slack learned", "rate only", "share only", "gated") for b in (0.1, 1.0, 3.0)} <= told
    assert {"window ≥5 in 1 h", "window ≥10 in 1 h", "window ≥6, share ≥.5"} <= {name for name, _ in told}


def test_too_small_a_site_is_said_to_be_so():
    asked = run("--days", "5")
    assert asked.returncode == 2
    assert "10 days and 100 people are the least" in asked.stderr.splitlines()[-1]
