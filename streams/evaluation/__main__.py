"""``python -m streams.evaluation``: the detectors on a simulated site and on real trees. Fixed seeds: the same figures every time.

A table on the terminal; with --out a folder with eval.json (every figure) and eval.html (one page with pictures).
"""

import argparse
import sys
from pathlib import Path

import msgspec
from msgspec.structs import replace
from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from streams.evaluation.life import Knobs
from streams.evaluation.page.report import page_of
from streams.evaluation.plain import plain
from streams.evaluation.results import STEPS, Results, measured
from streams.evaluation.scenario import Plan
from streams.evaluation.tables import tables
from streams.evaluation.trees import DATA


def main() -> None:
    """Run it and print it."""
    parser = argparse.ArgumentParser(prog="python -m streams.evaluation", description=__doc__)
    parser.add_argument("--targets", type=int, default=6000, help="people on the site; half of them teach, half decide (6000)")
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--seed", type=int, default=Plan().seed)
    parser.add_argument("--data", type=Path, default=DATA, help="the folder of real trees (../shared/datasets)")
    parser.add_argument("--quick", action="store_true", help="a site of 800 people, fewer raids on real trees")
    parser.add_argument("--out", type=Path, help="a folder for eval.json and eval.html")
    asked = parser.parse_args()
    if asked.days < 10 or asked.targets < 100:
        parser.error("10 days and 100 people are the least that baselines can be learned from")
    targets = min(asked.targets, 800) if asked.quick else asked.targets
    plan = Plan(targets=targets, seed=asked.seed, knobs=replace(Knobs(), days=asked.days))
    each, deals = (2, 3) if asked.quick else (10, 100)
    found = _run(plan, asked.data, each, deals, quick=asked.quick)
    console = Console(width=None if sys.stdout.isatty() else 200)
    for part in tables(found):
        console.print(part)
    if asked.out is not None:
        _write(asked.out, found)


def _run(plan: Plan, data: Path, each: int, deals: int, *, quick: bool) -> Results:
    columns = (*Progress.get_default_columns()[:3], TimeElapsedColumn(), TextColumn("{task.fields[now]}"))
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("measuring", total=STEPS, now="")
        return measured(plan, data, each, deals, lambda now: progress.update(task, advance=1, now=now), quick=quick)


def _write(folder: Path, found: Results) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "eval.json").write_bytes(msgspec.json.format(msgspec.json.encode(plain(found), order="sorted"), indent=1))
    (folder / "eval.html").write_text(page_of(found), encoding="utf-8")


if __name__ == "__main__":
    main()
