"""Recorded comments as commands take them: from a file or from a topic, with bars on a terminal."""

import asyncio
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.errors import INTERRUPTED, UserError

if TYPE_CHECKING:
    from streams.replay.recorded import Cut
    from streams.replay.taken import Asked
    from streams.scorers import Scorer
    from streams.settings import Settings

File = Annotated[
    str | None, typer.Option("--file", help="Comment records as JSON lines (.gz, .zst, - for standard input), Parquet, or a recording.")
]
Topic = Annotated[
    str | None, typer.Option("--topic", help="comments.raw, or replies (as scored and addressed live), up to its end as it is now.")
]
From = Annotated[str | None, typer.Option("--from", help="Of a topic or recording: arrived at this time or later (ISO 8601).")]
To = Annotated[str | None, typer.Option("--to", help="Of a topic or recording: arrived before this time (ISO 8601).")]
Scores = Annotated[
    str, typer.Option("--scores", help="recompute: score every text again. reuse: take the scores that comments.scored holds.")
]
Scored = Annotated[
    str | None, typer.Option("--scored", help="With --scores reuse and a recording of comments.raw: one of comments.scored.")
]
ScoredBy = Annotated[
    str | None,
    typer.Option("--scored-by", help="With --scores reuse: NAME@VERSION whose scores to take, or any (default: the settings' scorer)."),
]
WarmUp = Annotated[
    float | None,
    typer.Option("--warm-up", metavar="DAYS", help="Before --from: what came then is known, and not shown (default 28; 0: nothing)."),
]
RECOMPUTE, REUSE = "recompute", "reuse"


class Reused:
    """What --scores, --scored and --scored-by ask for. ``scores`` is None where every text is scored again."""

    def __init__(self, scores: str, scored: str | None, scored_by: str | None) -> None:
        """Raise UserError for what they cannot mean."""
        from streams.replay.reuse import Scores

        if scores not in (RECOMPUTE, REUSE):
            raise UserError(f"--scores {scores!r}: write {RECOMPUTE} or {REUSE}")
        if scores == RECOMPUTE and (scored or scored_by):
            raise UserError(f"--scored and --scored-by belong to --scores {REUSE}")
        self.scores = Scores() if scores == REUSE else None
        self.beside, self._by = scored, scored_by

    def scorer_of(self, settings: "Settings", told_by: str) -> "Scorer":
        """Return the scorer of these settings, or what stands in its place; UserError where it cannot be opened."""
        if self.scores is None:
            return scorer_of(settings, told_by)
        return self.scores.by(self._by or scorer_of(settings, told_by).name)


def opened(
    settings: "Settings",
    file: str | None,
    topic: str | None,
    asked: "Asked",
    reused: Reused,
    ends: Mapping[int, int] | None = None,
) -> Any:
    """Return what these options name, opened. Raises UserError for what they cannot mean. ``ends``: of a topic that is read again."""
    from streams.replay.beside import Beside, scores_of_topic
    from streams.replay.from_topic import FromTopic

    if (file is None) == (topic is None):
        raise UserError("give either --file F or --topic comments.raw (or replies)")
    if file is not None:
        return _opened_file(file, asked, reused)
    found = FromTopic(settings, topic or "", asked, ends)
    if reused.beside:
        raise UserError("--scored belongs to a recording of comments.raw; with --topic the broker's comments.scored is read")
    return Beside(found, reused.scores, scores_of_topic(settings, asked)) if reused.scores else found


def _opened_file(file: str, asked: Any, reused: Reused) -> Any:
    from streams.replay.from_recording import open_file

    found = open_file(file, asked, reused.scores)
    try:
        return found if reused.scores is None else _with_scores(found, file, reused.scores, reused.beside)
    except UserError:
        found.__exit__()
        raise


def _with_scores(found: Any, file: str, scores: Any, beside: str | None) -> Any:
    from streams.replay.beside import Beside, scores_of_recording
    from streams.replay.from_recording import FromRecording, FromScored

    if isinstance(found, FromScored):
        if beside:
            raise UserError(f"{file} holds scores already: leave out --scored")
        return found
    if not isinstance(found, FromRecording):
        raise UserError(f"--scores {REUSE} needs --topic comments.raw or recordings; {file} is none (`threadwatch record` makes them)")
    if beside is None:
        raise UserError(f"--scores {REUSE}: {file} is a recording of comments.raw; name one of comments.scored with --scored")
    return Beside(found, scores, scores_of_recording(beside, "--scored"))


def muted(settings: "Settings", *, is_topic: bool) -> "Settings":
    """Return settings that hold what moderators muted in the console too, where a topic is read; a file knows nothing of it."""
    from streams.kafka.connection import reached
    from streams.kafka.mutes import with_mutes

    return asyncio.run(reached(settings, with_mutes(settings))) if is_topic else settings


def asked_of(start: str | None, end: str | None, warm_up: float | None) -> "Asked":
    """Return what --from, --to and --warm-up ask for. Raises UserError for what they cannot mean."""
    from streams.replay.reach import LONGEST, USUAL
    from streams.replay.taken import Asked

    first, last = period(start, end)
    if first is None:
        if warm_up is not None:
            raise UserError("--warm-up belongs to --from: without it all that there is is replayed")
        return Asked(end=last)
    if warm_up is None:
        return Asked(first, last, USUAL)
    if not 0 <= warm_up <= LONGEST.days:
        raise UserError(f"--warm-up {warm_up:g}: write days, 0 to {LONGEST.days}")
    return Asked(first, last, timedelta(days=warm_up))


def period(start: str | None, end: str | None) -> tuple[datetime | None, datetime | None]:
    """Return the times that --from and --to name. Raises UserError where nothing can have arrived between them."""
    first, last = _time("--from", start), _time("--to", end)
    if first and last and last <= first:
        raise UserError(f"--to {end} is not after --from {start}; nothing can have arrived between them")
    return first, last


def _time(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise UserError(f"{option} {text!r}: write a time such as 2026-03-01T12:00:00Z") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def scorer_of(settings: "Settings", told_by: str = "--scorer") -> "Scorer":
    """Return the scorer; UserError, which names who told it, where it cannot be opened."""
    from streams.scorers import ScorerUnavailable, open_scorer

    try:
        return open_scorer(settings.scorer, settings.scoring)
    except ScorerUnavailable as error:
        raise UserError(f"{told_by}: {error}") from error


@contextmanager
def bar(doing: str) -> Iterator[Callable[[int, int], None]]:
    """Yield whom to tell how much of how much is done; one bar, on a terminal only."""
    with bars() as begun:
        yield begun(doing)


@contextmanager
def bars() -> Iterator[Callable[[str], Callable[[int, int], None]]]:
    """Yield what begins a bar for what is being done, and returns whom to tell how much of how much is done; on a terminal only."""
    from rich.console import Console
    from rich.progress import Progress

    def begun(doing: str) -> Callable[[int, int], None]:
        task = shown.add_task(doing, total=None)
        return lambda done, of: shown.update(task, completed=done, total=of)

    console = Console(stderr=True)
    # What is written to stdout goes there, and not to where the bars are.
    with Progress(console=console, disable=not console.is_terminal, transient=True, redirect_stdout=False) as shown:
        yield begun


@contextmanager
def progress_of(opened: Any, doing: str, cut: "Cut | None" = None) -> Iterator[tuple[Iterator[Any], Callable[[int, int], None]]]:
    """Yield the input's lines and whom to tell of comments done; two bars, on a terminal only.

    Once all lines are read, the first Ctrl-C asks for the cut, and the second ends everything: before that, and without a cut, there is no
    part of a result.
    """
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bars, cut_by_ctrl_c(cut) as listen:
        reading = bars.add_task("reading", total=opened.size)
        working = bars.add_task(doing, total=None)

        def lines() -> Iterator[Any]:
            for number, line in enumerate(opened.comments()):
                if number % 1000 == 0:
                    bars.update(reading, completed=opened.read, total=opened.size)
                yield line
            bars.update(reading, completed=opened.read)
            listen()

        def done(count: int, of: int) -> None:
            if count % 100 == 0 or count == of:
                bars.update(working, completed=count, total=of)

        yield lines(), done


@contextmanager
def cut_by_ctrl_c(cut: "Cut | None") -> Iterator[Callable[[], None]]:
    """Give what makes Ctrl-C ask for the cut; a second one is what it was."""
    before = signal.getsignal(signal.SIGINT)
    if cut is None:
        yield lambda: None
        return

    def asked(*_: object) -> None:
        cut.is_asked = True
        signal.signal(signal.SIGINT, before)

    try:
        yield lambda: None if threading.current_thread() is not threading.main_thread() else _listen(asked)
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, before)


def _listen(asked: Callable[..., None]) -> None:
    signal.signal(signal.SIGINT, asked)


def ended(cut: "Cut", not_replayed: int, out: Path, *, of_replies: bool = False) -> int:
    """Return the exit code of a run, and say so where its results are partial. ``of_replies``: some offsets may hold none."""
    if not not_replayed:
        return 0
    taken = f"{cut.reached} of {cut.reached + not_replayed} comments"
    if of_replies:
        taken = f"{cut.reached} messages, at most {not_replayed} are left"
    print(f"threadwatch: interrupted after {taken}: the results in {out} are partial (summary.json: complete is false)", file=sys.stderr)
    return INTERRUPTED
