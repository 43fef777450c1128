"""``python -m tests.support.report_picture``: a month of invented comments, backtested, and its report drawn for docs/backtests.md."""

import sys
import tempfile
from pathlib import Path
from typing import Final

import msgspec

from streams.cli.main import main as threadwatch
from tests.support.backtests import BASELINE, backtested, month_file
from tests.support.broker import ROOT
from tests.support.preview.__main__ import shot

PICTURES: Final = ROOT / "docs" / "backtests"
TRIED: Final = (
    BASELINE
    + """
[pileon]
min_hostile_authors = 8
min_share = 0.2

[communities."kitchen-table/cooking"]
min_hostile_authors = 2
min_share = 0.01
"""
)
_SAID: Final = ("pile_on", "pile_on", "not_one", None)
_WIDTH, _HEIGHT = 1180, 2500


def main() -> int:
    """Draw it."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="threadwatch-report-") as place:
        folder = Path(place)
        html = reported(folder, month_file(folder))
        shot(html, PICTURES / "report.png", _HEIGHT, folder, _WIDTH)
    return 0


def reported(folder: Path, file: Path) -> Path:
    """Backtest a file twice, the second time with invented verdicts on what to judge next, and return that report."""
    first = backtested(folder, TRIED, "first", file)
    asked = [msgspec.json.decode(line) for line in (first / "judge-next.jsonl").read_bytes().splitlines()]
    labels, html = folder / "labels.jsonl", folder / "report.html"
    labels.write_bytes(b"\n".join(msgspec.json.encode(one | {"verdict": _SAID[n % 4]}) for n, one in enumerate(asked)))
    options = ["--config", str(folder / "first.toml"), "--baseline", str(folder / "old.toml"), "--data", str(folder / "data")]
    more = ["--labels", str(labels), "--name", "stricter", "--out", str(folder / "second"), "--html", str(html)]
    assert threadwatch(["backtest", "run", "--file", str(file), *options, *more]) == 0
    return html


if __name__ == "__main__":
    sys.exit(main())
