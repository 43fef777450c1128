"""``threadwatch redrive TOPIC``: dead letters back to where they came from."""

import asyncio
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from streams.cli.options import Config, Kafka, Prefix, settings_of

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def redrive(
    topic: Annotated[str, typer.Argument(help="The topic they came from, for example comments.raw.")],
    show: Annotated[bool, typer.Option("--list", help="Only list them: partition, offset, reason.")] = False,
    mend: Annotated[
        str | None, typer.Option("--mend", help="A command that gets the bytes on stdin and gives the mended ones on stdout.")
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Only those with this reason.")] = None,
    config: Config = None,
    kafka: Kafka = None,
    prefix: Prefix = None,
) -> int:
    """Try dead letters again, as they are or mended; what is readable now goes back, the rest is counted. Exit 1 if any is left."""
    settings = settings_of(config, kafka, prefix)
    from streams.kafka.connection import reached

    return asyncio.run(reached(settings, _redrive(settings, topic, show, _mender(mend), reason)))


async def _redrive(settings: Any, name: str, show: bool, mend: Callable[[bytes], bytes], reason: str | None) -> int:
    from streams.errors import UserError
    from streams.kafka.redrive import dead_letters
    from streams.kafka.redrive import redrive as send_back
    from streams.topics import RECORD_TOPICS

    topic = next((topic for topic in RECORD_TOPICS if topic.name == name), None)
    if topic is None:
        raise UserError(f"there is no topic {name!r}; there are {', '.join(topic.name for topic in RECORD_TOPICS)}")
    letters = [letter for letter in await dead_letters(settings, topic) if reason in (None, letter.headers.get("reason"))]
    if show:
        for letter in letters:
            print(f"{letter.partition}\t{letter.offset}\t{letter.headers.get('reason', '?')}\t{letter.headers.get('detail', '')[:120]}")
        return 0
    counts = await send_back(settings, topic, letters, lambda value: _readable(topic, mend(value)))
    print(f"{counts['sent back']} sent back to {name}, {counts['still unreadable']} still unreadable", file=sys.stderr)
    return 1 if counts["still unreadable"] else 0


def _readable(topic: Any, value: bytes) -> bytes | None:
    from streams.engine import decoder_of
    from streams.stages.decode import Unreadable

    try:
        decoder_of(topic)(value)
    except Unreadable:
        return None
    return value


def _mender(command: str | None) -> Callable[[bytes], bytes]:
    if command is None:
        return lambda value: value

    def mend(value: bytes) -> bytes:
        import shlex
        import subprocess

        from streams.errors import UserError

        try:
            return subprocess.run(shlex.split(command), input=value, capture_output=True, check=False, timeout=60).stdout
        except (OSError, ValueError) as error:
            raise UserError(f"--mend: cannot run {command!r}: {error}") from error

    return mend
