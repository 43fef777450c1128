"""A backtest of the invented sample, made by the command itself: with fewer people than it takes, and with more."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from msgspec.structs import replace

from streams.cli.main import main
from streams.sources.sample import sample
from tests.support.observed import SITES

START: Final = datetime(2026, 3, 1, tzinfo=UTC)
BASELINE: Final = """
[sources.harbour-post]
communities = ["politics", "sport"]

[sources.kitchen-table]
communities = ["cooking", "gardening"]
"""
LAXER: Final = BASELINE + "\n[pileon]\nmin_hostile_authors = 2\nmin_share = 0.01\n"
STRICTER: Final = BASELINE + "\n[pileon]\nmin_hostile_authors = 12\n"
MIXED: Final = (
    BASELINE
    + """
[pileon]
min_hostile_authors = 2
min_share = 0.01

[communities."harbour-post/sport"]
min_hostile_authors = 12
"""
)
_SAMPLE: Final = re.compile(r"^(\w+)(?:\{(.*)\})? \S+ \d+$")
_LABEL: Final = re.compile(r'(\w+)="([^"]*)"')


def sample_file(folder: Path, comments: int = 700) -> Path:
    """Write the invented sample, on two sites, and return the file."""
    file = folder / "comments.jsonl"
    told = (replace(comment, source=SITES[comment.community]) for comment in sample(START, comments))
    file.write_bytes(b"\n".join(msgspec.json.encode(comment) for comment in told))
    return file


def backtested(folder: Path, candidate: str, name: str, file: Path) -> Path:
    """Run the command on a file and return the folder of its results."""
    old, new, out = folder / "old.toml", folder / f"{name}.toml", folder / name
    old.write_text(BASELINE, encoding="utf-8")
    new.write_text(candidate, encoding="utf-8")
    options = ["--config", str(new), "--baseline", str(old), "--name", name, "--data", str(folder / "data"), "--out", str(out)]
    assert main(["backtest", "run", "--file", str(file), *options]) == 0
    return out


def series(openmetrics: Path) -> dict[str, dict[str, set[str]]]:
    """Return what a file holds: sample name → label → values."""
    found: dict[str, dict[str, set[str]]] = {}
    for line in openmetrics.read_text(encoding="utf-8").splitlines():
        if one := _SAMPLE.match(line):
            known = found.setdefault(one[1], {})
            for label, value in _LABEL.findall(one[2] or ""):
                known.setdefault(label, set()).add(value)
    return found
