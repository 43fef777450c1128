"""Where links in alerts lead: a real Prometheus, started as compose starts it, makes them, and serves the runbooks that they lead to."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
import yaml

from tests.contract.schema_files import ROOT
from tests.contract.test_compose import COMPOSE
from tests.contract.test_deploy import ALERTS, DEPLOY, RUNBOOKS
from tests.support.alerting import Alertmanager, Program
from tests.support.live import answers, until
from tests.support.programs import free_port, needed
from tests.support.scenes import alerted

VARIABLE = re.compile(r"\$\{\w+:-(.*)\}")
LED = re.compile(r"\]\(\.\./([\w./-]+\.md)")
"""A page of docs that a runbook leads to."""
HERE = {"--config.file": "prometheus.yml", "--storage.tsdb.path": "data", "--web.user-assets": "assets"}
"""What is elsewhere than in a container."""


@asynccontextmanager
async def as_in_compose(folder: Path, alertmanager: Alertmanager) -> AsyncIterator[str]:
    """Run Prometheus with compose's options and our configuration; only folders and addresses are others. Yield where it listens."""
    folder.mkdir(parents=True)
    (folder / "assets").symlink_to(ROOT / "docs")
    config: dict[str, Any] = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))
    config["alerting"]["alertmanagers"] = [{"static_configs": [{"targets": [alertmanager.url.removeprefix("http://")]}]}]
    config |= {"rule_files": [str(DEPLOY / "prometheus" / "rules" / "*.yml")], "scrape_configs": []}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    given = [VARIABLE.sub(r"\1", option).partition("=") for option in COMPOSE["services"]["prometheus"]["command"]]
    options = [f"{name}={HERE.get(name, value)}" for name, _, value in given]
    # Debian's is Prometheus 2, which reads variables only when it is asked to; compose's does so by itself.
    # What fires before it knows its Alertmanager it sends again: not after a minute here.
    command = ["sh", str(DEPLOY / "prometheus" / "start.sh"), needed("prometheus"), *options]
    running = Program([*command, "--enable-feature=expand-external-labels", "--rules.alert.resend-delay=1s",
                       f"--web.listen-address=127.0.0.1:{(port := free_port())}"], folder, port)  # fmt: skip
    try:
        await running.ready()
        yield running.url
    finally:
        await running.stop()


@pytest.fixture
async def alertmanager(tmp_path: Path) -> AsyncIterator[Alertmanager]:
    async with alerted(tmp_path / "alertmanager") as running:
        yield running


def held(alertmanager: Alertmanager) -> list[dict[str, Any]]:
    with urlopen(f"{alertmanager.url}/api/v2/alerts", timeout=5) as answer:
        found: list[dict[str, Any]] = json.load(answer)
    return [alert for alert in found if alert["labels"]["alertname"] == "Watchdog"]


async def told(alertmanager: Alertmanager) -> dict[str, Any]:
    """Return the alert that always fires, as Alertmanager has it."""
    found: list[dict[str, Any]] = await until("Watchdog is told", lambda: asyncio.to_thread(held, alertmanager))
    return found[0]


async def test_without_anything_said_links_lead_to_compose_s_prometheus_which_has_the_runbooks(
    alertmanager: Alertmanager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNBOOKS_URL", "")
    async with as_in_compose(tmp_path / "prometheus", alertmanager) as url:
        watchdog = await told(alertmanager)
        assert watchdog["labels"] == {"alertname": "Watchdog", "severity": "none"}
        assert watchdog["generatorURL"].startswith("http://localhost:9090/graph?g0.expr=vector")
        assert watchdog["annotations"]["runbook_url"] == f"{RUNBOOKS}/Watchdog.md"
        assert "127.0.0.1:9090:9090" in COMPOSE["services"]["prometheus"]["ports"]
        assert "./docs:/etc/threadwatch:ro" in COMPOSE["services"]["prometheus"]["volumes"]
        for alert in {alert["alert"] for alert in ALERTS} | {"PileOn", "PileOnStorm"}:
            page = await asyncio.to_thread(answers, f"{RUNBOOKS}/{alert}.md".replace("http://localhost:9090", url))
            assert page.startswith(f"# {alert}\n")
        for page in {led for each in (ROOT / "docs" / "runbooks").glob("*.md") for led in LED.findall(each.read_text(encoding="utf-8"))}:
            assert await asyncio.to_thread(answers, f"{url}/user/{page}"), f"a runbook leads to {page}"


@pytest.mark.parametrize("url", ["https://wiki.example/runbooks", "https://wiki.example/runbooks/"])
async def test_runbooks_are_where_it_is_said_and_no_alert_has_a_label_of_it(
    alertmanager: Alertmanager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("RUNBOOKS_URL", url)
    async with as_in_compose(tmp_path / "prometheus", alertmanager):
        watchdog = await told(alertmanager)
        assert watchdog["annotations"]["runbook_url"] == "https://wiki.example/runbooks/Watchdog.md"
        assert watchdog["labels"] == {"alertname": "Watchdog", "severity": "none"}
