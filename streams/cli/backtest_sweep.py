"""``threadwatch backtest sweep``: every combination of some settings."""

from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.backtest_given import Html, Labels, labels_of, one_of_stdin, put_html
from streams.cli.options import Data, Kafka, Prefix, settings_of
from streams.cli.recorded import (
    RECOMPUTE,
    File,
    From,
    Reused,
    Scored,
    ScoredBy,
    Scores,
    To,
    Topic,
    WarmUp,
    asked_of,
    opened,
    progress_of,
)
from streams.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from streams.replay.backtest.played import Rules
    from streams.settings import Settings

Budget = Annotated[
    float | None,
    typer.Option("--budget", min=0, help="Alerts a day that people can take: drawn in the report, and the table tells what stays within."),
]


def sweep(
    out: Annotated[Path, typer.Option("--out", help="Folder for the results; a new or empty one.")],
    grid: Annotated[
        list[str], typer.Option("--grid", help="A setting and its values: pileon.min_hostile_authors=3..8. May be given often.")
    ],
    config: Annotated[Path | None, typer.Option("--config", help="Settings file that the grid varies (default: what holds here).")] = None,
    file: File = None,
    topic: Topic = None,
    from_: From = None,
    to: To = None,
    warm_up: WarmUp = None,
    scores: Scores = RECOMPUTE,
    scored: Scored = None,
    scored_by: ScoredBy = None,
    labels: Labels = None,
    budget: Budget = None,
    html: Html = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the files of an earlier sweep in --out.")] = False,
    kafka: Kafka = None,
    prefix: Prefix = None,
    data: Data = None,
) -> int:
    """Run recorded comments through every combination of some settings; every text is scored once.

    Writes sweep.csv and, last, sweep.json; a table goes to stderr.
    """
    from rich.console import Console

    from streams.replay.backtest.grid import axes, hidden
    from streams.replay.backtest.html.sweeps import sweep_report
    from streams.replay.backtest.sweep import SWEEP, Asked
    from streams.replay.backtest.sweep import sweep as swept
    from streams.replay.backtest.sweep_table import shown
    from streams.replay.backtest.table import printed
    from streams.replay.folder import Folder

    if budget is not None and not isfinite(budget):
        raise UserError(f"--budget {budget}: write alerts a day, such as 3 or 0.5")
    reused = Reused(scores, scored, scored_by)
    base = settings_of(config, kafka, prefix, data)
    found = axes(grid, base)
    one_of_stdin(file, labels)
    folder = Folder(out, force, (), SWEEP)
    with opened(base, file, topic, asked_of(from_, to, warm_up), reused) as input_:
        asked = Asked(rules=_rules_of(base, reused), grid=found, hidden=hidden(base, found), labels=labels_of(labels, base), budget=budget)
        with folder, progress_of(input_, "every combination") as (lines, progress):
            made = swept(asked, lines, input_, folder, progress)
    printed(shown(made), Console(stderr=True))
    if html is not None:
        put_html(html, sweep_report(made))
    return 0


def _rules_of(base: "Settings", reused: Reused) -> "Callable[[Mapping[str, str]], Rules]":
    """Return what makes rules of the values of a grid: one scorer, asked once for each text; or scores that were given before."""
    from streams.replay.backtest.grid import tried
    from streams.replay.backtest.played import Rules
    from streams.replay.backtest.remembering import Remembering
    from streams.replay.plan import planned

    found = reused.scorer_of(base.scorer, "scorer")
    scorer = found if reused.scores else Remembering(found)

    def rules(values: "Mapping[str, str]") -> Rules:
        settings = tried(base, values)
        return Rules(settings, planned(settings, scorer))

    return rules
