"""``make dashboards``: play the sample through the running program and draw every dashboard with what Prometheus then knows."""

import asyncio
import logging
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.support.broker import ROOT, any_broker
from tests.support.observed import Observed, comments, observed, play
from tests.support.panels import FILES, read
from tests.support.preview.page import WIDTH, page
from tests.support.programs import OTHER_NAMES, PACKAGES

PICTURES: Final = ROOT / "docs" / "dashboards"
PLAYED: Final = 120.0
"""Seconds: one pile-on has ended by then, another is still open."""
_NEEDED: Final = ("prometheus", "prometheus-alertmanager", "chromium")
_CHROMIUM: Final = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--hide-scrollbars")
_MOST: Final = 400_000


def main() -> int:
    """Draw them; 2 with one line where a program is missing."""
    missing = [PACKAGES[name] for name in _NEEDED if not (shutil.which(name) or shutil.which(OTHER_NAMES.get(name, name)))]
    if missing:
        print(f"dashboards: not drawn, {', '.join(missing)} missing; on Debian: apt-get install {' '.join(missing)}", file=sys.stderr)
        return 2
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # of topics a second old it complains, and tries again by itself
    with tempfile.TemporaryDirectory(prefix="threadwatch-dashboards-") as folder, any_broker(Path(folder) / "kafka") as broker:
        asyncio.run(_drawn(broker, Path(folder)))
    return 0


async def _drawn(broker: str, folder: Path) -> None:
    async with observed(broker, folder) as seen:
        began = time.time()
        print(f"dashboards: playing the sample for {PLAYED:.0f} s", flush=True)
        await play(seen, comments(2400), PLAYED)
        await asyncio.to_thread(_pictures, seen, folder, began)


def _pictures(seen: Observed, folder: Path, began: float) -> None:
    PICTURES.mkdir(exist_ok=True)
    end = time.time()
    for file in FILES:
        html, height = page(read(file), seen, began, end)
        (folder / "page.html").write_text(html, encoding="utf-8")
        picture = PICTURES / f"{file.stem}.png"
        _shot(folder / "page.html", picture, height, folder)
        print(f"dashboards: {picture.relative_to(ROOT)}, {picture.stat().st_size // 1000} kB")
        assert picture.stat().st_size < _MOST, "too large for the repository"


def _shot(html: Path, picture: Path, height: int, folder: Path) -> None:
    where = (f"--user-data-dir={folder / 'chromium'}", f"--window-size={WIDTH},{height}", f"--screenshot={picture}", html.as_uri())
    done = subprocess.run(["chromium", *_CHROMIUM, *where], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0 and picture.exists(), done.stderr


if __name__ == "__main__":
    sys.exit(main())
