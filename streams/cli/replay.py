"""``threadwatch replay``: recorded comments through the very stages that run live, without a broker."""

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streams.cli.options import Config, Data, Kafka, Prefix, settings_of
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
    muted,
    opened,
    progress_of,
)
from streams.cli.replay_replies import Processes, is_of_replies, processes_of, refuse, replay_replies

if TYPE_CHECKING:
    from streams.replay.summary import Summary

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def replay(
    out: Annotated[Path, typer.Option("--out", help="Folder for the results; a new or empty one.")],
    file: File = None,
    topic: Topic = None,
    from_: From = None,
    to: To = None,
    warm_up: WarmUp = None,
    scores: Scores = RECOMPUTE,
    scored: Scored = None,
    scored_by: ScoredBy = None,
    scorer: Annotated[str | None, typer.Option("--scorer", help="linear, compact, or detoxify:original and its like.")] = None,
    processes: Processes = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on where a run into --out was stopped by Ctrl-C.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the files of an earlier run in --out.")] = False,
    config: Config = None,
    kafka: Kafka = None,
    prefix: Prefix = None,
    data: Data = None,
) -> int:
    """Run recorded comments through the very stages that run live. The same input and settings give the same bytes.

    Writes scored, replies, pileons, alerts, dead-letters, late and targets (.jsonl) and, last, summary.json. From replies what was scored
    and addressed live goes through detector and alerts alone: pileons, alerts, dead-letters and late.
    """
    from streams.replay.checkpoint import CHECKPOINT, Checkpoint
    from streams.replay.folder import Folder
    from streams.replay.from_file import How
    from streams.replay.from_file import replay as replay_file
    from streams.replay.plan import planned, stages_before
    from streams.replay.recorded import Cut
    from streams.replay.sorting import RUN_ITEMS

    settings = settings_of(config, kafka, prefix, data, scorer=scorer)
    asked = asked_of(from_, to, warm_up)
    if is_of_replies(file, topic):
        refuse(scorer=scorer, scores=scores != RECOMPUTE, scored=scored, scored_by=scored_by)
        return replay_replies(settings, file, asked, out, is_usual=warm_up is None, processes=processes, resume=resume, force=force)
    resumed = Checkpoint(out) if resume else None
    folder = Folder(out, force or resume, partial=[CHECKPOINT])
    reused = Reused(scores, scored, scored_by)
    with opened(settings, file, topic, asked, reused, resumed.ends if resumed else None) as input_:
        plan = planned(muted(settings, is_topic=topic is not None), reused.scorer_of(settings, "--scorer"))
        if resumed:
            resumed.check(plan.program, plan.configuration)
        how = How(
            worth=0 if processes else RUN_ITEMS,
            processes=processes or processes_of(settings.scorer, is_reused=reused.scores is not None),
            stages=partial(stages_before, settings, plan.scorer if reused.scores else settings.scorer, is_reused=reused.scores is not None),
            resumed=resumed,
            ends=lambda: dict(input_.ends),
        )
        with folder, progress_of(input_, "replaying", cut := Cut()) as (lines, progress):
            found = replay_file(plan, lines, folder, progress, attested=input_.attested, reach=input_.reach, cut=cut, how=how)
    print(_said(found, out), file=sys.stderr)
    return ended(cut, found.not_replayed, out)


def _said(found: "Summary", out: Path) -> str:
    from streams.replay.reach import Start, started
    from streams.replay.summary import NOT_BELIEVED

    raw, pileons = found.raw, found.pileons
    lies = f"{found.notes[NOT_BELIEVED]} arrivals not believed; " if NOT_BELIEVED in found.notes else ""
    before = found.warm_up.raw["records"] if found.warm_up else 0
    start = f"{started(found.start, found.warm_up_days, before)}\n" if before or found.start != Start.BEGINNING else ""
    return (
        f"{start}{raw['records']} lines: {raw['scored']} comments scored, {raw['deletes']} deletions, {raw['dead_lettered']} unreadable; "
        f"{found.replies['records']} replies, {found.replies['late']} of them late; "
        f"{pileons['opened']} pile-ons opened, {pileons['closed']} closed; {lies}results in {out}{_watched(found.targets['watch'], out)}"
    )


def _watched(people: int, out: Path) -> str:
    if not people:
        return ""
    whom = "1 person is" if people == 1 else f"{people} people are"
    return f"\n{whom} watched, without a pile-on: {out / 'targets.jsonl'} says whom and why"
