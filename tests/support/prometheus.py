"""A real Prometheus with the configuration that we ship: started, asked, stopped."""

import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import yaml

from tests.support.broker import ROOT
from tests.support.programs import free_port, needed

FOLDER: Final = ROOT / "deploy" / "prometheus"
PATIENCE: Final = 30.0


def shipped_config(folder: Path, target: str) -> Path:
    """Return the configuration that we ship, with one worker at ``target`` and no wait between scrapes."""
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text(encoding="utf-8"))
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(FOLDER / "rules" / "*.yml")]
    config["alerting"] = {}
    config["scrape_configs"] = [{"job_name": "threadwatch", "static_configs": [{"targets": [target]}]}]
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    return file


class Prometheus:
    """The server's query API."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def is_ready(self) -> bool:
        try:
            with urlopen(f"{self.url}/-/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def ask(self, expression: str, at: float | None = None) -> list[dict[str, Any]]:
        """Return the series that an expression gives now, or at a time (Unix seconds)."""
        found: list[dict[str, Any]] = self._told("query", query=expression, **({} if at is None else {"time": at}))["result"]
        return found

    def course(self, expression: str, start: float, end: float, step: float) -> list[dict[str, Any]]:
        """Return the series that an expression gives from ``start`` to ``end`` (Unix seconds)."""
        found: list[dict[str, Any]] = self._told("query_range", query=expression, start=start, end=end, step=step)["result"]
        return found

    def exemplars(self, expression: str) -> list[dict[str, Any]]:
        """Return the exemplars of the last hour of the series that an expression names: labels, value, timestamp."""
        now = time.time()
        found = self._told("query_exemplars", query=expression, start=now - 3600, end=now + 60)
        return [exemplar for series in found for exemplar in series["exemplars"]]

    def _told(self, path: str, **asked: str | float) -> Any:
        with urlopen(f"{self.url}/api/v1/{path}?{urlencode(asked)}", timeout=10) as answer:
            told = json.load(answer)
        assert told["status"] == "success"
        return told["data"]


@contextmanager
def running(folder: Path, target: str) -> Iterator[Prometheus]:
    """Run it in this folder, scraping ``target``; ready when it is given."""
    with _started(folder, shipped_config(folder, target)) as server:
        yield server


@contextmanager
def holding(folder: Path, openmetrics: Sequence[Path]) -> Iterator[Prometheus]:
    """Run one that scrapes nothing and holds what these files say, as docs/backtests.md tells people to load them."""
    for file in openmetrics:
        made: list[str | Path] = [
            needed("promtool"),
            "tsdb",
            "create-blocks-from",
            "openmetrics",
            "--max-block-duration=720h",
            file,
            folder / "tsdb",
        ]
        done = subprocess.run(made, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stderr
    config = folder / "prometheus.yml"
    config.write_text("scrape_configs: []\n", encoding="utf-8")
    with _started(folder, config, "--storage.tsdb.retention.time=100y") as server:
        yield server


@contextmanager
def _started(folder: Path, config: Path, *more: str) -> Iterator[Prometheus]:
    port = free_port()
    where = (f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}", f"--web.listen-address=127.0.0.1:{port}")
    with (folder / "prometheus.log").open("w") as log:
        run = subprocess.Popen([needed("prometheus"), *where, "--enable-feature=exemplar-storage", *more], stdout=log, stderr=log)
    try:
        server, deadline = Prometheus(port), time.monotonic() + PATIENCE
        while not server.is_ready():
            assert run.poll() is None and time.monotonic() < deadline, (folder / "prometheus.log").read_text(encoding="utf-8")
            time.sleep(0.1)
        yield server
    finally:
        run.terminate()
        run.wait(30)
