"""``threadwatch backtest sweep``: every combination of some settings."""

from functools import partial
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.backtest_given import Html, Labels, check_html, labels_of, one_of_stdin, put_html
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
    bar,
    cut_by_ctrl_c,
    muted,
    opened,
    progress_of,
)
from streams.cli.replay_replies import Processes, is_of_replies, opened_log, processes_of, refuse, stages_of
from streams.errors import INTERRUPTED, UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from streams.replay.backtest.played import Rules
    from streams.replay.backtest.swept import Sweep
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
    processes: Processes = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where a sweep into --out was interrupted by Ctrl-C.")] = False,
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
    from streams.replay.backtest.sweep import Asked, How
    from streams.replay.backtest.sweep_table import shown
    from streams.replay.backtest.swept import SWEEP, sweep_of
    from streams.replay.backtest.table import printed
    from streams.replay.folder import Folder
    from streams.replay.sorting import RUN_ITEMS

    if budget is not None and not isfinite(budget):
        raise UserError(f"--budget {budget}: write alerts a day, such as 3 or 0.5")
    base = settings_of(config, kafka, prefix, data)
    found = axes(grid, base)
    check_html(html)
    one_of_stdin(file, labels)
    folder, given = Folder(out, force or resume, (), SWEEP), asked_of(from_, to, warm_up)
    shared = processes or processes_of(base.scorer, is_reused=scores != RECOMPUTE)
    how = How(processes=shared, worth=0 if processes else RUN_ITEMS, resumed=sweep_of(out) if resume else None)
    asked = partial(Asked, grid=found, hidden=hidden(base, found), budget=budget)
    if is_of_replies(file, topic):
        refuse(scores=scores != RECOMPUTE, scored=scored, scored_by=scored_by)
        made = _of_replies(base, file, given, lambda: labels_of(labels, base), asked, folder, how)
    else:
        reused = Reused(scores, scored, scored_by)
        made = _of_comments(base, file, topic, given, reused, lambda: labels_of(labels, base), asked, folder, how)
    printed(shown(made), Console(stderr=True))
    if html is not None:
        put_html(html, sweep_report(made))
    return 0 if made.complete else INTERRUPTED


def _of_comments(
    base: "Settings", file: str | None, topic: str | None, given: Any, reused: Reused, labels: "Callable[[], Any]", asked: Any,
    folder: Any, how: Any,
) -> "Sweep":  # fmt: skip
    from msgspec.structs import replace

    from streams.replay.backtest.sweep import sweep as swept
    from streams.replay.recorded import Cut

    with opened(base, file, topic, given, reused, how.resumed.ends or None if how.resumed else None) as input_:
        rules = _rules_of(muted(base, is_topic=topic is not None), reused)
        how = replace(how, stages=partial(stages_of, scorer=rules({}).plan.scorer, is_reused=reused.scores is not None))
        with folder, progress_of(input_, "every combination", cut := Cut()) as (lines, progress):
            return swept(asked(rules=rules, labels=labels()), lines, input_, folder, progress, cut, how)


def _of_replies(base: "Settings", file: str | None, given: Any, labels: "Callable[[], Any]", asked: Any, folder: Any, how: Any) -> "Sweep":
    from streams.replay.backtest.sweep import sweep_of_replies
    from streams.replay.recorded import Cut
    from streams.replay.replies.plan import check_addressing

    log = opened_log(base, file, given, how.resumed.ends or None if how.resumed else None)
    check_addressing(base, log.live)
    with folder, bar("every combination") as progress, cut_by_ctrl_c(cut := Cut()) as listen:
        listen()
        return sweep_of_replies(
            asked(rules=partial(_rules_behind, muted(base, is_topic=file is None)), labels=labels()), log, given, folder, progress, cut, how
        )


def _rules_behind(base: "Settings", values: "Mapping[str, str]") -> "Rules":
    """Return rules of the values of a grid for what was scored and addressed live."""
    from streams.replay.backtest.grid import tried
    from streams.replay.backtest.played import Rules
    from streams.replay.replies.plan import run_of

    settings = tried(base, values)
    return Rules(settings, run_of(settings))


def _rules_of(base: "Settings", reused: Reused) -> "Callable[[Mapping[str, str]], Rules]":
    """Return what makes rules of the values of a grid: one scorer, asked once for each text; or scores that were given before."""
    from streams.replay.backtest.grid import tried
    from streams.replay.backtest.played import Rules
    from streams.replay.backtest.remembering import Remembering
    from streams.replay.plan import planned

    found = reused.scorer_of(base, "scorer")
    scorer = found if reused.scores else Remembering(found)

    def rules(values: "Mapping[str, str]") -> Rules:
        settings = tried(base, values)
        return Rules(settings, planned(settings, scorer))

    return rules
