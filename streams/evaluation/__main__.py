"""``python -m streams.evaluation``: the detectors on the simulated site, as a table. Fixed seeds: the same figures every time."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec.structs import replace
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from streams.evaluation.attacks import KINDS
from streams.evaluation.compare import BUDGETS, WINDOWS, Line, halves, lines
from streams.evaluation.life import Knobs
from streams.evaluation.scenario import Plan
from streams.evaluation.scoring import Score, most_likely
from streams.evaluation.site import Site

_LINES = len(BUDGETS) * 6 + len(WINDOWS)
_COLUMNS = (
    "detector", "B a day", "false", "allowed", "≤ (95 %)", "caught, n ≥ 8", "n = 4", "people", "minutes", "by diluted", "diluted a day",
    "in twins",
)  # fmt: skip


def main() -> None:
    """Run it and print it."""
    parser = argparse.ArgumentParser(prog="python -m streams.evaluation", description=__doc__)
    parser.add_argument("--targets", type=int, default=6000, help="people on the site; half of them teach, half decide (6000)")
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--seed", type=int, default=Plan().seed)
    parser.add_argument("--quick", action="store_true", help="a site of 1,500 people")
    parser.add_argument("--json", type=Path, help="write the figures there too")
    asked = parser.parse_args()
    if asked.days < 10 or asked.targets < 100:
        parser.error("10 days and 100 people are the least that baselines can be learned from")
    targets = min(asked.targets, 1500) if asked.quick else asked.targets
    plan = Plan(targets=targets, seed=asked.seed, knobs=replace(Knobs(), days=asked.days))
    _run(plan, asked.json)


def _run(plan: Plan, file: Path | None) -> None:
    console = Console(width=None if sys.stdout.isatty() else 200)
    found: list[Line] = []
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("measuring", total=_LINES + 1)
        teaches, decides = halves(plan)
        progress.advance(task)
        for line in lines(teaches, decides):
            found.append(line)
            progress.advance(task)
    console.print(_head(decides))
    console.print(_table(found, decides))
    console.print(_by_kind(found))
    if file is not None:
        file.write_bytes(msgspec.json.format(msgspec.json.encode([_plain(line, decides) for line in found])))


def _head(decides: Site) -> str:
    replies = sum(len(watched.stream) for watched in decides.watched)
    events = [event for watched in decides.watched for event in watched.stream.events]
    attacks = sum(event.is_attack for event in events)
    return (
        f"the half that decides: {len(decides.watched):,} people, {replies:,} replies, alarms counted on {decides.days} days, "
        f"{attacks} pile-ons, {len(events) - attacks} civil twins; N = {decides.stakes_per_day:,.0f} stakes a day"
    )


def _table(found: Sequence[Line], decides: Site) -> Table:
    table = Table(*_COLUMNS)
    for line in found:
        score, allowed = line.score, "" if line.budget is None else f"{line.budget * decides.days:.0f}"
        large, every = score.recall(), score.recall(4)
        table.add_row(
            f"{line.name} ({line.note})" if line.note else line.name, "" if line.budget is None else f"{line.budget:g}", str(score.false),
            allowed, f"{most_likely(score.false):.0f}", f"{large[0]}/{large[1]}", f"{every[0] - large[0]}/{every[1] - large[1]}",
            f"{score.median_authors:g}", f"{score.median_minutes:.0f}", str(score.by_diluted), f"{score.diluted / decides.days:.1f}",
            str(sum(score.false_in_twins.values())),
        )  # fmt: skip
    return table


def _by_kind(found: Sequence[Line]) -> Table:
    """The lines of B = 1, and the windows: who was caught, by evasion; false alarms in its civil twins."""
    table = Table("caught by kind, n ≥ 8 (false in its twins)", *KINDS)
    for line in found:
        if line.budget in {None, 1.0}:
            table.add_row(f"{line.name} {line.note}", *(_cell(line.score, kind) for kind in KINDS))
    return table


def _cell(score: Score, kind: str) -> str:
    caught, there = score.recall(8, kind)
    return f"{caught}/{there} ({score.false_in_twins.get(kind, 0)})"


def _plain(line: Line, decides: Site) -> dict[str, object]:
    score = line.score
    return {
        "detector": line.name, "note": line.note, "budget_per_day": line.budget, "days": decides.days, "false": score.false,
        "false_upper_95": most_likely(score.false), "recall_8": score.recall(), "recall_4": score.recall(4),
        "median_authors": score.median_authors, "median_minutes": score.median_minutes, "diluted": score.diluted,
        "surges": score.surges, "false_in_twins": score.false_in_twins, "by_kind": {kind: score.recall(8, kind) for kind in KINDS},
    }  # fmt: skip


if __name__ == "__main__":
    main()
