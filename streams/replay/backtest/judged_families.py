"""What people judged, as metrics: how many pile-ons of each side, and how right it is. The same at every time: it is of the whole run."""

from collections.abc import Iterator, Mapping
from math import nan
from typing import Final

from msgspec import Struct
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from streams.records import Judgement
from streams.replay.backtest.intervals import Share
from streams.replay.backtest.judged import Judged, Score
from streams.replay.backtest.played import Side

PREFIX: Final = "threadwatch_backtest_"
_NOBODY: Final = "none"
"""Nobody judged it."""
_BOUNDS: Final = ("value", "low", "high")


class Family(Struct, frozen=True):
    """A metric family: each of its series once, as the client knows it, and their values over the steps.

    ``groups`` stand in the order of the series. A group is one series or more (the buckets of a histogram), whose values of
    one time stand together: one row per time.
    """

    metric: Metric
    groups: list[list[list[float]]]


def of_labels(run: str, labels: Judged | None, cases: Mapping[Side, int], times: int) -> Iterator[Family]:
    """Yield the families. Without labels every pile-on (``cases``: how many) is unjudged, and shares are NaN: nobody knows them."""
    scores = {Side.BASELINE: labels.baseline, Side.CANDIDATE: labels.candidate} if labels else {}
    said = "Pile-ons of the whole run, by what people said of them; none: nobody judged it."
    judged = GaugeMetricFamily(f"{PREFIX}judged_pileons", said, labels=["run", "side", "judgement"])
    values = {(run, side, word): count for side in Side for word, count in _counts(scores.get(side), cases[side]).items()}
    yield _constant(judged, values, times)
    for what, said in (
        ("precision", "Share that are pile-ons, of those judged."),
        ("recall", "Share that was found, of labelled pile-ons."),
    ):
        family = GaugeMetricFamily(
            f"{PREFIX}{what}_ratio", f"{said} low, high: bounds, 95 % sure. NaN: nothing judged.", labels=["run", "side", "bound"]
        )
        shares = {side: getattr(one, what) for side, one in scores.items()}
        yield _constant(family, {(run, side, word): value for side in Side for word, value in _bounds(shares.get(side)).items()}, times)


def _constant(family: GaugeMetricFamily, values: Mapping[tuple[str, Side, str], float], times: int) -> Family:
    for labels in values:
        family.add_metric(labels, 0)
    return Family(family, [[[value]] * times for value in values.values()])


def _counts(score: Score | None, cases: int) -> dict[str, int]:
    if score is None:
        return {**dict.fromkeys(Judgement, 0), _NOBODY: cases}
    found = score.precision
    return {
        Judgement.PILE_ON: found.hits, Judgement.NOT_ONE: found.n - found.hits, Judgement.UNSURE: score.unsure, _NOBODY: score.unjudged,
    }  # fmt: skip


def _bounds(one: Share | None) -> dict[str, float]:
    known = (nan, nan, nan) if one is None or one.value is None else (one.value, one.low, one.high)
    return dict(zip(_BOUNDS, known, strict=True))  # type: ignore[arg-type]  # where there is a value there are bounds
