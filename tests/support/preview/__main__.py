"""``make dashboards``: play the sample through the running program and draw every dashboard with what Prometheus then knows."""

import asyncio
import logging
import math
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from streams.replay.backtest.diff import summary_of
from tests.support.backtests import MIXED, STRICTER, backtested, labels_file, sample_file
from tests.support.broker import ROOT, any_broker
from tests.support.observed import comments, observed, play
from tests.support.panels import FOLDER, LIVE, read
from tests.support.preview.data import SHORT, Shown
from tests.support.preview.page import WIDTH, page
from tests.support.programs import OTHER_NAMES, PACKAGES
from tests.support.prometheus import holding

PICTURES: Final = ROOT / "docs" / "dashboards"
PLAYED: Final = 120.0
"""Seconds: one pile-on has ended by then, another is still open."""
BACKTEST: Final = FOLDER / "backtest.json"
BARS: Final = 1800
"""Seconds a bar of the backtest's charts."""
_NEEDED: Final = ("prometheus", "prometheus-alertmanager", "chromium")
_CHROMIUM: Final = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--hide-scrollbars")
_MOST: Final = 400_000


def main(only: Sequence[str] = ()) -> int:
    """Draw them, or only the backtest's, which needs no broker; 2 with one line where a program is missing."""
    missing = [PACKAGES[name] for name in _NEEDED if not (shutil.which(name) or shutil.which(OTHER_NAMES.get(name, name)))]
    if missing:
        print(f"dashboards: not drawn, {', '.join(missing)} missing; on Debian: apt-get install {' '.join(missing)}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="threadwatch-dashboards-") as folder:
        _backtests(Path(folder))
    if list(only) == [BACKTEST.stem]:
        return 0
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # of topics a second old it complains, and tries again by itself
    with tempfile.TemporaryDirectory(prefix="threadwatch-dashboards-") as folder, any_broker(Path(folder) / "kafka") as broker:
        asyncio.run(_drawn(broker, Path(folder)))
    return 0


async def _drawn(broker: str, folder: Path) -> None:
    async with observed(broker, folder) as seen:
        began = time.time()
        print(f"dashboards: playing the sample for {PLAYED:.0f} s", flush=True)
        await play(seen, comments(2400), PLAYED)
        shown = Shown(seen.prometheus, began, time.time(), alertmanager=seen.alertmanager)
        await asyncio.to_thread(_pictures, LIVE, shown, folder)


def _backtests(folder: Path) -> None:
    """Draw the dashboard of backtests: two runs on the sample, loaded into a Prometheus as people load them."""
    file = sample_file(folder, 2400)
    judged = ("--labels", str(labels_file(folder)))
    runs = [backtested(folder, candidate, name, file, *judged) for name, candidate in (("stricter", STRICTER), ("per-community", MIXED))]
    with holding(folder, [run / "metrics.om" for run in runs]) as prometheus:
        when = summary_of(runs[-1]).period
        # From the period's start to the end of its last step, as the link in the dashboard's table of runs has it.
        end = when.end.timestamp() + when.step_seconds
        span = f"{math.ceil(end - when.start.timestamp())}s"
        values = SHORT | {"run": runs[-1].name, "step": "300s", "__interval": f"{BARS}s", "__range": span}
        shown = Shown(
            prometheus, when.start.timestamp(), end, values, 300.0, BARS, note="a backtest of a day and a half of invented comments"
        )
        _pictures([BACKTEST], shown, folder)


def _pictures(files: Sequence[Path], shown: Shown, folder: Path) -> None:
    PICTURES.mkdir(exist_ok=True)
    for file in files:
        html, height = page(read(file), shown)
        (folder / "page.html").write_text(html, encoding="utf-8")
        picture = PICTURES / f"{file.stem}.png"
        shot(folder / "page.html", picture, height, folder)
        print(f"dashboards: {picture.relative_to(ROOT)}, {picture.stat().st_size // 1000} kB")
        assert picture.stat().st_size < _MOST, "too large for the repository"


def shot(html: Path, picture: Path, height: int, folder: Path, width: int = WIDTH, *, dark: bool = False) -> None:
    """Draw a page as Chromium shows it, for those who want it light or dark."""
    scheme = f"--blink-settings=preferredColorScheme={0 if dark else 1}"
    where = (scheme, f"--user-data-dir={folder / 'chromium'}", f"--window-size={width},{height}", f"--screenshot={picture}", html.as_uri())
    done = subprocess.run(["chromium", *_CHROMIUM, *where], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0 and picture.exists(), done.stderr


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
