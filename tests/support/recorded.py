"""Recordings made without a broker, from messages that are given."""

import io
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

import msgspec

from streams.engine import Message
from streams.replay.recording import Blocks, Header, assemble
from tests.support.builders import NOON

BROKERS = int(NOON.timestamp() * 1000)


def messages(topic: str, values: Iterable[bytes | None], partition: int = 0) -> list[Message]:
    """Return messages of one partition that the broker got a second apart from noon on, with a hole after each."""
    return [Message(topic, partition, 2 * n, BROKERS + 1000 * n, b"k", value) for n, value in enumerate(values)]


def write_recording(file: Path, topic: str, recorded: Sequence[Message], **fields: object) -> Path:
    """Write a recording of these messages, a partition after the other, and return it. Fields are the first line's."""
    body, out = io.BytesIO(), io.BytesIO()
    blocks = Blocks(body)
    for message in recorded:
        blocks.add(message)
    blocks.close()
    parts = tuple(blocks.part(number, 0, max(one.offset for one in some) + 1) for number, some in _parts(recorded))
    header = Header(topic=topic, partitions=parts, program="threadwatch 0.1.0")
    assemble(out, msgspec.structs.replace(header, **fields), blocks, body)
    file.write_bytes(out.getvalue())
    return file


def _parts(recorded: Sequence[Message]) -> list[tuple[int, list[Message]]]:
    return [(number, list(some)) for number, some in groupby(recorded, lambda one: one.partition)]
