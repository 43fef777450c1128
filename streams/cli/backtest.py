"""``threadwatch backtest``: what other settings would have made of recorded comments."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.backtest_given import (
    Html,
    Labels,
    Parquet,
    WithText,
    check_html,
    check_parquet,
    labels_of,
    one_of_stdin,
    write_parquet,
    write_report,
)
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
    bar,
    cut_by_ctrl_c,
    ended,
    muted,
    opened,
    progress_of,
)
from streams.cli.replay_replies import Processes, is_of_replies, opened_log, processes_for, processes_of, refuse, stages_of
from streams.cli.verify import verify
from streams.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from streams.replay.backtest.labels import Label
    from streams.replay.backtest.played import Rules, Side
    from streams.replay.backtest.report import Summary
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
    processes: Processes = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where a run into --out was stopped by Ctrl-C.")] = False,
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
    from streams.replay.backtest.stopped import CHECKPOINT, Checkpoint
    from streams.replay.backtest.table import printed, shown
    from streams.replay.folder import Folder
    from streams.replay.recorded import Cut

    here, tried = settings_of(None, kafka, prefix, data), settings_of(config, kafka, prefix, data)
    before = _before(baseline, here, kafka, prefix, data)
    resumed = Checkpoint(out) if resume else None
    folder, given = Folder(out, force or resume, LINES, partial=[CHECKPOINT]), asked_of(from_, to, warm_up)
    one_of_stdin(file, labels)
    check_parquet(parquet)
    check_html(html)
    if with_text and html is None:
        raise UserError("--with-text: belongs to --html; no other file of a backtest holds text")
    make = partial(_asked, here, before, tried, name, lambda: labels_of(labels, here), with_text, topic is not None)
    if of_replies := is_of_replies(file, topic):
        refuse(scores=scores != RECOMPUTE, scored=scored, scored_by=scored_by, with_text=with_text)
        found, asked = _of_replies(here, file, given, make, baseline, folder, cut := Cut(), resumed, processes)
    else:
        reused = Reused(scores, scored, scored_by)
        found, asked = _of_comments(here, file, topic, given, reused, make, baseline, folder, cut := Cut(), resumed, processes)
    printed(shown(found), Console(stderr=True))
    if html is not None:
        write_report(out, html, asked.texts)
    if parquet is not None:
        write_parquet(out, parquet)
    return ended(cut, found.not_replayed, out, of_replies=of_replies)


def _of_comments(
    here: "Settings", file: str | None, topic: str | None, given: Any, reused: Reused, make: Any, baseline: Path | None, folder: Any,
    cut: Any, resumed: Any, processes: int | None,
) -> "tuple[Summary, Asked]":  # fmt: skip
    from streams.replay.backtest.playing import How
    from streams.replay.backtest.run import backtest as compared
    from streams.replay.sorting import RUN_ITEMS

    is_reused = reused.scores is not None
    with opened(here, file, topic, given, reused, resumed.position.ends or None if resumed else None) as input_:
        asked = make(reused)
        _check(baseline, asked)
        scorers = [one.settings.scorer for one in asked.rules.values()]
        how = How(
            processes=processes or min(processes_of(one, is_reused=is_reused) for one in scorers),
            worth=0 if processes else RUN_ITEMS,
            stages=partial(stages_of, is_reused=is_reused),
            resumed=resumed,
            ends=lambda: dict(input_.ends),
        )
        with folder, progress_of(input_, "both configurations", cut) as (lines, progress):
            return compared(asked, lines, input_, folder, progress, cut, how), asked


def _of_replies(
    here: "Settings", file: str | None, given: Any, make: Any, baseline: Path | None, folder: Any, cut: Any, resumed: Any,
    processes: int | None,
) -> "tuple[Summary, Asked]":  # fmt: skip
    from streams.replay.backtest.playing import How
    from streams.replay.backtest.run_of_replies import backtest_of_replies
    from streams.replay.replies.plan import check_addressing

    log = opened_log(here, file, given, resumed.position.ends if resumed else None)
    asked = make(None)
    _check_alike(asked)
    for one in asked.rules.values():
        check_addressing(one.settings, log.live)
    _check(baseline, asked)
    with folder, bar("both configurations") as progress, cut_by_ctrl_c(cut) as listen:
        listen()
        how = How(processes=processes_for(processes, log), resumed=resumed)
        return backtest_of_replies(asked, log, given, folder, progress, cut, how), asked


def _check_alike(asked: "Asked") -> None:
    """Raise UserError where the two configurations score or address differently: of ``replies`` neither can be changed."""
    first, second = (one.settings for one in asked.rules.values())
    for name, of_both in (("scorer", (first.scorer, second.scorer)), ("[address]", (first.address, second.address))):
        if of_both[0] != of_both[1]:
            raise UserError(
                f"the two configurations differ in {name}: replies holds what was scored and addressed live, and that cannot be changed "
                "from here; backtest --topic comments.raw instead"
            )


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
    here: "Settings", before: "Settings", tried: "Settings", name: str | None, labels: "Callable[[], list[Label]]", with_text: bool,
    is_topic: bool, reused: Reused | None,
) -> "Asked":  # fmt: skip
    """Return what is asked for. ``reused`` is None where everything was scored and addressed live."""
    from msgspec.structs import replace

    from streams.replay.backtest.played import Side
    from streams.replay.backtest.run import Asked, named
    from streams.replay.backtest.texts import Texts

    # One installation key for both: ids differ with it, and with nothing else that two files could say.
    before, tried = (muted(replace(each, kafka=here.kafka, data=here.data), is_topic=is_topic) for each in (before, tried))
    both = {Side.BASELINE: before, Side.CANDIDATE: tried}
    rules = _rules(both, reused)
    candidate, texts = rules[Side.CANDIDATE], Texts(here.retention) if with_text else None
    console = here.alertmanager.console_url
    return Asked(
        name=named(name, candidate), program=candidate.plan.program, rules=rules, labels=labels(), texts=texts, console=console
    )  # fmt: skip


def _rules(both: "Mapping[Side, Settings]", reused: Reused | None) -> "dict[Side, Rules]":
    from streams.replay.backtest.played import Rules
    from streams.replay.backtest.remembering import Remembering
    from streams.replay.plan import planned
    from streams.replay.replies.plan import run_of

    if reused is None:
        return {side: Rules(one, run_of(one)) for side, one in both.items()}
    scorers = {one.scorer: reused.scorer_of(one, "scorer") for one in both.values()}
    if reused.scores is None:
        scorers = {told: Remembering(scorer) for told, scorer in scorers.items()}
    return {side: Rules(one, planned(one, scorers[one.scorer])) for side, one in both.items()}


for command in (sweep, diff, show, verify):
    app.command()(command)
