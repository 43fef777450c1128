"""``threadwatch replay``: recorded comments through the very stages that run live, without a broker."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.cli.options import Config, Data, settings_of

if TYPE_CHECKING:
    from streams.replay.from_file import Run
    from streams.replay.summary import Summary
    from streams.settings import Settings

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def replay(
    file: Annotated[str, typer.Option("--file", help="Comment records as JSON lines (.gz, .zst, - for standard input).")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the results; a new or empty one.")],
    scorer: Annotated[str | None, typer.Option("--scorer", help="linear, or detoxify:original and its like.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the files of an earlier run in --out.")] = False,
    config: Config = None,
    data: Data = None,
) -> int:
    """Run recorded comments through the very stages that run live. The same input and settings give the same bytes.

    Writes scored, replies, pileons, alerts, dead-letters, late and targets (.jsonl) and, last, summary.json.
    """
    from streams.replay.folder import Folder
    from streams.replay.from_file import replay as replay_file
    from streams.replay.reading import Opened

    settings = settings_of(config, None, None, data, scorer=scorer)
    folder = Folder(out, force)
    with Opened(file) as opened:
        plan = _plan(settings)
        with folder, _progress(opened) as (lines, progress):
            found = replay_file(plan, lines, folder, progress)
    print(_said(found, out), file=sys.stderr)
    return 0


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
    raw, pileons = found.raw, found.pileons
    return (
        f"{raw['records']} lines: {raw['scored']} comments scored, {raw['deletes']} deletions, {raw['dead_lettered']} unreadable; "
        f"{found.replies['records']} replies, {found.replies['late']} of them late; "
        f"{pileons['opened']} pile-ons opened, {pileons['closed']} closed; results in {out}"
    )
