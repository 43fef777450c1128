"""``threadwatch backtest``: what other settings would have made of recorded comments."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

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
    ended,
    opened,
    progress_of,
    scorer_of,
)  # fmt: skip
from streams.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from streams.replay.backtest.labels import Label
    from streams.replay.backtest.played import Rules
    from streams.replay.backtest.run import Asked
    from streams.settings import Settings

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)
FEEDBACK = "feedback"
Labels = Annotated[
    str | None, typer.Option("--labels", help="CSV or JSON lines of target, from, to, verdict; or: feedback, the topic of verdicts.")
]
Html = Annotated[Path | None, typer.Option("--html", help="Write the report there too: one file that needs nothing else.")]


@app.callback()
def backtest() -> None:
    """Run recorded comments through two configurations and compare what comes of them."""


@app.command()
def run(
    out: Annotated[Path, typer.Option("--out", help="Folder for the results; a new or empty one.")],
    config: Annotated[Path, typer.Option("--config", help="Settings file to be tried: the candidate.")],
    baseline: Annotated[
        Path | None,
        typer.Option("--baseline", help="Settings file, or folder of a run, to compare with (default: the settings that hold here)."),
    ] = None,
    file: File = None,
    topic: Topic = None,
    from_: From = None,
    to: To = None,
    warm_up: WarmUp = None,
    scores: Scores = RECOMPUTE,
    scored: Scored = None,
    scored_by: ScoredBy = None,
    labels: Labels = None,
    name: Annotated[str | None, typer.Option("--name", help="Of the run, in its metrics (default: from the configuration).")] = None,
    html: Html = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the files of an earlier run in --out.")] = False,
    kafka: Kafka = None,
    prefix: Prefix = None,
    data: Data = None,
) -> int:
    """Run recorded comments through both configurations. The same input and settings give the same bytes.

    Writes alerts, pileons, changes, judge-next (.jsonl), config.lock, metrics.om and, last, summary.json; a table goes to stderr.
    """
    from rich.console import Console

    from streams.replay.backtest.report import LINES
    from streams.replay.backtest.run import backtest as compared
    from streams.replay.backtest.table import printed, shown
    from streams.replay.folder import Folder
    from streams.replay.recorded import Cut

    reused = Reused(scores, scored, scored_by)
    here, tried = settings_of(None, kafka, prefix, data), settings_of(config, kafka, prefix, data)
    before = _before(baseline, here, kafka, prefix, data)
    folder = Folder(out, force, LINES)
    _one_of_stdin(file, labels)
    with opened(here, file, topic, asked_of(from_, to, warm_up), reused) as input_:
        asked = _asked(here, before, tried, name, reused, _labels(labels, here))
        _check(baseline, asked)
        with folder, progress_of(input_, "both configurations", cut := Cut()) as (lines, progress):
            found = compared(asked, lines, input_, folder, progress, cut)
    printed(shown(found), Console(stderr=True))
    if html is not None:
        _report(out, html)
    return ended(cut, found.not_replayed, out)


def _report(folder: Path, html: Path) -> None:
    """Write a run's report beside the place it is meant for, then move it there."""
    from streams.replay.backtest.html.page import report_of

    _put(html, report_of(folder))


def _put(html: Path, text: str) -> None:
    from streams.replay.folder import put_beside

    put_beside(html, text, "--html")
    print(f"report: {html}", file=sys.stderr)


def _before(baseline: Path | None, here: "Settings", *options: Any) -> "Settings":
    """Return the baseline's settings: of a file, of a run, or those that hold here."""
    from streams.replay.backtest import earlier

    if baseline is None:
        return here
    return earlier.settings_of(earlier.locked(baseline), baseline) if baseline.is_dir() else settings_of(baseline, *options)


def _check(baseline: Path | None, asked: "Asked") -> None:
    """Raise UserError where the baseline is a run that would come out otherwise here."""
    from streams.replay.backtest import earlier
    from streams.replay.backtest.played import Side

    if baseline is not None and baseline.is_dir():
        earlier.check(earlier.locked(baseline), asked.rules[Side.BASELINE], baseline)


def _one_of_stdin(file: str | None, labels: str | None) -> None:
    if file == labels == "-":
        raise UserError("--file - and --labels -: standard input can be only one of them")


def _labels(labels: str | None, here: "Settings") -> list["Label"]:
    from streams.replay.backtest.feedback import labels_of_feedback
    from streams.replay.backtest.labels import labels_in

    if labels is None:
        return []
    return labels_of_feedback(here) if labels == FEEDBACK else labels_in(labels)


def _asked(here: "Settings", before: "Settings", tried: "Settings", name: str | None, reused: Reused, labels: list["Label"]) -> "Asked":
    from msgspec.structs import replace

    from streams.replay.backtest.played import Rules, Side
    from streams.replay.backtest.remembering import Remembering
    from streams.replay.backtest.run import Asked, named
    from streams.replay.plan import planned

    # One installation key for both: ids differ with it, and with nothing else that two files could say.
    both = {Side.BASELINE: replace(before, data=here.data), Side.CANDIDATE: replace(tried, data=here.data)}
    scorers = {one.scorer: reused.scorer_of(one.scorer, "scorer") for one in both.values()}
    if reused.scores is None:
        scorers = {told: Remembering(scorer) for told, scorer in scorers.items()}
    rules = {side: Rules(one, planned(one, scorers[one.scorer])) for side, one in both.items()}
    candidate = rules[Side.CANDIDATE]
    return Asked(name=named(name, candidate), program=candidate.plan.program, rules=rules, labels=labels)


@app.command()
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
    labels: Labels = None,
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

    base = settings_of(config, kafka, prefix, data)
    found = axes(grid, base)
    _one_of_stdin(file, labels)
    folder = Folder(out, force, (), SWEEP)
    with opened(base, file, topic, asked_of(from_, to, warm_up), Reused(RECOMPUTE, None, None)) as input_:
        asked = Asked(rules=_rules_of(base), grid=found, hidden=hidden(base, found), labels=_labels(labels, base))
        with folder, progress_of(input_, "every combination") as (lines, progress):
            made = swept(asked, lines, input_, folder, progress)
    printed(shown(made), Console(stderr=True))
    if html is not None:
        _put(html, sweep_report(made))
    return 0


def _rules_of(base: "Settings") -> "Callable[[Mapping[str, str]], Rules]":
    """Return what makes rules of the values of a grid: one scorer, asked once for each text."""
    from streams.replay.backtest.grid import tried
    from streams.replay.backtest.played import Rules
    from streams.replay.backtest.remembering import Remembering
    from streams.replay.plan import planned

    scorer = Remembering(scorer_of(base.scorer, "scorer"))

    def rules(values: "Mapping[str, str]") -> Rules:
        settings = tried(base, values)
        return Rules(settings, planned(settings, scorer))

    return rules


@app.command()
def diff(
    first: Annotated[Path, typer.Argument(help="Folder of a run: before.")],
    second: Annotated[Path, typer.Argument(help="Folder of a run on the same comments: after.")],
    fail_if: Annotated[
        list[str] | None, typer.Option("--fail-if", help='Exit 1 where this holds: "alerts_per_day>+20%", "lost>0". May be given often.')
    ] = None,
) -> int:
    """Compare the candidates of two runs on the same comments."""
    from rich.console import Console, Group

    from streams.errors import CHECK_FAILED, OK
    from streams.replay.backtest.diff import condition, difference
    from streams.replay.backtest.table import changed, compared, printed

    found = difference(first, second)
    conditions = [condition(text, found.names) for text in fail_if or ()]
    printed(Group(compared(found.before, found.after, ("before", "after")), "", changed(found.changes)), Console())
    failed = [one for one in conditions if one.holds(found)]
    for one in failed:
        print(f"threadwatch: fails, {one.said(found)}", file=sys.stderr)
    return CHECK_FAILED if failed else OK


@app.command()
def show(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run or a sweep.")],
    as_json: Annotated[bool, typer.Option("--json", help="summary.json, or sweep.json, as it stands.")] = False,
    html: Html = None,
) -> int:
    """Print the table of a run or a sweep again, or write its report."""
    from rich.console import Console

    from streams.replay.backtest.diff import summary_of
    from streams.replay.backtest.sweep import SWEEP
    from streams.replay.backtest.table import printed, shown
    from streams.replay.folder import SUMMARY

    if (folder / SWEEP).exists():
        return _show_sweep(folder, as_json, html)
    found = summary_of(folder)
    if html is not None:
        _report(folder, html)
    elif as_json:
        sys.stdout.write((folder / SUMMARY).read_text(encoding="utf-8"))
    else:
        printed(shown(found), Console())
    return 0


def _show_sweep(folder: Path, as_json: bool, html: Path | None) -> int:
    from rich.console import Console

    from streams.replay.backtest.html.sweeps import sweep_report
    from streams.replay.backtest.sweep import SWEEP, sweep_of
    from streams.replay.backtest.sweep_table import shown
    from streams.replay.backtest.table import printed

    found = sweep_of(folder)
    if html is not None:
        _put(html, sweep_report(found))
    elif as_json:
        sys.stdout.write((folder / SWEEP).read_text(encoding="utf-8"))
    else:
        printed(shown(found), Console())
    return 0
