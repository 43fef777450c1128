"""A backtest in one screen: coverage, what changed, baseline beside candidate."""

from typing import Final

from rich.console import Console, Group
from rich.table import Table

from streams.replay.backtest.cases import Kind
from streams.replay.backtest.report import Summary

_SHOWN: Final = {
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
"""Measures in the order of the table. All of them are in summary.json."""


def shown(found: Summary, columns: tuple[str, str] = ("baseline", "candidate")) -> Group:
    """Return the table, and the lines before it."""
    return Group(*_coverage(found), "", compared(found.baseline, found.candidate, columns), "", changed(found.changes))


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
        *([] if found.complete else [f"PARTIAL: it was stopped, {found.not_replayed} comments were left"]),
    ]


def compared(baseline: dict[str, float | None], candidate: dict[str, float | None], columns: tuple[str, str]) -> Table:
    """Return two sides' measures and their difference."""
    table = Table(box=None, pad_edge=False, show_edge=False)
    table.add_column("")
    for name in (*columns, "Δ"):
        table.add_column(name, justify="right")
    for name, said in _SHOWN.items():
        before, after = _in_minutes(name, baseline[name]), _in_minutes(name, candidate[name])
        table.add_row(said, _number(before), _number(after), _difference(before, after))
    return table


def changed(changes: dict[Kind, int]) -> str:
    """Return what became of the pile-ons, in one line."""
    return "pile-ons: " + ", ".join(f"{changes[kind]} {kind}" for kind in Kind)


def _in_minutes(name: str, value: float | None) -> float | None:
    return value / 60 if value is not None and name.startswith("seconds_") else value


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.2f}"


def _difference(before: float | None, after: float | None) -> str:
    if before is None or after is None:
        return "–"
    return "·" if after == before else f"{'+' if after > before else '−'}{_number(abs(after - before))}"


def printed(said: Group, console: Console) -> None:
    """Print it; outside a terminal as wide as it needs."""
    console.print(said, soft_wrap=True, highlight=False, markup=False)
