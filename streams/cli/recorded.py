"""Recorded comments as commands take them: from a file or from a topic, with bars on a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.errors import UserError

if TYPE_CHECKING:
    from streams.scorers import Scorer
    from streams.settings import Settings

File = Annotated[
    str | None, typer.Option("--file", help="Comment records as JSON lines (.gz, .zst, - for standard input), or a recording.")
]
Topic = Annotated[str | None, typer.Option("--topic", help="comments.raw, read from the broker up to its end as it is now.")]
From = Annotated[str | None, typer.Option("--from", help="Of a topic or recording: arrived at this time or later (ISO 8601).")]
To = Annotated[str | None, typer.Option("--to", help="Of a topic or recording: arrived before this time (ISO 8601).")]


def opened(settings: "Settings", file: str | None, topic: str | None, start: str | None, end: str | None) -> Any:
    """Return what these options name, opened. Raises UserError for what they cannot mean."""
    from streams.replay.from_recording import open_file
    from streams.replay.from_topic import FromTopic

    if (file is None) == (topic is None):
        raise UserError("give either --file F or --topic comments.raw")
    first, last = period(start, end)
    return FromTopic(settings, topic or "", first, last) if file is None else open_file(file, first, last)


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


def scorer_of(name: str, told_by: str = "--scorer") -> "Scorer":
    """Return the scorer; UserError, which names who told it, where it cannot be opened."""
    from streams.scorers import ScorerUnavailable, open_scorer

    try:
        return open_scorer(name)
    except ScorerUnavailable as error:
        raise UserError(f"{told_by}: {error}") from error


@contextmanager
def progress_of(opened: Any, doing: str) -> Iterator[tuple[Iterator[Any], Callable[[int, int], None]]]:
    """Yield the input's lines and whom to tell of comments done; two bars, on a terminal only."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bars:
        reading = bars.add_task("reading", total=opened.size)
        working = bars.add_task(doing, total=None)

        def lines() -> Iterator[Any]:
            for number, line in enumerate(opened.comments()):
                if number % 1000 == 0:
                    bars.update(reading, completed=opened.read)
                yield line
            bars.update(reading, completed=opened.read)

        def done(count: int, of: int) -> None:
            if count % 100 == 0 or count == of:
                bars.update(working, completed=count, total=of)

        yield lines(), done
