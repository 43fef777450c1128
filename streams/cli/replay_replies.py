"""``threadwatch replay --topic replies``: what the detector followed live, through detector and alerts alone."""

import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from streams.replay.replies.logs import Known, Log, LogOfPeriod
    from streams.replay.replies.summary import Summary
    from streams.replay.taken import Asked
    from streams.replay.workers import Stages
    from streams.settings import Settings

REPLIES = "replies"
Processes = Annotated[
    int | None,
    typer.Option("--processes", min=1, max=16, help="Share the work (default: the cores, where it is much; 1 with a model)."),
]
_MOST = 8
"""Processes unless it is said: what merges their work is one."""


def processes_of(scorer: str, *, is_reused: bool) -> int:
    """Return how many processes share the work unless it is said: a model takes all cores by itself, and memory once per process."""
    return min(len(os.sched_getaffinity(0)), _MOST) if is_reused or scorer == "linear" else 1


def stages_of(settings: "Settings", scorer: str, *, is_reused: bool) -> "Stages":
    """Return what makes the stages before the detector in another process. ``scorer``: whose scores are reused."""
    from streams.replay.plan import stages_before

    return partial(stages_before, settings, scorer if is_reused else settings.scorer, is_reused=is_reused)


def is_of_replies(file: str | None, topic: str | None) -> bool:
    """Return whether these options name ``replies``, as a topic or as a recording of it. UserError where the file cannot be opened."""
    from streams.replay.replies.logs import is_replies

    return topic == REPLIES if file is None else topic is None and is_replies(file)


def opened_log(
    settings: "Settings", file: str | None, asked: "Asked", ends: "Mapping[int, int] | None" = None, known: "Known | None" = None
) -> "LogOfPeriod":
    """Return the log, opened. ``ends``: of a topic that is read again. UserError where it cannot be."""
    from streams.replay.replies.logs import open_recording, open_topic

    return open_topic(settings, asked, ends, known) if file is None else open_recording(file, asked)


def _known(settings: "Settings", file: str | None, asked: "Asked", *, is_usual: bool) -> "Known | None":
    """Return the snapshot to begin with: of a topic, where a period was asked for and no warm-up of a length of its own."""
    from streams.replay.replies.from_snapshot import known_before

    return known_before(settings, asked.start) if file is None and asked.start is not None and is_usual else None


def refuse(**given: Any) -> None:
    """Raise UserError for options that would change what stands in ``replies`` already."""
    for option, value in given.items():
        if value:
            raise UserError(
                f"--{option.replace('_', '-')}: {REPLIES} holds what was scored and addressed live, and that cannot be changed from here; "
                "replay --topic comments.raw instead"
            )


def processes_for(asked: int | None, log: "Log") -> int:
    """Return how many processes share the partitions."""
    return min(asked or min(len(os.sched_getaffinity(0)), _MOST), max(1, len(log.parts)))


def replay_replies(
    settings: "Settings", file: str | None, asked: "Asked", out: Path, *, is_usual: bool, processes: int | None, resume: bool, force: bool
) -> int:
    """Do what ``threadwatch replay`` says, from ``replies``. ``is_usual``: no length of the warm-up was asked for."""
    from streams.cli.recorded import bar, cut_by_ctrl_c, ended, muted
    from streams.replay.checkpoint import CHECKPOINT as OF_COMMENTS
    from streams.replay.folder import Folder
    from streams.replay.recorded import Cut
    from streams.replay.replies.checkpoint import CHECKPOINT, Checkpoint
    from streams.replay.replies.fold import WRITTEN
    from streams.replay.replies.plan import planned
    from streams.replay.replies.run import How, replay

    resumed = Checkpoint(out) if resume else None
    folder = Folder(out, force or resume, WRITTEN, partial=[CHECKPOINT, OF_COMMENTS])
    known = _known(settings, file, asked, is_usual=is_usual)
    log = opened_log(settings, file, asked, resumed.position.ends if resumed else None, known)
    how = How(processes_for(processes, log), resumed)
    with folder, bar("replaying") as progress, cut_by_ctrl_c(cut := Cut()) as listen:
        listen()
        found = replay(planned(muted(settings, is_topic=file is None), log.live), log, asked, folder, progress, cut, how)
    print(_said(found, out), file=sys.stderr)
    return ended(cut, found.not_replayed, out, of_replies=True)


def _said(found: "Summary", out: Path) -> str:
    from streams.replay.reach import Start, started

    replies, pileons = found.replies, found.pileons
    before = found.warm_up.replies["records"] if found.warm_up else 0
    start = f"{started(found.start, found.warm_up_days, before)}\n" if before or found.start != Start.BEGINNING else ""
    scorers = f" ({', '.join(found.scorers)})" if found.scorers else ""
    return (
        f"{start}{replies['records']} replies as they were scored{scorers} and addressed live: {replies['late']} late, "
        f"{replies['dead_lettered']} unreadable, {replies['ticks']} ticks; "
        f"{pileons['opened']} pile-ons opened, {pileons['closed']} closed; results in {out}"
    )
