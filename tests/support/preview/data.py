"""What a panel's queries answer."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode
from urllib.request import urlopen

from msgspec import Struct, field

from tests.support.panels import USUAL, filled
from tests.support.prometheus import Prometheus

SHORT: Final[dict[str, str]] = {**USUAL, "before": "40s", "__interval": "5s", "__rate_interval": "10s"}
"""What stands for Grafana's hours in a picture of minutes."""
SCRAPED: Final = 1.0
"""Seconds between two scrapes."""


class Shown(Struct):
    """What a dashboard is drawn from: who answers, for which time (Unix seconds), and what was chosen."""

    prometheus: Prometheus
    start: float
    end: float
    values: dict[str, str] = field(default_factory=lambda: SHORT)
    course: float = 1.0
    """Seconds between two points of a line."""
    bars: float = 5.0
    """Seconds that a bar stands for."""
    alertmanager: str = ""
    note: str = "minutes of invented comments"


class Series(Struct):
    """One series of an answer: what it is called, its labels, its values by Unix time, and the letter of its query."""

    name: str
    labels: dict[str, str]
    points: list[tuple[float, float]]
    query: str

    @property
    def last(self) -> float:
        """Return the last value that is a number; NaN where there is none."""
        return next((value for _, value in reversed(self.points) if not math.isnan(value)), math.nan)

    @property
    def total(self) -> float:
        """Return the sum of the values that are numbers; NaN where there is none."""
        known = [value for _, value in self.points if not math.isnan(value)]
        return sum(known) if known else math.nan


def answered(panel: Mapping[str, Any], shown: Shown) -> list[Series]:
    """Return all series of a panel, in the order of its queries."""
    found: list[Series] = []
    for target in panel["targets"]:
        are_bars = panel["fieldConfig"]["defaults"].get("custom", {}).get("drawStyle") == "bars"
        question = filled(target["expr"], shown.values | (_one_scrape_more(shown.bars) if are_bars else {}))
        if target.get("instant"):
            answer = [(one["metric"], [one["value"]]) for one in shown.prometheus.ask(question, shown.end)]
        else:
            step = shown.bars if are_bars else shown.course
            answer = [(one["metric"], one["values"]) for one in shown.prometheus.course(question, shown.start, shown.end, step)]
        found += [Series(_called(target, labels), labels, _numbers(values), target["refId"]) for labels, values in answer]
    return found


def _one_scrape_more(bar: float) -> dict[str, str]:
    """Return what Grafana makes ``$__rate_interval`` of for bars: what came between two bars is in one of them."""
    return {"__rate_interval": f"{bar + SCRAPED:g}s"}


def _numbers(values: list[list[Any]]) -> list[tuple[float, float]]:
    return [(float(moment), float(value)) for moment, value in values]


def _called(target: Mapping[str, Any], labels: Mapping[str, str]) -> str:
    if target["legendFormat"] == "__auto":
        return ", ".join(value for label, value in sorted(labels.items()) if label != "__name__")
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda name: labels.get(name[1], ""), target["legendFormat"])


def unfolded(buckets: list[Series]) -> list[Series]:
    """Return a histogram's buckets, each without those below it, lowest first."""
    ordered = sorted(buckets, key=lambda one: float(one.labels["le"]))
    below: dict[float, float] = {}
    found: list[Series] = []
    for bucket in ordered:
        own = [(moment, max(0.0, value - below.get(moment, 0.0))) for moment, value in bucket.points]
        found.append(Series(bucket.name, bucket.labels, own, bucket.query))
        below = dict(bucket.points)
    return found


def open_alerts(alertmanager: str, matching: str = 'alertname="PileOn"') -> list[dict[str, str]]:
    """Return the labels of the alerts that are open in Alertmanager and match, pile-ons without another wish."""
    asked = urlencode([("filter", one) for one in matching.split(", ")])
    with urlopen(f"{alertmanager}/api/v2/alerts?{asked}", timeout=10) as answer:
        return [alert["labels"] for alert in json.load(answer)]
