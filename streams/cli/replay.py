"""``threadwatch replay``: recorded comments through the very stages that run live, without a broker."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.options import Config, Data, Kafka, Prefix, settings_of

if TYPE_CHECKING:
    from datetime import datetime

    from streams.replay.from_file import Run
    from streams.replay.summary import Summary
    from streams.settings import Settings

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def replay(
    out: Annotated[Path, typer.Option("--out", help="Folder for the results; a new or empty one.")],
    file: Annotated[str | None, typer.Option("--file", help="Comment records as JSON lines (.gz, .zst, - for standard input).")] = None,
    topic: Annotated[str | None, typer.Option("--topic", help="comments.raw, read from the broker up to its end as it is now.")] = None,
    from_: Annotated[str | None, typer.Option("--from", help="With --topic: arrived at this time or later (ISO 8601).")] = None,
    to: Annotated[str | None, typer.Option("--to", help="With --topic: arrived before this time (ISO 8601).")] = None,
    scorer: Annotated[str | None, typer.Option("--scorer", help="linear, or detoxify:original and its like.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the files of an earlier run in --out.")] = False,
    config: Config = None,
    kafka: Kafka = None,
    prefix: Prefix = None,
    data: Data = None,
) -> int:
    """Run recorded comments through the very stages that run live. The same input and settings give the same bytes.

    Writes scored, replies, pileons, alerts, dead-letters, late and targets (.jsonl) and, last, summary.json.
    """
    from streams.replay.folder import Folder
    from streams.replay.from_file import replay as replay_file

    settings = settings_of(config, kafka, prefix, data, scorer=scorer)
    folder = Folder(out, force)
    with _opened(settings, file, topic, from_, to) as opened:
        plan = _plan(settings)
        with folder, _progress(opened) as (lines, progress):
            found = replay_file(plan, lines, folder, progress, attested=opened.attested)
    print(_said(found, out), file=sys.stderr)
    return 0


def _opened(settings: "Settings", file: str | None, topic: str | None, start: str | None, end: str | None) -> Any:
    from streams.errors import UserError
    from streams.replay.from_topic import FromTopic
    from streams.replay.reading import Opened

    if (file is None) == (topic is None):
        raise UserError("give either --file F or --topic comments.raw")
    if file is not None:
        if start or end:
            raise UserError("--from and --to belong to --topic; a file is replayed whole")
        return Opened(file)
    return FromTopic(settings, topic or "", _time("--from", start), _time("--to", end))


def _time(option: str, text: str | None) -> "datetime | None":
    from datetime import UTC, datetime

    from streams.errors import UserError

    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise UserError(f"{option} {text!r}: write a time such as 2026-03-01T12:00:00Z") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _plan(settings: "Settings") -> "Run":
    from importlib.metadata import version

    from streams.pseudonyms import installation_key, pseudonym
    from streams.replay.from_file import Run
    from streams.replay.summary import configuration_hash
    from streams.settings import topology_config
    from streams.topology import topology

    scorer = _scorer(settings.scorer)
    key = installation_key(settings.data)
    config = topology_config(settings, key)
    stages = topology(scorer, config)
    matters = [*(config.of(stage.name) for stage in stages), config.alert, config.mutes, pseudonym(key, "configuration")]
    return Run(
        stages=stages,
        program=f"threadwatch {version('threadwatch')}",
        scorer=scorer.name,
        detector=_detector(stages),
        configuration=configuration_hash(scorer.name, matters),
        min_hostile_authors=config.pileon.min_hostile_authors,
    )


def _detector(stages: Sequence[Any]) -> str:
    return next(str(stage.detector.name) for stage in stages if stage.name == "pileon")


def _scorer(name: str) -> Any:
    from streams.errors import UserError
    from streams.scorers import ScorerUnavailable, open_scorer

    try:
        return open_scorer(name)
    except ScorerUnavailable as error:
        raise UserError(f"--scorer: {error}") from error


@contextmanager
def _progress(opened: Any) -> Iterator[tuple[Iterator[Any], Callable[[int, int], None]]]:
    """Yield the file's lines and whom to tell of comments done; two bars, on a terminal only."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal, transient=True) as bars:
        reading = bars.add_task("reading", total=opened.size)
        replaying = bars.add_task("replaying", total=None)

        def lines() -> Iterator[Any]:
            for number, line in enumerate(opened.comments()):
                if number % 1000 == 0:
                    bars.update(reading, completed=opened.read)
                yield line
            bars.update(reading, completed=opened.read)

        def done(count: int, of: int) -> None:
            if count % 100 == 0 or count == of:
                bars.update(replaying, completed=count, total=of)

        yield lines(), done


def _said(found: "Summary", out: Path) -> str:
    from streams.replay.summary import NOT_BELIEVED

    raw, pileons = found.raw, found.pileons
    lies = f"{found.notes[NOT_BELIEVED]} arrivals not believed; " if NOT_BELIEVED in found.notes else ""
    return (
        f"{raw['records']} lines: {raw['scored']} comments scored, {raw['deletes']} deletions, {raw['dead_lettered']} unreadable; "
        f"{found.replies['records']} replies, {found.replies['late']} of them late; "
        f"{pileons['opened']} pile-ons opened, {pileons['closed']} closed; {lies}results in {out}"
    )
