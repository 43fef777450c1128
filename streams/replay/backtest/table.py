"""A backtest in one screen: coverage, what changed, baseline beside candidate."""

from collections.abc import Callable
from typing import Final

from rich.console import Console, Group
from rich.table import Table

from streams.replay.backtest.cases import Kind
from streams.replay.backtest.intervals import Gap, Share
from streams.replay.backtest.judged import Judged
from streams.replay.backtest.report import TO_JUDGE, Summary
from streams.replay.reach import started

SHOWN: Final = {
    "pileons": "pile-ons",
    "pileons_critical": "  of them critical",
    "pileons_open_at_end": "  open at the end",
    "people_piled_on": "people piled on",
    "people_per_case_median": "people hostile per case, median",
    "people_per_case_most": "  most",
    "alerts": "alerts fired",
    "alerts_per_day": "  per day",
    "escalations": "escalations",
    "pages_warning_per_day": "would-page per day, warning",
    "pages_critical_per_day": "would-page per day, critical",
    "seconds_to_alert_median": "minutes to the alert, median",
    "seconds_to_alert_p90": "  90 of 100",
    "held_not_worse": "held: not worse",
    "held_stale": "held: stale",
    "held_muted": "held: muted",
    "hostile_replies": "hostile replies",
    "late_replies": "late replies",
}
"""Measures in the order of tables. All of them are in summary.json."""
OF_WHAT: Final = {"precision": "pile-ons, of those judged", "recall": "found, of labelled pile-ons"}
"""What each share is of."""


def shown(found: Summary, columns: tuple[str, str] = ("baseline", "candidate")) -> Group:
    """Return the table, and the lines before it."""
    return Group(*_coverage(found), "", compared(found.baseline, found.candidate, columns), "", *_judged(found), changed(found.changes))


def _coverage(found: Summary) -> list[str]:
    seen, when = found.coverage, found.period
    gaps = f"{seen.gaps} gaps of an hour or more"
    if seen.longest_gaps:
        gaps += f", the longest {seen.longest_gaps[0].seconds / 3600:.1f} h"
    undecodable = f"{seen.undecodable} undecodable; {seen.late} late"
    people = f"{seen.conversations} conversations, {seen.authors} authors ({seen.without_author} comments without one)"
    return [
        f"backtest {found.run}: {when.start:%Y-%m-%d %H:%M} to {when.end:%Y-%m-%d %H:%M} UTC, rates over {when.days:.1f} days",
        f"{seen.records} records: {seen.comments} comments, {seen.edits} edits, {seen.deletions} deletions, {undecodable}",
        f"{people}; {gaps}",
        started(seen.start, seen.warm_up_days, seen.warm_up_records),
        *([] if found.complete else [f"PARTIAL: it was stopped, {found.not_replayed} comments were left"]),
    ]


def compared(baseline: dict[str, float | None], candidate: dict[str, float | None], columns: tuple[str, str]) -> Table:
    """Return two sides' measures and their difference."""
    table = Table(box=None, pad_edge=False, show_edge=False)
    table.add_column("")
    for name in (*columns, "Δ"):
        table.add_column(name, justify="right")
    for name, said in SHOWN.items():
        before, after = in_minutes(name, baseline[name]), in_minutes(name, candidate[name])
        table.add_row(said, number(before), number(after), apart(before, after))
    return table


def changed(changes: dict[Kind, int]) -> str:
    """Return what became of the pile-ons, in one line."""
    return "pile-ons: " + ", ".join(f"{changes[kind]} {kind}" for kind in Kind)


def _judged(found: Summary) -> list[str | Table]:
    """Return precision and recall with their bounds, where there are labels."""
    labels = found.labels
    if labels is None:
        return []
    table = Table(box=None, pad_edge=False, show_edge=False)
    for name in ("", "baseline", "candidate", "Δ"):
        table.add_column(name, justify="right" if name else "left")
    before, after = labels.baseline, labels.candidate
    for what, one, other, gap in (
        ("precision", before.precision, after.precision, labels.precision_delta),
        ("recall", before.recall, after.recall, labels.recall_delta),
    ):
        table.add_row(what, _share(one), _share(other), signed(gap.value))
        table.add_row("  95 % sure between", between(one), between(other), between(gap, signed))
        table.add_row(f"  {OF_WHAT[what]}", f"{one.hits} of {one.n}", f"{other.hits} of {other.n}", "")
    table.add_row("unjudged, not counted", str(before.unjudged), str(after.unjudged), "")
    return [labelled(labels), table, f"{found.unjudged} to judge, {len(found.judge_next)} that say most are in {TO_JUDGE}", ""]


def labelled(labels: Judged) -> str:
    """Return what was labelled, in one line."""
    strangers = f", {labels.of_nobody_here} of people whom nobody answers here" if labels.of_nobody_here else ""
    unsure = f"unsure: {labels.baseline.unsure} of the baseline's, {labels.candidate.unsure} of the candidate's pile-ons"
    return f"{labels.labels} labels, {labels.in_period} in the period{strangers}; {unsure}"


def _share(one: Share) -> str:
    return two_places(one.value)


def two_places(value: float | None) -> str:
    """Return a share in words."""
    return "–" if value is None else f"{value:.2f}"


def between(one: Share | Gap, said: Callable[[float | None], str] = two_places) -> str:
    """Return the bounds in words."""
    return "–" if one.low is None else f"{said(one.low)} to {said(one.high)}"


def signed(value: float | None) -> str:
    """Return two places with a sign that is as wide as the other."""
    return "–" if value is None else f"{value:+.2f}".replace("-", "−")


def in_minutes(name: str, value: float | None) -> float | None:
    """Return what people read: seconds as minutes, all else as it is."""
    return value / 60 if value is not None and name.startswith("seconds_") else value


def number(value: float | None) -> str:
    """Return a number in words; a dash for none."""
    if value is None:
        return "–"
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.2f}"


def apart(before: float | None, after: float | None) -> str:
    """Return how far the second is from the first; a dot where they are equal."""
    if before is None or after is None:
        return "–"
    return "·" if after == before else f"{'+' if after > before else '−'}{number(abs(after - before))}"


def printed(said: Group, console: Console) -> None:
    """Print it; outside a terminal as wide as it needs."""
    console.print(said, soft_wrap=True, highlight=False, markup=False)
