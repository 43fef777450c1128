"""``threadwatch redrive TOPIC``: dead letters back to where they came from."""

import asyncio
import sys
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Final

import typer

from streams.cli.options import Config, Kafka, Prefix, settings_of

MEND_WITHIN: Final = 60.0
"""Seconds for one letter."""
app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def redrive(
    topic: Annotated[str, typer.Argument(help="The topic they came from, for example comments.raw.")],
    show: Annotated[bool, typer.Option("--list", help="Only list them: partition, offset, reason.")] = False,
    mend: Annotated[
        str | None, typer.Option("--mend", help="A command that gets the bytes on stdin and gives the mended ones on stdout.")
    ] = None,
    reason: Annotated[str | None, typer.Option("--reason", help="Only those with this reason.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Also those that were sent back before.")] = False,
    config: Config = None,
    kafka: Kafka = None,
    prefix: Prefix = None,
) -> int:
    """Try dead letters again, as they are or mended; what is readable now goes back, once, the rest is counted. Exit 1 if any is left.

    Nothing is sent, and the exit code is 1, where the command of --mend fails for one of them: --reason picks those it is for.
    """
    settings = settings_of(config, kafka, prefix)
    from streams.kafka.connection import reached

    return asyncio.run(reached(settings, _redrive(settings, topic, show, _mender(mend), reason, again)))


async def _redrive(settings: Any, name: str, show: bool, mend: Callable[[bytes], bytes], reason: str | None, again: bool) -> int:
    from streams.errors import UserError
    from streams.kafka.redrive import dead_letters
    from streams.topics import RECORD_TOPICS

    topic = next((topic for topic in RECORD_TOPICS if topic.name == name), None)
    if topic is None:
        raise UserError(f"there is no topic {name!r}; there are {', '.join(topic.name for topic in RECORD_TOPICS)}")
    letters = [letter for letter in await dead_letters(settings, topic) if reason in (None, letter.headers.get("reason"))]
    if show:
        for letter in letters:
            print(f"{letter.partition}\t{letter.offset}\t{letter.headers.get('reason', '?')}\t{letter.headers.get('detail', '')[:120]}")
        return 0
    return await _sent_back(settings, topic, letters, mend, again)


async def _sent_back(settings: Any, topic: Any, letters: list[Any], mend: Callable[[bytes], bytes], again: bool) -> int:
    from streams.kafka.redrive import send_back, sent_back_before

    before = set() if again else await sent_back_before(settings, topic, letters)
    new = [letter for letter in letters if letter.name not in before]
    try:
        # All of them before the first is sent: a command that fails in the middle has sent nothing.
        mended = [(letter, value) for letter in new if (value := _mended(topic, letter, mend))]
    except MendFailed as failed:
        print(f"threadwatch: {failed}; nothing was sent back", file=sys.stderr)
        return 1
    sent, left = await send_back(settings, topic, mended), len(new) - len(mended)
    known = f"{len(letters) - len(new)} were sent back before, " if len(new) < len(letters) else ""
    print(f"{sent} sent back to {topic.name}, {known}{left} still unreadable", file=sys.stderr)
    return 1 if left else 0


class MendFailed(Exception):
    """The command of ``--mend`` failed; the message says how, without a word of what it was given."""


def _mended(topic: Any, letter: Any, mend: Callable[[bytes], bytes]) -> bytes | None:
    from streams.kafka.redrive import is_readable

    try:
        value = mend(letter.value) if letter.value else None
    except MendFailed as failed:
        raise MendFailed(f"{failed} for the letter at {letter.partition}:{letter.offset}") from failed
    return value if value is not None and is_readable(topic, value) else None


def _mender(command: str | None) -> Callable[[bytes], bytes]:
    return (lambda value: value) if command is None else partial(_mend, command)


def _mend(command: str, value: bytes) -> bytes:
    import shlex
    import subprocess

    from streams.errors import UserError

    try:
        done = subprocess.run(shlex.split(command), input=value, capture_output=True, check=False, timeout=MEND_WITHIN)
    except subprocess.TimeoutExpired as error:
        raise MendFailed(f"--mend: {command!r} did not end within {MEND_WITHIN:g} s") from error
    except (OSError, ValueError) as error:
        raise UserError(f"--mend: cannot run {command!r}: {error}") from error
    if done.returncode:
        raise MendFailed(f"--mend: {command!r} ended with {done.returncode}")
    return done.stdout
