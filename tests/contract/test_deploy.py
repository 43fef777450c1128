"""What is shipped for operators works: rules, routes, texts, dashboards, runbooks."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry

from streams.metrics import Metrics
from tests.contract.schema_files import ROOT
from tests.support.panels import LIVE, questions
from tests.support.programs import needed

DEPLOY = ROOT / "deploy"
PROMETHEUS = DEPLOY / "prometheus"
RULES = sorted((PROMETHEUS / "rules").glob("*.yml"))
RUNBOOKS = "http://localhost:9090/user/runbooks"
"""Where compose's Prometheus serves them on its own machine (tests/integration/test_links.py opens them)."""
TEMPLATE = DEPLOY / "alertmanager" / "pile-on.tmpl"


@pytest.fixture(scope="module")
def promtool() -> str:
    return needed("promtool")


@pytest.fixture(scope="module")
def amtool() -> str:
    return needed("amtool")


def ran(*arguments: object) -> str:
    run = subprocess.run([str(argument) for argument in arguments], capture_output=True, text=True, check=False, timeout=120)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def loaded(file: Path) -> Any:
    return yaml.safe_load(file.read_text(encoding="utf-8"))


def rules() -> Iterator[dict[str, Any]]:
    for file in RULES:
        yield from (rule for group in loaded(file)["groups"] for rule in group["rules"])


ALERTS = [rule for rule in rules() if "alert" in rule]


# Prometheus.
def test_prometheus_accepts_its_configuration(promtool: str):
    ran(promtool, "check", "config", PROMETHEUS / "prometheus.yml")


def test_what_rules_ask_of_others_than_workers_is_scraped():
    asked = {job for rule in rules() for job in re.findall(r'job="(\w+)"', rule["expr"])}
    asked |= {name for rule in rules() for name in re.findall(r"\b(prometheus|alertmanager)_\w+", rule["expr"])}
    scraped = {job["job_name"]: job for job in loaded(PROMETHEUS / "prometheus.yml")["scrape_configs"]}
    assert scraped.keys() == asked == {"threadwatch", "prometheus", "alertmanager"}
    assert {job["scrape_interval"] for job in scraped.values()} == {"5s"}, "what is broken is to be told within a minute"


def test_the_rules_pass_promtools_lint(promtool: str):
    ran(promtool, "check", "rules", "--lint=all", "--lint-fatal", *RULES)


def test_every_alert_fires_and_keeps_quiet_as_its_tests_say(promtool: str):
    ran(promtool, "test", "rules", *sorted((PROMETHEUS / "tests").glob("*.yml")))


def verdicts(alert: str) -> set[bool]:
    cases = [case for file in (PROMETHEUS / "tests").glob("*.yml") for test in loaded(file)["tests"] for case in test["alert_rule_test"]]
    return {bool(case["exp_alerts"]) for case in cases if case["alertname"] == alert}


@pytest.mark.parametrize("alert", [alert["alert"] for alert in ALERTS])
def test_every_alert_has_a_test_where_it_fires_and_one_where_it_does_not(alert: str):
    assert verdicts(alert) == ({True} if alert == "Watchdog" else {True, False})


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_every_alert_says_what_how_bad_and_where_to_read_on(alert: dict[str, Any]):
    assert set(alert["annotations"]) >= {"summary", "description", "runbook_url"}
    assert alert["labels"]["severity"] in {"none", "warning", "critical"}
    assert alert["annotations"]["runbook_url"] == f'{{{{ or $externalLabels.runbooks "{RUNBOOKS}" }}}}/{alert["alert"]}.md'
    text = (ROOT / "docs" / "runbooks" / f"{alert['alert']}.md").read_text(encoding="utf-8")
    assert text.startswith(f"# {alert['alert']}\n")
    for part in ("## What it means", "## First look", "## What to do", "## When it is quiet again"):
        assert part in text, part


PUSHED = {"PileOn", "PileOnStorm"}


def test_every_runbook_is_of_an_alert():
    assert {file.stem for file in (ROOT / "docs" / "runbooks").glob("*.md")} - {"README"} == {alert["alert"] for alert in ALERTS} | PUSHED


# Names of metrics.
def known_names() -> set[str]:
    registry = CollectorRegistry()
    metrics = Metrics(registry, {"score": ("scored",)})
    metrics.describe(version="0", python="3", scorer="none@0", configuration="0", telling="0")
    metrics.lag("comments.raw", {0: 0})
    metrics.standing_still("score", {0: 0.0})
    return {sample.name for family in registry.collect() for sample in family.samples}


def used_names(expression: str) -> set[str]:
    return {name for name in re.findall(r"[a-z_:][a-z0-9_:]*", expression) if "threadwatch_" in name}


# What backtests write is held by test_dashboards.py and integration/test_backtest.py.
EXPRESSIONS = [*((rule.get("alert") or rule["record"], rule["expr"]) for rule in rules()), *questions(files=LIVE)]


@pytest.mark.parametrize(("where", "expression"), EXPRESSIONS, ids=[where for where, _ in EXPRESSIONS])
def test_every_metric_that_is_asked_for_exists(where: str, expression: str):
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    assert used_names(expression) <= known_names() | recorded, where


# Alertmanager.
@pytest.fixture(scope="module")
def alertmanager_config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("alertmanager") / "alertmanager.yml"
    text = (DEPLOY / "alertmanager" / "alertmanager.yml").read_text(encoding="utf-8")
    file.write_text(text.replace("/etc/alertmanager/", f"{DEPLOY / 'alertmanager'}/"), encoding="utf-8")
    return file


def test_alertmanager_accepts_its_configuration_and_texts(amtool: str, alertmanager_config: Path):
    assert "2 templates" in ran(amtool, "check-config", alertmanager_config)


def whose(alert: str) -> str:
    """Return who is told: how people write is moderators' business, as these runbooks say."""
    of_people = {"ToxicShareHigh", "ToxicShareAnomalous", "PileOnSurge"}
    return "watchdog" if alert == "Watchdog" else "moderators-warnings" if alert in of_people else "operators"


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (["alertname=PileOn", "severity=critical", "source=harbour-post", "community=letters", "pileon=7Q4F"], "moderators"),
        (["alertname=PileOn", "severity=warning", "source=harbour-post", "community=letters", "pileon=7Q4F"], "moderators-warnings"),
        (["alertname=PileOnStorm", "severity=critical", "source=harbour-post"], "moderators"),
        *(
            (["alertname=" + alert["alert"], "severity=" + alert["labels"]["severity"], "source=harbour-post"], whose(alert["alert"]))
            for alert in ALERTS
        ),
    ],
)
def test_every_alert_reaches_its_people(amtool: str, alertmanager_config: Path, labels: list[str], receiver: str):
    assert ran(amtool, "config", "routes", "test", f"--config.file={alertmanager_config}", *labels).strip() == receiver


def test_nothing_is_sent_anywhere_until_somebody_names_receivers():
    receivers = loaded(DEPLOY / "alertmanager" / "alertmanager.yml")["receivers"]
    assert [receiver for receiver in receivers if receiver.keys() != {"name"}] == []
    example = loaded(DEPLOY / "alertmanager" / "receivers.example.yml")["receivers"]
    assert [receiver["name"] for receiver in receivers] == [receiver["name"] for receiver in example]


def told(amtool: str, tmp_path: Path, template: str = "text", **alert: Any) -> str:
    labels = {"alertname": "PileOn", "severity": "critical", "source": "harbour-post", "community": "letters"} | alert.pop("labels", {})
    given = {"status": "resolved", "labels": labels, "annotations": {"summary": "case 7Q4F: 9 people hostile to one person"}} | alert
    data = {
        "receiver": "x",
        "status": given["status"],
        "alerts": [given],
        "groupLabels": {"alertname": labels["alertname"]},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "",
    }
    file = tmp_path / "data.json"
    file.write_text(json.dumps(data), encoding="utf-8")
    return ran(
        amtool,
        "template",
        "render",
        f"--template.glob={TEMPLATE}",
        f"--template.data={file}",
        f'--template.text={{{{ template "threadwatch.{template}" . }}}}',
    )


def test_a_lapsed_lease_is_not_told_as_an_end(amtool: str, tmp_path: Path):
    text = told(amtool, tmp_path)
    assert "NO LONGER MONITORED, may still be going on" in text
    assert "ENDED" not in text
    assert "RESOLVED" not in text


@pytest.mark.parametrize("why", ["quiet", "removed", "judged"])
def test_an_end_is_told_with_its_reason(amtool: str, tmp_path: Path, why: str):
    text = told(amtool, tmp_path, annotations={"summary": f"case 7Q4F: ended, {why}", "ended_because": why})
    assert f"ENDED ({why})" in text
    assert "NO LONGER MONITORED" not in text


def test_an_operational_alert_is_plainly_resolved(amtool: str, tmp_path: Path):
    assert "RESOLVED" in told(amtool, tmp_path, labels={"alertname": "WorkerDown"})


@pytest.mark.parametrize("template", ["title", "text", "brief"])
def test_nothing_is_parted_from_a_site_that_there_is_not(amtool: str, tmp_path: Path, template: str):
    given = {"labels": {"alertname": "Ours", "source": ""}, "annotations": {"summary": "A worker is away"}}
    assert told(amtool, tmp_path, template, **given).startswith("[critical] A worker is away · RESOLVED")
    given["labels"] |= {"source": "harbour-post", "community": ""}
    assert told(amtool, tmp_path, template, **given).startswith("[critical] harbour-post · A worker is away · RESOLVED")


def test_what_names_only_a_file_is_told_where_the_pile_ons_runbook_is(amtool: str, tmp_path: Path):
    text = told(amtool, tmp_path, labels={"alertname": "Ours"}, annotations={"runbook_url": "docs/runbooks/Ours.md"})
    assert text.splitlines()[-1] == f"    what to do: {RUNBOOKS}/Ours.md"


def test_a_rule_s_whole_address_is_told_as_it_is(amtool: str, tmp_path: Path):
    text = told(amtool, tmp_path, labels={"alertname": "Ours"}, annotations={"runbook_url": "https://wiki.example/ours"})
    assert text.splitlines()[-1] == "    what to do: https://wiki.example/ours"


PACE = {"summary": "a case", "case": "7Q4F", "people": "9", "within": "22 min", "replying": "9 of 14 replying"}


def test_what_fires_is_told_with_its_pace(amtool: str, tmp_path: Path):
    text = told(amtool, tmp_path, status="firing", annotations=PACE)
    told_of = "[critical] harbour-post / letters · case 7Q4F: 9 people hostile in 22 min, 9 of 14 replying · ongoing"
    assert text.strip() == f"{told_of} · threadwatch watch --case 7Q4F"
    usual = told(
        amtool, tmp_path, status="firing", annotations=PACE | {"usual": "0.3", "link": "https://console/7Q4F", "before": "warning"}
    )
    assert "hostile in 22 min (usual 0.3), 9 of 14 replying · ongoing, began as warning · https://console/7Q4F" in usual
    assert "watch --case" not in usual
