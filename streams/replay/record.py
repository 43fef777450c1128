"""``threadwatch record``: a topic, up to its end as it is now, into one file. In no group, committing nothing."""

import asyncio
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any, Final

from msgspec import UNSET, Struct

from streams.errors import UserError
from streams.kafka.connection import reached
from streams.kafka.read import Bounded, bounded
from streams.replay.aside import unfinished
from streams.replay.held import held_by_topic, nothing_in
from streams.replay.recording import Blocks, Header, assemble
from streams.replay.replies.as_live import as_live
from streams.replay.taken import Asked, arrival_in
from streams.settings import Settings
from streams.topics import COMMENTS_RAW, COMMENTS_SCORED, PILEONS, REPLIES

RECORDED: Final = (COMMENTS_RAW.name, COMMENTS_SCORED.name, REPLIES.name, PILEONS.name)
_COMMENTS: Final = (COMMENTS_RAW.name, COMMENTS_SCORED.name)
Progress = Callable[[int, int], None]
"""Told how many offsets of how many are read."""


class Told(Struct, frozen=True):
    """What was recorded: messages, and bytes of the file."""

    messages: int
    size: int


def record(settings: Settings, topic: str, out: Path, asked: Asked, force: bool, progress: Progress) -> Told:
    """Write what a topic got in a period to a file, which only its owner can read, and return what it holds.

    Raises UserError for a topic that is not recorded, a period in which it got nothing, a file that is there already (unless ``force``), or
    cannot be written. The file is there when it is whole.
    """
    if topic not in RECORDED:
        raise UserError(f"record {topic}: there is nothing to record but {', '.join(RECORDED)}")
    _check_free(out, force)
    with _written(out, force) as (file, body):
        return asyncio.run(reached(settings, _recorded(settings, topic, asked, file, body, progress)))


async def _recorded(settings: Settings, topic: str, asked: Asked, file: IO[bytes], body: IO[bytes], progress: Progress) -> Told:
    until = None if topic in _COMMENTS else asked.end
    since = asked.since if topic in _COMMENTS else asked.start
    async with bounded(settings, topic, since=since, until=until) as reading:
        blocks = Blocks(body)
        await _take(reading, blocks, topic, asked, progress)
    if not blocks.count and (topic != PILEONS.name or asked != Asked()):  # without a period: that nothing ever fired is worth recording
        raise nothing_in(asked, await held_by_topic(settings, topic))
    blocks.close()
    parts = tuple(blocks.part(number, bound.first, bound.end) for number, bound in sorted(reading.bounds.items()))
    program = f"threadwatch {version('threadwatch')}"
    live = await as_live(settings) if topic == REPLIES.name else UNSET
    header = Header(topic=topic, start=asked.start, end=asked.end, partitions=parts, program=program, live=live)
    last = assemble(file, header, blocks, body)
    return Told(last.messages, file.tell())


async def _take(reading: Bounded, blocks: Blocks, topic: str, asked: Asked, progress: Progress) -> None:
    arrived, is_all = arrival_in(topic), asked == Asked()
    async for batch in reading.in_order():
        for message in batch:
            if is_all or asked.holds(arrived(message)):
                blocks.add(message)
        progress(reading.passed(batch[-1].partition, batch[-1].offset), reading.size)


def _check_free(out: Path, force: bool) -> None:
    if out.is_dir():
        raise UserError(f"--out: {out} is a folder; name a file")
    if out.exists() and not force:
        raise UserError(f"--out: {out} is there already; name another file, or add --force to replace it")


@contextmanager
def _written(out: Path, force: bool) -> Iterator[tuple[Any, Any]]:
    """Give two files beside ``out``: the first becomes it when all went well; neither is left, nor is what a killed run left."""
    try:
        with unfinished(out) as (aside, file), tempfile.TemporaryFile(dir=out.parent) as body:
            yield file, body
            file.flush()
            os.fsync(file.fileno())
            _check_free(out, force)
            aside.replace(out)
    except (TimeoutError, ConnectionError):  # the broker's
        raise
    except OSError as error:
        raise UserError(f"--out: {out} cannot be written ({error.strerror or error})") from error
