"""How Grafana gets the dashboards in compose, and where their links lead."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from deploy.grafana.generator.frame import CONSOLE, RUNBOOKS
from tests.contract.schema_files import ROOT
from tests.contract.test_compose import COMPOSE
from tests.contract.test_dashboards import GRAFANA, PANELS
from tests.contract.test_deploy import DEPLOY, loaded
from tests.contract.test_deploy import RUNBOOKS as OWN
from tests.support.panels import FOLDER
from tests.support.programs import needed

NAMES = {"CONSOLE_URL": "console", "RUNBOOKS_URL": "runbooks"}


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


def started(laid: Path, **addresses: str) -> subprocess.CompletedProcess[str]:
    """Run what starts Grafana in compose, with something else in Grafana's place."""
    command = ["sh", str(GRAFANA / "start.sh"), str(FOLDER), str(laid), "echo", "grafana runs"]
    return subprocess.run(command, env={"PATH": os.environ["PATH"]} | addresses, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("variable", "url", "leads"),
    [
        ("CONSOLE_URL", "", CONSOLE),
        ("CONSOLE_URL", "http://localhost:8470", "http://localhost:8470/"),
        ("CONSOLE_URL", "https://console.example/threadwatch/", "https://console.example/threadwatch/"),
        ("RUNBOOKS_URL", "", RUNBOOKS),
        ("RUNBOOKS_URL", "https://wiki.example/runbooks/", "https://wiki.example/runbooks"),
    ],
)
def test_links_lead_where_an_address_is_named_and_nothing_else_changes(tmp_path: Path, variable: str, url: str, leads: str):
    assert started(tmp_path, **{variable: url}).stdout == "grafana runs\n"
    assert {file.name for file in tmp_path.iterdir()} == {file.name for file in FOLDER.glob("*.json")}
    for file in FOLDER.glob("*.json"):
        shipped = json.loads(file.read_text(encoding="utf-8"))
        (address,) = (one for one in shipped["templating"]["list"] if one["name"] == NAMES[variable])
        address["query"] = leads
        assert json.loads((tmp_path / file.name).read_text(encoding="utf-8")) == shipped


def test_both_addresses_may_be_named(tmp_path: Path):
    started(tmp_path, CONSOLE_URL="https://console.example", RUNBOOKS_URL="https://wiki.example")
    laid = json.loads((tmp_path / "overview.json").read_text(encoding="utf-8"))
    named = {one["name"]: one["query"] for one in laid["templating"]["list"] if one["name"] in NAMES.values()}
    assert named == {"console": "https://console.example/", "runbooks": "https://wiki.example"}


NO_ADDRESSES = ["javascript:alert(1)", "localhost:8470", "http://", "http://a|b", 'http://a"}', "http://a&b", "http://a b"]


@pytest.mark.parametrize("url", NO_ADDRESSES)
@pytest.mark.parametrize(("variable", "what"), [("CONSOLE_URL", "a console"), ("RUNBOOKS_URL", "runbooks")])
def test_what_is_no_address_is_a_plain_mistake(tmp_path: Path, url: str, variable: str, what: str):
    run = started(tmp_path / "laid", **{variable: url})
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == f"{variable} is no address of {what}; write https://host, or nothing\n"


def alertmanager_started(folder: Path, url: str) -> subprocess.CompletedProcess[str]:
    """Run what starts Alertmanager in compose, with something else in its place."""
    command = ["sh", str(DEPLOY / "alertmanager" / "start.sh"), str(folder), "echo", "alertmanager runs"]
    return subprocess.run(command, env={"PATH": os.environ["PATH"], "RUNBOOKS_URL": url}, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("url", "leads"), [("", f"{OWN}/PileOn.md"), ("https://wiki.example/x", "https://wiki.example/x/PileOn.md"),
                                            ("http://wiki:8000/", "http://wiki:8000/PileOn.md")])  # fmt: skip
def test_a_pile_on_s_runbook_is_where_it_is_said_to_be(tmp_path: Path, url: str, leads: str):
    assert alertmanager_started(tmp_path, url).stdout == "alertmanager runs\n"
    shutil.copy(DEPLOY / "alertmanager" / "pile-on.tmpl", tmp_path)
    (tmp_path / "data.json").write_text(json.dumps({"commonLabels": {"alertname": "PileOn"}}), encoding="utf-8")
    asked = [needed("amtool"), "template", "render", f"--template.glob={tmp_path}/*.tmpl", f"--template.data={tmp_path}/data.json",
             '--template.text={{ template "threadwatch.shared" . }}']  # fmt: skip
    assert subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip() == leads


@pytest.mark.parametrize("url", NO_ADDRESSES)
def test_alertmanager_does_not_start_with_what_is_no_address(tmp_path: Path, url: str):
    run = alertmanager_started(tmp_path, url)
    assert (run.returncode, run.stdout, list(tmp_path.iterdir())) == (2, "", [])
    assert run.stderr == "RUNBOOKS_URL is no address of runbooks; write https://host/folder, or nothing\n"


def test_compose_starts_prometheus_with_what_takes_a_slash_from_the_address_of_runbooks():
    *shell, script, program = COMPOSE["services"]["prometheus"]["entrypoint"]
    assert (shell, script, program) == (["/bin/sh"], "/etc/prometheus/start.sh", "/bin/prometheus")
    assert "./deploy/prometheus:/etc/prometheus:ro" in COMPOSE["services"]["prometheus"]["volumes"]
    for given, read in (("", ""), ("https://wiki.example/x", "https://wiki.example/x"), ("http://wiki:8000/", "http://wiki:8000")):
        command = ["sh", str(DEPLOY / "prometheus" / "start.sh"), "printenv", "RUNBOOKS_URL"]
        env = {"PATH": os.environ["PATH"], "RUNBOOKS_URL": given}
        assert subprocess.run(command, env=env, capture_output=True, text=True, check=False).stdout == f"{read}\n"


def test_compose_starts_alertmanager_with_what_its_configuration_looks_for():
    service = COMPOSE["services"]["alertmanager"]
    _, script, folder, program = service["entrypoint"]
    assert (script, program) == ("/etc/alertmanager/start.sh", "/bin/alertmanager")
    assert f"{folder}/runbooks*.tmpl" in loaded(DEPLOY / "alertmanager" / "alertmanager.yml")["templates"]
    assert folder in service["tmpfs"]
