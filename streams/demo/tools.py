"""Prometheus and Alertmanager beside the demo, where they are on the PATH, with the files of ``deploy/``."""

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Final

import yaml

from streams.demo.children import stop_process
from streams.kafka.embedded import free_port

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
_ALERTMANAGERS: Final = ("prometheus-alertmanager", "alertmanager")


class Tools:
    """What runs beside the demo; nothing where nothing is installed."""

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []
        self._folder = Path(tempfile.mkdtemp(prefix="threadwatch-demo-"))
        self.alertmanager: str | None = None
        self.prometheus: str | None = None

    def start_alertmanager(self) -> None:
        """Start it if it is there; its address is known at once."""
        found = next((path for name in _ALERTMANAGERS if (path := shutil.which(name))), None)
        if found and (DEPLOY / "alertmanager").is_dir():
            port = free_port()
            config = self._written("alertmanager.yml", _without_receivers(_yaml(DEPLOY / "alertmanager" / "alertmanager.yml")))
            self._run(
                found,
                f"--config.file={config}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
                f"--storage.path={self._folder / 'am'}",
            )
            self.alertmanager = f"http://127.0.0.1:{port}"

    def start_prometheus(self, worker: str) -> None:
        """Start it if it is there, scraping this worker."""
        found = shutil.which("prometheus")
        if found and (DEPLOY / "prometheus").is_dir():
            port = free_port()
            config = self._written("prometheus.yml", self._scraping(worker.removeprefix("http://"), port))
            self._run(
                found, f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}", f"--storage.tsdb.path={self._folder / 'tsdb'}",
                "--enable-feature=exemplar-storage",
            )  # fmt: skip
            self.prometheus = f"http://127.0.0.1:{port}"

    def _scraping(self, worker: str, port: int) -> dict[str, Any]:
        config = _yaml(DEPLOY / "prometheus" / "prometheus.yml")
        config["rule_files"] = [str(DEPLOY / "prometheus" / "rules" / "*.yml")]
        config["scrape_configs"] = [_scrape("threadwatch", worker), _scrape("prometheus", f"127.0.0.1:{port}")]
        managers = [self.alertmanager.removeprefix("http://")] if self.alertmanager else []
        config["alerting"] = {"alertmanagers": [{"static_configs": [{"targets": managers}]}]}
        return config

    def _written(self, name: str, config: dict[str, Any]) -> Path:
        file = self._folder / name
        file.write_text(yaml.safe_dump(config))
        return file

    def _run(self, *command: str) -> None:
        with (self._folder / "log").open("ab") as log:
            self._processes.append(subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True))

    def stop(self) -> None:
        """Stop what was started and remove its folder."""
        for process in self._processes:
            stop_process(process, within=10)
        shutil.rmtree(self._folder, ignore_errors=True)


def _yaml(file: Path) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return config


def _without_receivers(config: dict[str, Any]) -> dict[str, Any]:
    """Nobody is told in a demo: routes and inhibition stay, the receivers' addresses go."""
    return config | {"templates": [], "receivers": [{"name": receiver["name"]} for receiver in config["receivers"]]}


def _scrape(job: str, target: str) -> dict[str, Any]:
    return {"job_name": job, "scrape_interval": "5s", "static_configs": [{"targets": [target]}]}
