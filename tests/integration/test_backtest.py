"""A backtest behind Grafana: promtool makes blocks of it, a real Prometheus answers with its numbers, and every panel shows something."""

import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from streams.replay.backtest.diff import summary_of
from streams.replay.backtest.report import Summary
from tests.support.backtests import LAXER, STRICTER, backtested, labels_file, sample_file
from tests.support.live import Live
from tests.support.panels import FOLDER, filled, panels, read
from tests.support.preview.data import SHORT, Shown, answered
from tests.support.prometheus import Prometheus, holding
from tests.unit.test_replay_command import hostile

DASHBOARD = read(FOLDER / "backtest.json")
PANELS = panels(DASHBOARD)
BAR = 1800


class Loaded(Struct):
    """Two runs in one Prometheus, and the first one's summary."""

    prometheus: Prometheus
    found: Summary
    end: float
    """Where the last step ends, in Unix seconds."""

    @property
    def step(self) -> str:
        """Return how far apart samples are, as Prometheus writes it."""
        return f"{self.found.period.step_seconds:.0f}s"

    def value(self, expression: str, at: float | None = None) -> float:
        """Return the one number that an expression gives when the period is over, or at a time."""
        (series,) = self.prometheus.ask(expression, at or self.end)
        return float(series["value"][1])


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    folder = tmp_path_factory.mktemp("backtests")
    file = sample_file(folder)
    judged = ("--labels", str(labels_file(folder)))
    runs = [
        backtested(folder, candidate, name, file, *(judged if name == "laxer" else ()))
        for name, candidate in (("laxer", LAXER), ("stricter", STRICTER))
    ]
    found = summary_of(runs[0])
    with holding(folder, [run / "metrics.om" for run in runs]) as prometheus:
        yield Loaded(prometheus, found, found.period.end.timestamp() + found.period.step_seconds)


@pytest.fixture(scope="module")
def shown(loaded: Loaded) -> Shown:
    """Return what Grafana would fill in for the first run and its period."""
    start = loaded.found.period.start.timestamp()
    chosen = {"run": "laxer", "step": loaded.step, "__interval": f"{BAR}s", "__range": f"{math.ceil(loaded.end - start)}s"}
    return Shown(loaded.prometheus, start, loaded.end, SHORT | chosen, loaded.found.period.step_seconds, BAR)


@pytest.mark.parametrize("side", ["baseline", "candidate"])
def test_prometheus_gives_back_what_the_summary_says(loaded: Loaded, side: str):
    found = getattr(loaded.found, side)
    mine = f'run="laxer", side="{side}"'

    def last(name: str, more: str = "") -> float:
        return loaded.value(f"sum(last_over_time(threadwatch_backtest_{name}{{{mine}{more}}}[10m]))")

    assert last("alerts_total", ', decision="fire"') == found["alerts"] > 0
    assert last("alerts_held_total", ', reason="not_worse"') == found["held_not_worse"] > 0
    assert last("pileons_total", ', status="opened"') == found["pileons"]
    assert last("pileons_active") == found["pileons_open_at_end"]
    assert last("hostile_replies_total") == found["hostile_replies"] > 0
    assert last("pages_total", ', severity="warning"') == pytest.approx(found["pages_warning_per_day"] * loaded.found.period.days, abs=1e-4)
    assert last("pileon_authors_count") == found["pileons"]


@pytest.mark.parametrize("side", ["baseline", "candidate"])
def test_prometheus_knows_how_right_each_side_is_and_how_many_were_judged(loaded: Loaded, side: str):
    assert loaded.found.labels is not None
    score = getattr(loaded.found.labels, side)
    mine = f'run="laxer", side="{side}"'
    for what in ("precision", "recall"):
        for bound in ("value", "low", "high"):
            found = loaded.value(f'last_over_time(threadwatch_backtest_{what}_ratio{{{mine}, bound="{bound}"}}[10m])')
            assert found == getattr(getattr(score, what), bound)
    counts = {one["metric"]["judgement"]: float(one["value"][1]) for one in
              loaded.prometheus.ask(f"last_over_time(threadwatch_backtest_judged_pileons{{{mine}}}[10m])", loaded.end)}  # fmt: skip
    hits, n = score.precision.hits, score.precision.n
    assert counts == {"pile_on": hits, "not_one": n - hits, "unsure": score.unsure, "none": score.unjudged}
    assert n == sum(counts.values()) == {"baseline": 2, "candidate": 3}[side]


def test_of_a_run_without_labels_nobody_knows_how_right_it_is(loaded: Loaded):
    shares = loaded.prometheus.ask('last_over_time(threadwatch_backtest_precision_ratio{run="stricter"}[10m])', loaded.end)
    assert [one["value"][1] for one in shares] == ["NaN"] * 6


def test_a_pile_on_is_open_while_it_is_and_only_then(loaded: Loaded):
    opened = 'sum(last_over_time(threadwatch_backtest_pileons_active{run="laxer", side="baseline"}[10m]))'
    start = loaded.found.period.start.timestamp()
    hours = [loaded.value(opened, start + hour * 3600) for hour in range(1, int((loaded.end - start) // 3600))]
    assert max(hours) == 1 and hours[0] == hours[-1] == 0
    # The two of the sample last six hours and some minutes each, after the last hostile reply.
    assert 12 <= sum(hours) <= 15


def test_the_two_runs_stand_beside_each_other(loaded: Loaded):
    lost = loaded.prometheus.ask('sum by (run) (last_over_time(threadwatch_backtest_changes_total{change="lost"}[10m]))', loaded.end)
    assert {one["metric"]["run"]: one["value"][1] for one in lost} == {"laxer": "0", "stricter": "1"}


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_every_question_of_the_dashboard_is_answered_with_numbers(shown: Shown, panel: dict[str, Any]):
    found = answered(panel, shown)
    for target in panel["targets"]:
        assert any(math.isfinite(one.last) for one in found if one.query == target["refId"]), target["expr"]


def test_bars_add_up_to_what_happened(shown: Shown, loaded: Loaded):
    (opened,) = (panel for panel in PANELS if panel["title"] == "Opened")
    bars = {one.name: sum(value for _, value in one.points) for one in answered(opened, shown)}
    assert bars == {"baseline": loaded.found.baseline["pileons"], "candidate": loaded.found.candidate["pileons"]}


def test_a_run_and_its_step_can_be_chosen_whatever_time_is_shown(loaded: Loaded):
    asked = {one["name"]: one for one in DASHBOARD["templating"]["list"] if one["type"] == "query" and "regex" in one}
    assert _offered(loaded, asked["run"]) == {"laxer", "stricter"}
    assert _offered(loaded, asked["step"]) == {loaded.step} == {"120s"}


def _offered(loaded: Loaded, variable: dict[str, Any]) -> set[str]:
    """Return what Grafana would offer now, months after the period: it matches the regex against each series, labels and all."""
    query = re.fullmatch(r"query_result\((.*)\)", variable["query"]["query"])
    assert query is not None
    series = loaded.prometheus.ask(filled(query[1], SHORT | {"run": "laxer"}))
    lines = ["{" + ",".join(f'{name}="{value}"' for name, value in one["metric"].items()) + "}" for one in series]
    return {found for line in lines for found in re.findall(variable["regex"].strip("/"), line)}


def test_the_table_of_runs_leads_to_a_runs_period(shown: Shown, loaded: Loaded):
    (runs,) = (panel for panel in PANELS if panel["title"] == "Runs")
    known = {(one.labels["run"], one.query): one.last for one in answered(runs, shown)}
    assert known["laxer", "A"] == pytest.approx(loaded.found.period.start.timestamp() * 1000)
    assert known["laxer", "B"] == pytest.approx(loaded.end * 1000)
    assert known["stricter", "C"] == loaded.found.coverage.comments


@pytest.mark.kafka
async def test_a_topic_is_read_between_two_times_and_nothing_is_an_empty_period(live: Live):
    comments = [hostile(n) for n in range(1, 6)]
    await live.send([msgspec.structs.replace(comments[0], comment_id="root", author_id="ann", parent_id=None, text="Hello."), *comments])
    (live.folder / "new.toml").write_text("[pileon]\nmin_hostile_authors = 5\n")
    options = ("backtest", "run", "--topic", "comments.raw", "--config", str(live.folder / "new.toml"))
    done = await live.command(*options, "--from", "2024-01-01", "--out", str(live.folder / "out"))
    assert done.returncode == 0, done.stderr
    found = summary_of(live.folder / "out")
    assert (found.coverage.records, found.baseline["pileons"], found.candidate["pileons"]) == (6, 1, 1)
    done = await live.command(*options, "--to", "2020-01-01", "--out", str(live.folder / "none"))
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
    assert "topic comments.raw: nothing arrived to 2020-01-01T00:00:00+00:00; its oldest and newest messages arrived 2024-" in done.stderr
    assert not Path(live.folder / "none").exists()


@pytest.mark.kafka
async def test_verdicts_of_the_topic_say_how_right_each_side_is(live: Live):
    comments = [hostile(n) for n in range(1, 6)]
    root = msgspec.structs.replace(comments[0], comment_id="root", author_id="ann", parent_id=None, text="Hello.")
    (live.folder / "new.toml").write_text("[pileon]\nmin_hostile_authors = 9\n")
    options = ("backtest", "run", "--topic", "comments.raw", "--config", str(live.folder / "new.toml"), "--labels", "feedback", "--out")
    await live.send([root, *comments])
    done = await live.command(*options, str(live.folder / "none"))
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1) and "nobody judged a pile-on yet" in done.stderr
    await live.worker().ready()
    await live.settled()
    (told, *_) = live.pileons()
    assert (await live.command("verdict", told.pileon_id, "pile_on", "--by", "kim")).returncode == 0
    done = await live.command(*options, str(live.folder / "out"))
    assert done.returncode == 0, done.stderr
    found = summary_of(live.folder / "out").labels
    assert found is not None
    assert [(one.recall.hits, one.recall.n) for one in (found.baseline, found.candidate)] == [(1, 1), (0, 1)]
    assert [(one.precision.hits, one.precision.n) for one in (found.baseline, found.candidate)] == [(1, 1), (0, 0)]
    (change,) = map(msgspec.json.decode, (live.folder / "out" / "changes.jsonl").read_bytes().splitlines())
    lost = change["baseline"]
    assert (change["change"], change["candidate"]) == ("lost", None)
    assert (lost["pileon_id"], lost["target_id"]) == (told.pileon_id, "ann"), "the very case that fired live"
