"""Grafana's dashboards: made by code, every question one that Prometheus can answer, and nothing about a person."""

import re
import tempfile
from itertools import combinations
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client import CollectorRegistry

from deploy.grafana.generator import DASHBOARDS, looks, model, overview, pipeline, text, verdicts
from streams.live.watch import Watch
from streams.scorers import open_scorer
from streams.settings import load, topology_config
from streams.topology import topology
from tests.contract.schema_files import ROOT
from tests.contract.test_compose import COMPOSE
from tests.contract.test_deploy import ALERTS, rules
from tests.support.backtests import STRICTER, backtested, sample_file, series
from tests.support.panels import FILES, FOLDER, filled, panels, questions, read

GRAFANA = ROOT / "deploy" / "grafana"
QUESTIONS = list(questions())
PANELS = [(f"{file.stem}: {panel['title']}", panel) for file in FILES for panel in panels(read(file))]
OF_PROMETHEUS = {"up": {"job", "instance"}, "ALERTS": {"alertname", "alertstate", "severity"}}
"""Series that Prometheus makes itself, with their labels."""
SCRAPED = {"job", "instance"}

asked = pytest.mark.parametrize(("where", "expression"), QUESTIONS, ids=[where for where, _ in QUESTIONS])
shown = pytest.mark.parametrize(("where", "panel"), PANELS, ids=[where for where, _ in PANELS])


# Made by code.
@pytest.mark.parametrize("name", DASHBOARDS)
def test_the_committed_dashboard_is_what_the_code_makes(name: str):
    assert (FOLDER / f"{name}.json").read_text(encoding="utf-8") == text(name), "make dashboards writes it anew"


def test_no_dashboard_stands_there_that_nothing_makes():
    assert {file.stem for file in FILES} == set(DASHBOARDS)


# What is asked.
def registered() -> dict[str, dict[str, set[str]]]:
    """Return the program's own metrics: sample name → label → the values that are there from the start."""
    settings = load({})
    registry, stages = CollectorRegistry(), topology(open_scorer("linear"), topology_config(settings, bytes(32)))
    watch = Watch(settings, registry, stages, "linear@1", "0")
    watch.lag("comments.raw", {0: 0})
    watch.metrics.standing_still("score", {0: 0.0})
    found: dict[str, dict[str, set[str]]] = {}
    for family in registry.collect():
        for sample in family.samples:
            known = found.setdefault(sample.name, {})
            for label, value in sample.labels.items():
                known.setdefault(label, set()).add(value)
    return found


def written() -> dict[str, dict[str, set[str]]]:
    """Return what a backtest writes, in the same form."""
    with tempfile.TemporaryDirectory(prefix="threadwatch-backtest-") as folder:
        return series(backtested(Path(folder), STRICTER, "tried", sample_file(Path(folder))) / "metrics.om")


PROGRAM = registered() | written()
CHOSEN = {"source", "run"}
"""Labels whose values the reader chooses from those that there are."""
RECORDED = {rule["record"]: rule["expr"] for rule in rules() if "record" in rule}


def selectors(expression: str) -> list[promql_parser.VectorSelector]:
    found: list[promql_parser.VectorSelector] = []

    def visit(part: promql_parser.Expr) -> None:
        if isinstance(part, promql_parser.VectorSelector):
            found.append(part)
        elif isinstance(part, promql_parser.MatrixSelector):
            found.append(part.vector_selector)

    promql_parser.walk(promql_parser.parse(expression), visit)
    return found


@asked
def test_every_question_can_be_parsed_and_asks_for_something(where: str, expression: str):
    assert selectors(expression), where


@asked
def test_every_metric_asked_for_is_one_of_the_programs_with_the_labels_that_it_has(where: str, expression: str):
    for selector in selectors(expression):
        if selector.name in RECORDED:
            continue
        labels = PROGRAM.get(selector.name) or {label: set() for label in OF_PROMETHEUS.get(selector.name, ())}
        assert labels or selector.name in PROGRAM, selector.name
        for matcher in selector.matchers.matchers:
            assert matcher.name in labels.keys() | SCRAPED, (selector.name, matcher.name)


@asked
def test_every_value_asked_for_is_there_before_anything_happens(where: str, expression: str):
    for selector in selectors(expression):
        for matcher in selector.matchers.matchers:
            known = PROGRAM.get(selector.name, {}).get(matcher.name)
            if known is None or matcher.name in CHOSEN:
                continue
            wanted = [matcher.value] if matcher.op == promql_parser.MatchOp.Equal else matcher.value.split("|")
            assert known.issuperset(wanted), (selector.name, matcher.name)


def test_a_metric_a_label_and_a_value_that_there_is_not_would_be_found():
    with pytest.raises(AssertionError, match="gone_total"):
        test_every_metric_asked_for_is_one_of_the_programs_with_the_labels_that_it_has("", "rate(threadwatch_gone_total[5m])")
    with pytest.raises(AssertionError, match="author"):
        test_every_metric_asked_for_is_one_of_the_programs_with_the_labels_that_it_has("", 'threadwatch_pileons_total{author="ann"}')
    with pytest.raises(AssertionError, match="status"):
        test_every_value_asked_for_is_there_before_anything_happens("", 'threadwatch_pileons_total{status="over"}')


def test_a_variable_that_no_dashboard_has_is_a_mistake():
    with pytest.raises(KeyError, match="nothing"):
        filled('up{instance="$nothing"}')


# How it is shown.
def test_nothing_that_tells_a_person_or_a_conversation_is_named():
    everything = "".join(file.read_text(encoding="utf-8") for file in FILES)
    named = set(re.findall(r"\{\{\s*(\w+)\s*\}\}", everything))
    assert named <= {"source", "community", "severity", "status", "outcome", "decision", "reason", "verdict", "stage", "topic", "label",
                     "le", "note", "instance", "alertname", "side", "change", "judgement", "receiver"}  # fmt: skip
    assert not re.search(r"\b(author|target|conversation|comment)_?id\b", everything)


@shown
def test_every_panel_says_what_it_shows_in_which_unit_and_where_to_read_on(where: str, panel: dict[str, Any]):
    assert len(panel["description"]) > 20
    if panel["type"] == "alertGroups":
        return  # Alertmanager's own words; the dashboard links to it
    defaults = panel["fieldConfig"]["defaults"]
    assert defaults["unit"] and defaults["noValue"]
    assert panel["links"] and panel["targets"]


@shown
def test_a_coloured_number_says_in_words_when_it_changes_colour(where: str, panel: dict[str, Any]):
    coloured = len(panel.get("fieldConfig", {}).get("defaults", {}).get("thresholds", {}).get("steps", ())) > 1
    assert not coloured or re.search(r"[Rr]ed (from|below) \d", panel["description"]), panel["description"]


def colours(part: Any) -> set[str]:
    if isinstance(part, dict):
        return set().union(*map(colours, part.values())) if part else set()
    if isinstance(part, list):
        return set().union(*map(colours, part)) if part else set()
    return {part} if isinstance(part, str) and re.fullmatch("#[0-9A-F]{6}", part) else set()


def test_every_colour_is_one_that_colour_blind_people_tell_apart():
    okabe_and_ito = {looks.BLUE, looks.SKY, looks.ORANGE, looks.VERMILLION, looks.GREEN, looks.YELLOW, looks.PINK, looks.GREY}
    assert all(colours(read(file)) <= okabe_and_ito for file in FILES)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_panel_lies_on_another_or_outside_and_no_row_has_a_gap(file: Any):
    cells: dict[tuple[int, int], str] = {}
    for panel in read(file)["panels"]:
        place = panel["gridPos"]
        for cell in ((x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])):
            assert cell not in cells, (panel["title"], cells[cell])
            assert 0 <= cell[0] < 24, panel["title"]
            cells[cell] = panel["title"]
    assert len(cells) == 24 * (1 + max(y for _, y in cells))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_panels_have_names_and_numbers_of_their_own(file: Any):
    found = read(file)["panels"]
    assert [panel["id"] for panel in found] == list(range(1, len(found) + 1))
    assert all(one["title"] != other["title"] for one, other in combinations(panels(read(file)), 2))


def test_every_runbook_that_is_linked_is_there():
    linked = {name for file in FILES for name in re.findall(r"\$\{runbooks:raw\}/(\w+)\.md", file.read_text(encoding="utf-8"))}
    assert len(linked) >= 8
    assert all((ROOT / "docs" / "runbooks" / f"{name}.md").exists() for name in linked)


@pytest.mark.parametrize(
    ("alert", "red"),
    [
        ("ToxicShareHigh", overview.TOXIC.bad),
        ("ConsumerLagGrowing", pipeline.LAG.bad),
        ("EventTimeLag", pipeline.EVENT_LAG.bad),
        ("ScoringStalled", pipeline.STANDSTILL.bad),
        ("StageStalled", pipeline.STANDSTILL.bad),
        ("DeadLetterRate", pipeline.DEAD.bad),
        ("FalsePositiveRateHigh", verdicts.RIGHT.bad),
        ("ScoreDistributionShift", model.SHIFT.bad),
    ],
)
def test_what_is_red_is_what_the_alert_of_it_tells(alert: str, red: float):
    said = next(one["expr"] for one in ALERTS if one["alert"] == alert)
    assert red in {float(number) for number in re.findall(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])", said)}


def test_bars_are_summed_in_their_legend_and_lines_say_their_last_value():
    for where, panel in PANELS:
        if panel["type"] == "timeseries":
            is_of_bars = panel["fieldConfig"]["defaults"]["custom"].get("drawStyle") == "bars"
            assert panel["options"]["legend"]["calcs"] == ["sum" if is_of_bars else "lastNotNull"], where


def test_no_bar_loses_what_came_between_it_and_the_one_before():
    bars = [(where, target["expr"]) for where, panel in PANELS for target in panel["targets"] if "increase(" in target["expr"]
            and panel["fieldConfig"]["defaults"].get("custom", {}).get("drawStyle") == "bars"]  # fmt: skip
    assert len(bars) == 4
    assert [where for where, expression in bars if "[$__rate_interval]" not in expression] == []


def test_grafana_knows_how_often_workers_are_scraped():
    source = yaml.safe_load((GRAFANA / "provisioning" / "datasources" / "prometheus.yml").read_text(encoding="utf-8"))["datasources"][0]
    jobs = yaml.safe_load((ROOT / "deploy" / "prometheus" / "prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
    assert source["jsonData"]["timeInterval"] == next(job for job in jobs if job["job_name"] == "threadwatch")["scrape_interval"]


def test_a_critical_case_is_listed_once_and_among_no_warnings():
    lists = [panel["options"]["labels"] for _, panel in PANELS if panel["type"] == "alertGroups"]
    assert lists == ['alertname="PileOn", severity="critical"'], "a list of warnings would hold those that became critical too"


def test_what_is_open_is_stacked_with_the_critical_ones_lowest_and_counts_whom_people_were_told_of():
    (stacked,) = [panel for _, panel in PANELS if panel["title"] == "Open, by severity"]
    assert [target["legendFormat"] for target in stacked["targets"]] == ["critical", "warning", "told to nobody"]
    counts = [panel for _, panel in PANELS if panel["title"] in ("Critical pile-ons open", "Warning pile-ons open", "Told in 24 h")]
    asked = [target["expr"] for panel in counts for target in panel["targets"]]
    assert len(asked) == 3
    assert not [expr for expr in asked if "pileons_active" in expr or "pileons_total" in expr]


@pytest.mark.parametrize(
    ("title", "alerts"),
    [
        ("Webhook tries a minute", {"WebhooksFailing", "WebhooksGivenUp"}),
        ("Webhooks waiting", {"WebhooksFailing", "WebhooksGivenUp"}),
        ("Scorer", {"ScorerMissing"}),
        ("Seconds a text", {"ScorerSlow"}),
    ],
)
def test_a_panel_leads_to_the_runbook_of_what_it_shows(title: str, alerts: set[str]):
    (panel,) = [panel for _, panel in PANELS if panel["title"] == title]
    assert {link["title"].removeprefix("Runbook: ") for link in panel["links"]} == alerts


def test_the_objective_is_a_bound_of_the_histogram():
    assert "60.0" in PROGRAM["threadwatch_end_to_end_seconds_bucket"]["le"]
    assert {high for _, high in model._BANDS} <= PROGRAM["threadwatch_toxicity_score_bucket"]["le"]


def test_points_of_single_comments_are_asked_of_histograms_on_an_axis_of_their_unit():
    asked = [(panel, target["expr"]) for _, panel in PANELS for target in panel["targets"] if target.get("exemplar")]
    assert {panel["title"] for panel, _ in asked} >= {"Toxicity scores over time", "From written to scored"}
    for panel, expression in asked:
        (name,) = {selector.name for selector in selectors(filled(expression))}
        assert name.endswith("_bucket")
        assert ("_seconds_" in name) == (panel["fieldConfig"]["defaults"]["unit"] == "s")


def test_compose_and_the_tests_have_prometheus_keep_exemplars():
    flag = "--enable-feature=exemplar-storage"
    assert flag in COMPOSE["services"]["prometheus"]["command"]
    assert flag in (ROOT / "tests" / "support" / "prometheus.py").read_text(encoding="utf-8")
