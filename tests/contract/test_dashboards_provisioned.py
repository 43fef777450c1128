"""How Grafana gets the dashboards in compose, and where their links lead."""

import json
import os
import subprocess
from pathlib import Path

import pytest
import yaml

from deploy.grafana.generator.frame import CONSOLE
from tests.contract.schema_files import ROOT
from tests.contract.test_compose import COMPOSE
from tests.contract.test_dashboards import GRAFANA, PANELS
from tests.support.panels import FOLDER


def test_the_data_sources_that_panels_ask_are_provisioned():
    provisioned = {
        (source["type"], source["uid"])
        for file in (GRAFANA / "provisioning" / "datasources").glob("*.yml")
        for source in yaml.safe_load(file.read_text(encoding="utf-8"))["datasources"]
    }
    asked_of = {(panel["datasource"]["type"], panel["datasource"]["uid"]) for _, panel in PANELS}
    assert asked_of <= provisioned


def test_compose_shows_the_dashboards_where_grafana_looks_for_them_and_the_runbooks_where_links_lead():
    service = COMPOSE["services"]["grafana"]
    mounted = {
        inside: ROOT / outside for outside, inside, _ in (volume.split(":") for volume in service["volumes"] if volume.startswith("."))
    }
    provider = yaml.safe_load((GRAFANA / "provisioning" / "dashboards" / "threadwatch.yml").read_text(encoding="utf-8"))["providers"][0]
    _, script, source, laid, _ = service["entrypoint"]
    assert (mounted[script], mounted[source], laid) == (GRAFANA / "start.sh", FOLDER, provider["options"]["path"])
    assert mounted["/usr/share/grafana/public/runbooks"] == ROOT / "docs" / "runbooks"
    home = service["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == f"{laid}/overview.json"


def started(laid: Path, url: str) -> subprocess.CompletedProcess[str]:
    """Run what starts Grafana in compose, with something else in Grafana's place."""
    command = ["sh", GRAFANA / "start.sh", FOLDER, laid, "echo", "grafana runs"]
    return subprocess.run(command, env={"PATH": os.environ["PATH"], "CONSOLE_URL": url}, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("url", "leads"), [("", CONSOLE), ("http://localhost:8470", "http://localhost:8470/"),
                                            ("https://console.example/threadwatch/", "https://console.example/threadwatch/")])  # fmt: skip
def test_links_to_cases_lead_to_the_console_where_its_address_is_named_and_nothing_else_changes(tmp_path: Path, url: str, leads: str):
    assert started(tmp_path, url).stdout == "grafana runs\n"
    assert {file.name for file in tmp_path.iterdir()} == {file.name for file in FOLDER.glob("*.json")}
    for file in FOLDER.glob("*.json"):
        shipped = json.loads(file.read_text(encoding="utf-8"))
        (console,) = (one for one in shipped["templating"]["list"] if one["name"] == "console")
        console["query"] = leads
        assert json.loads((tmp_path / file.name).read_text(encoding="utf-8")) == shipped


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "localhost:8470", "http://", "http://a|b", 'http://a"}', "http://a&b", "http://a b"]
)
def test_what_is_no_address_of_a_console_is_a_plain_mistake(tmp_path: Path, url: str):
    run = started(tmp_path / "laid", url)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == "CONSOLE_URL is no address of a console; write https://host, or nothing\n"
