"""What is known only when a replay has ended: who was piled on most, and a digest of all alerts. Sorted on disk where it is much."""

import hashlib
import struct
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from streams.records import Reply
from streams.replay.order import sorting
from streams.replay.sorting import Item, Sorter
from streams.stages.targets import Target, TargetSummary, soft_counts
from streams.topics import json_key

_NUMBER: Final = 8
"""Bytes of a reply's number behind its target, so that a target's replies stay in order."""
_MOST: Final = (1 << 64) - 1


class _Aimed(Struct, frozen=True):
    source: str
    community: str
    target_id: str


_AIMED: Final = msgspec.json.Decoder(_Aimed).decode
_REPLY: Final = msgspec.json.Decoder(Reply).decode


def target_lines(
    replies: Iterable[bytes], piled_on: Collection[Target], min_hostile_authors: int, room: Path, told: Counter[str]
) -> Iterator[bytes]:
    """Yield the lines of ``targets.jsonl``: who was piled on most is first. ``replies`` are lines, too; ``told`` counts every status."""
    by_target, worst_first = Sorter(room, "replies"), Sorter(room, "targets")
    for number, line in enumerate(replies):
        aimed = _AIMED(line)
        by_target.add(json_key(aimed.source, aimed.community, aimed.target_id) + number.to_bytes(_NUMBER, "big"), line)
    for _, some in groupby(by_target.sorted(), _target):
        for summary in soft_counts((_REPLY(line) for _, line in some), piled_on, min_hostile_authors):
            told[str(summary.status)] += 1
            worst_first.add(_worst_first(summary), msgspec.json.encode(summary))
    for _, line in worst_first.sorted():
        yield line


def _target(item: Item) -> bytes:
    return item[0][:-_NUMBER]


def _worst_first(summary: TargetSummary) -> bytes:
    """Return bytes that sort as ``soft_counts`` does: floats that are not negative sort as their bits do."""
    (soft,) = struct.unpack(">Q", struct.pack(">d", summary.hostile_authors + 0.0))
    numbers = struct.pack(">QQQ", _MOST - soft, _MOST - summary.surely_hostile_authors, _MOST - summary.replies)
    names = (summary.source, summary.community, summary.target_id)
    return numbers + b"".join(map(sorting, names))


def digest_of(lines: Iterable[bytes], room: Path) -> str:
    """Return the SHA-256 of lines, sorted: equal for two runs that decided alike."""
    digest, every = hashlib.sha256(), Sorter(room, "lines")
    for line in lines:
        every.add(line, b"")
    for line, _ in every.sorted():
        digest.update(line + b"\n")
    return digest.hexdigest()
