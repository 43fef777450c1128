"""The report's parts that have pictures: alerts over time, minutes to an alert, precision and recall."""

from datetime import timedelta
from xml.etree.ElementTree import Element

from streams.replay.backtest.html.elements import Child, e, section, table, unfolded
from streams.replay.backtest.html.pictures import HEIGHT, Series, Span, bars, ceiling, figure, key, spans
from streams.replay.backtest.intervals import Gap, Share
from streams.replay.backtest.judged import Judged
from streams.replay.backtest.played import Side
from streams.replay.backtest.report import Summary
from streams.replay.backtest.table import OF_WHAT, apart, between, labelled, number, signed, two_places

_SPANS = {3600: "hour", 86400: "day", 604800: "week"}
_MINUTE = 60
KEY = (("baseline", "baseline (left)"), ("candidate", "candidate (right)"))


def over_time(found: Summary) -> Element:
    """Return alerts and messages to people over the period."""
    unit = _SPANS.get(round(found.over_time.step_seconds), f"{found.over_time.step_seconds / 604800:g} weeks")
    alerts = _counted(found, "alerts", f"Alerts fired per {unit}", found.over_time.alerts)
    pages = _counted(found, "pages", f"Messages that would have reached people per {unit}", found.over_time.pages)
    told = "Messages are what the routes that we ship make of alerts and escalations: those that come together are one."
    return section("time", "Over time", alerts, e("p", told), pages)


def _counted(found: Summary, name: str, title: str, counts: dict[Side, list[int]]) -> Element:
    labels = _times(found)
    series = [Series(side, counts[side]) for side in Side]
    told = "; ".join(f"{side}: {sum(counts[side])} in all, at most {max(counts[side])} at once" for side in Side) + "."
    rows = [
        (label, str(one), str(other))
        for label, one, other in zip(labels, counts[Side.BASELINE], counts[Side.CANDIDATE], strict=True)
        if one or other
    ]
    beside = unfolded("The numbers", table(f"{title}; those without any are left out", ("from, UTC", *Side), rows))
    return figure(name, title, told, HEIGHT, bars(series, labels), beside, key(*KEY))


def _times(found: Summary) -> list[str]:
    start, step = found.over_time.start, timedelta(seconds=found.over_time.step_seconds)
    form = "%m-%d %H:%M" if step < timedelta(days=1) else "%Y-%m-%d"
    return [f"{start + number * step:{form}}" for number in range(len(found.over_time.alerts[Side.BASELINE]))]


def time_to_alert(found: Summary) -> Element:
    """Return how long it takes from a case's first hostile reply to its alert."""
    names = {"seconds_to_alert_median": "median", "seconds_to_alert_p90": "90 of 100"}
    minutes = {name: [_minutes(measured[name]) for measured in (found.baseline, found.candidate)] for name in names}
    drawn = bars([Series(side, [both[place] for both in minutes.values()]) for place, side in enumerate(Side)], list(names.values()))
    rows = [(names[name], number(one), number(other), apart(one, other)) for name, (one, other) in minutes.items()]
    beside = table("Minutes from the first hostile reply to the alert", ("of the alerts", *Side, "Δ"), rows)
    told = "; ".join(f"{names[name]}: baseline {number(one)}, candidate {number(other)} minutes" for name, (one, other) in minutes.items())
    return section("delay", "Time to alert", figure("delays", "Minutes to the alert", told + ".", HEIGHT, drawn, beside, key(*KEY)))


def _minutes(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / _MINUTE


def labels(found: Summary) -> Element:
    """Return precision and recall with how sure they are; without labels, how to get some."""
    if found.labels is None:
        how = "No labels were given, so nobody knows which of these pile-ons were right. --labels takes a file, or the topic of verdicts."
        return section("labels", "Precision and recall", e("p", how))
    told = f"{labelled(found.labels)}. What nobody judged is not counted, so it is never wrong. Bounds are 95 % sure."
    return section("labels", "Precision and recall", e("p", told), _shares(found.labels), _gaps(found.labels))


def _shares(given: Judged) -> Element:
    both = {"precision": (given.baseline.precision, given.candidate.precision), "recall": (given.baseline.recall, given.candidate.recall)}
    lines = [Span(f"{what}, {side}", side, *_bounds(one)) for what, sides in both.items() for side, one in zip(Side, sides, strict=True)]
    drawn, height = spans(lines, 0, 1, [(mark / 4, f"{mark * 25} %") for mark in range(5)])
    gaps = {"precision": given.precision_delta, "recall": given.recall_delta}
    rows = [row for what, (one, other) in both.items() for row in _rows(what, one, other, gaps[what])]
    beside = table("Precision and recall of each side", ("share", *Side, "Δ"), rows)
    told = "; ".join(f"{line.name}: {two_places(line.value)}, bounds {two_places(line.low)} to {two_places(line.high)}" for line in lines)
    return figure("shares", "Precision and recall with their bounds", told + ".", height, drawn, beside)


def _rows(what: str, one: Share, other: Share, gap: Gap) -> list[tuple[Child, ...]]:
    return [
        (what, two_places(one.value), two_places(other.value), signed(gap.value)),
        ("– 95 % sure between", between(one), between(other), between(gap, signed)),
        (f"– {OF_WHAT[what]}", f"{one.hits} of {one.n}", f"{other.hits} of {other.n}", ""),
    ]


def _gaps(given: Judged) -> Element:
    lines = [Span("Δ precision", "candidate", *_bounds(given.precision_delta)), Span("Δ recall", "candidate", *_bounds(given.recall_delta))]
    far = max((abs(bound) for line in lines for bound in (line.low, line.high) if bound is not None), default=1.0)
    edge, _ = ceiling(max(far, 0.1))
    drawn, height = spans(lines, -edge, edge, [(-edge, signed(-edge)), (0, "no difference"), (edge, signed(edge))])
    told = "; ".join(f"{line.name}: {signed(line.value)}, bounds {signed(line.low)} to {signed(line.high)}" for line in lines)
    words = "Where the line crosses “no difference”, these labels do not tell the sides apart."
    rows = [
        (line.name, signed(line.value), between(gap, signed))
        for line, gap in zip(lines, (given.precision_delta, given.recall_delta), strict=True)
    ]
    beside = table("Candidate less baseline", ("share", "Δ", "95 % sure between"), rows)
    return e("div", figure("gaps", "Candidate less baseline", told + ".", height, drawn, beside), e("p", words, class_="soft"))


def _bounds(one: Share | Gap) -> tuple[float | None, float | None, float | None]:
    return one.value, one.low, one.high
