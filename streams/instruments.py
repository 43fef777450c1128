"""The instruments that metrics are made of: label sets closed and created at zero, and histograms that take a batch at once.

Counting one comment at a time cost a sixth of the time of scoring it with the linear scorer; counting a batch costs about
2 % of that (``python -m tests.bench`` prints it).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from itertools import product
from typing import Final, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.samples import Exemplar

OTHER: Final = "other"
PREFIX: Final = "threadwatch_"

SCORE_BUCKETS: Final = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
"""Thresholds that people use."""
SECONDS_BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
DELAY_BUCKETS: Final = (0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 21600, 86400)
"""60 is the bound of the objective in ``deploy/prometheus/rules/slo.yml``."""
SIZE_BUCKETS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 4096)
AUTHOR_BUCKETS: Final = (4, 5, 6, 8, 10, 15, 20, 30, 50, 100, 200, 500, 1000)


class Batches(Histogram):
    """A histogram that takes many observations for little more than the price of one."""

    def observe_all(self, amounts: Sequence[float]) -> None:
        """Count every amount. None may be negative or NaN: a sum that falls looks like a restart."""
        ordered = sorted(amounts)
        self._sum.inc(sum(ordered))
        counted = 0
        for bound, bucket in zip(self._upper_bounds, self._buckets, strict=True):
            if counted == len(ordered):
                return
            upto = bisect_right(ordered, bound)
            if upto > counted:
                bucket.inc(upto - counted)
                counted = upto

    def show(self, amount: float, at: datetime, labels: dict[str, str]) -> None:
        """Make an exemplar of one amount, counted elsewhere: at most 128 characters of labels and their values."""
        bucket = self._buckets[bisect_left(self._upper_bounds, amount)]
        bucket.set_exemplar(Exemplar(labels, amount, at.timestamp()))


class Instruments:
    """Makes instruments on one registry. Every name gets the prefix, every label its closed set of words."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry

    def counts(self, name: str, said: str, **labels: Iterable[str]) -> Counter:
        """Return a counter, every combination of the labels' words at zero."""
        return _zeroed(Counter(PREFIX + name, said, list(labels), registry=self._registry), labels)

    def nested(self, name: str, said: str, outer: str, inner: str, words: Mapping[str, Iterable[str]]) -> Counter:
        """Return a counter whose second label's words depend on the first's."""
        counter = _looked_up_once(Counter(PREFIX + name, said, [outer, inner], registry=self._registry))
        for first, second in ((first, second) for first, allowed in words.items() for second in sorted(allowed)):
            counter.labels(first, second)
        return counter

    def gauge(self, name: str, said: str, **labels: Iterable[str]) -> Gauge:
        """Return a gauge, every combination of the labels' words at zero."""
        return _zeroed(Gauge(PREFIX + name, said, list(labels), registry=self._registry), labels)

    def histogram(self, name: str, said: str, buckets: Sequence[float], **labels: Iterable[str]) -> Batches:
        """Return a histogram, every combination of the labels' words at zero."""
        return _zeroed(Batches(PREFIX + name, said, list(labels), registry=self._registry, buckets=buckets), labels)

    def info(self, name: str, said: str, **labels: str) -> None:
        """Say something that does not change while the program runs."""
        Gauge(PREFIX + name, said, list(labels), registry=self._registry).labels(**labels).set(1)


_Metric = TypeVar("_Metric", Counter, Gauge, Batches)


def _zeroed(metric: _Metric, labels: Mapping[str, Iterable[str]]) -> _Metric:
    if labels and not isinstance(metric, Gauge):  # a gauge's come and go with partitions
        metric = _looked_up_once(metric)
    for values in product(*(sorted(allowed) for allowed in labels.values())) if labels else ():
        metric.labels(*values)
    return metric


def _looked_up_once(metric: _Metric) -> _Metric:
    """Keep every child: batches ask for the same few again and again, and the client's own way to them is long."""
    metric.labels = cache(metric.labels)  # type: ignore[method-assign]
    return metric


def closed(word: str, allowed: Collection[str]) -> str:
    """Return the word where it is one of a closed set, else ``other``."""
    return word if word in allowed else OTHER


def replace_second(gauge: Gauge, first: str, values: Mapping[int, float]) -> None:
    """Set a gauge of two labels for one word of the first; what is not named for the second is forgotten."""
    for held, second in [labels for labels in list(gauge._metrics) if labels[0] == first]:  # noqa: SLF001 the client has no public list
        if int(second) not in values:
            gauge.remove(held, second)
    for number, value in values.items():
        gauge.labels(first, str(int(number))).set(value)
