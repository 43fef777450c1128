"""``threadwatch backtest``: what other settings would have made of recorded comments."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.backtest_given import Html, Labels, Parquet, WithText, check_parquet, labels_of, one_of_stdin, write_parquet, write_report
from streams.cli.backtest_shown import diff, show
from streams.cli.backtest_sweep import sweep
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
)
from streams.cli.verify import verify
from streams.errors import UserError

if TYPE_CHECKING:
    from streams.replay.backtest.labels import Label
    from streams.replay.backtest.run import Asked
    from streams.settings import Settings

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)


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
    with_text: WithText = False,
    parquet: Parquet = None,
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
    one_of_stdin(file, labels)
    check_parquet(parquet)
    if with_text and html is None:
        raise UserError("--with-text: belongs to --html; no other file of a backtest holds text")
    with opened(here, file, topic, asked_of(from_, to, warm_up), reused) as input_:
        asked = _asked(here, before, tried, name, reused, labels_of(labels, here), with_text=with_text)
        _check(baseline, asked)
        with folder, progress_of(input_, "both configurations", cut := Cut()) as (lines, progress):
            found = compared(asked, lines, input_, folder, progress, cut)
    printed(shown(found), Console(stderr=True))
    if html is not None:
        write_report(out, html, asked.texts)
    if parquet is not None:
        write_parquet(out, parquet)
    return ended(cut, found.not_replayed, out)


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


def _asked(
    here: "Settings", before: "Settings", tried: "Settings", name: str | None, reused: Reused, labels: list["Label"], *, with_text: bool
) -> "Asked":
    from msgspec.structs import replace

    from streams.replay.backtest.played import Rules, Side
    from streams.replay.backtest.remembering import Remembering
    from streams.replay.backtest.run import Asked, named
    from streams.replay.backtest.texts import Texts
    from streams.replay.plan import planned

    # One installation key for both: ids differ with it, and with nothing else that two files could say.
    both = {Side.BASELINE: replace(before, data=here.data), Side.CANDIDATE: replace(tried, data=here.data)}
    scorers = {one.scorer: reused.scorer_of(one.scorer, "scorer") for one in both.values()}
    if reused.scores is None:
        scorers = {told: Remembering(scorer) for told, scorer in scorers.items()}
    rules = {side: Rules(one, planned(one, scorers[one.scorer])) for side, one in both.items()}
    candidate, texts = rules[Side.CANDIDATE], Texts(here.retention) if with_text else None
    return Asked(name=named(name, candidate), program=candidate.plan.program, rules=rules, labels=labels, texts=texts)


for command in (sweep, diff, show, verify):
    app.command()(command)
