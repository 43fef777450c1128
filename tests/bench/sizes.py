"""Bytes a comment that go to each topic and into the state of `address`, on the sample and on real trees: what disks are planned with."""

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Final

import msgspec
import zstandard

from streams import engine
from streams.engine import Effects
from streams.evaluation import trees
from streams.records import Comment
from streams.scorers import open_scorer
from streams.sources.sample import sample
from streams.stages.address import Address
from streams.stages.score import Score
from streams.stages.step import Arrived, Stage
from tests.bench.machine import machine

NOON: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
_BATCH: Final = 100
"""Records that are packed together, as a producer's batch is."""


def print_sizes(comments: int) -> None:
    """Print a line per recording."""
    _print("sample", list(sample(NOON, comments)))
    if trees.missing(trees.DATA):
        print(f"real trees: {trees.DATA} is not there", flush=True)
        return
    _print("real trees", list(islice(trees.comments(trees.DATA), comments)))


def _print(name: str, comments: Sequence[Comment]) -> None:
    coming = [Arrived(comment, comment.ingested_at or comment.created_at) for comment in comments]
    found = [_size("comments.raw", coming, len(comments))]
    for stage in (Score(open_scorer("linear")), Address()):
        coming, effects = _through(stage, coming)
        found.append(_size(stage.sink.name, coming, len(comments)) if stage.sink else "")
        if effects.entries:
            held = sum(len(key) + len(value or b"") for key, value in effects.entries.items())
            found.append(f"state.{stage.name} {held / len(effects.entries):.0f} an entry")
    print(f"{name:<11} {len(comments):6,} comments, bytes a comment (packed): {', '.join(found)}", flush=True)


def _through(stage: Stage, arrived: Sequence[Arrived]) -> tuple[list[Arrived], Effects]:
    effects = Effects()
    engine.fold(stage, arrived, stage.new_store(), effects)
    return [Arrived(record, one.at) for one, step in zip(arrived, effects.steps, strict=True) for record in step.outputs], effects


def _size(topic: str, written: Sequence[Arrived], comments: int) -> str:
    values = [msgspec.json.encode(one.record) for one in written]
    batches = (b"".join(values[start : start + _BATCH]) for start in range(0, len(values), _BATCH))
    packed = sum(len(zstandard.compress(batch)) for batch in batches)
    return f"{topic} {sum(map(len, values)) / comments:.0f} ({packed / comments:.0f})"


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.sizes", description=__doc__)
    parser.add_argument("--comments", type=int, default=4_000)
    asked = parser.parse_args()
    print(machine(), flush=True)
    print_sizes(asked.comments)


if __name__ == "__main__":
    main()
