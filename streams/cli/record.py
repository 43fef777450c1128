"""``threadwatch record TOPIC``: what a topic holds into one file that can be replayed anywhere."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from streams.cli.options import Config, Data, Kafka, Prefix, settings_of
from streams.cli.recorded import bar, period

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def record(
    topic: Annotated[str, typer.Argument(help="comments.raw, comments.scored, replies or pileons.")],
    out: Annotated[Path, typer.Option("--out", help="The file to write; one that is not there yet.")],
    from_: Annotated[str | None, typer.Option("--from", help="Arrived at this time or later (ISO 8601).")] = None,
    to: Annotated[str | None, typer.Option("--to", help="Arrived before this time (ISO 8601).")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
    config: Config = None,
    kafka: Kafka = None,
    prefix: Prefix = None,
    data: Data = None,
) -> int:
    """Write a topic, up to its end as it is now, to one packed and checksummed file. It joins no group and commits nothing.

    Messages stand there byte for byte, also those that cannot be read: the file holds text (docs/privacy.md).
    """
    from streams.replay.record import record as recorded
    from streams.replay.taken import Asked

    asked = Asked(*period(from_, to))
    with bar("recording") as progress:
        told = recorded(settings_of(config, kafka, prefix, data), topic, out, asked, force, progress)
    print(f"{told.messages} messages of {topic} in {out} ({told.size / 1e6:.1f} MB)", file=sys.stderr)
    return 0
