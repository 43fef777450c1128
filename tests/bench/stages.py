"""Microseconds a comment that each pure stage takes, on the sample and on real trees. The least of some rounds, a few comments at a time.

So small a piece is seldom interrupted: the figures can be compared on a machine that has other things to do.
"""

import argparse
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from streams import engine
from streams.engine import Effects, decoder_of
from streams.evaluation import trees
from streams.records import Comment
from streams.scorers import open_scorer
from streams.sources.sample import sample
from streams.stages.address import Address
from streams.stages.pileon import Config, PileOns
from streams.stages.score import Score
from streams.stages.step import Arrived, Stage
from streams.topics import COMMENTS_SCORED
from tests.bench.machine import machine

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
_PIECE = 50


def print_stages(comments: int, rounds: int, data: Path = trees.DATA) -> None:
    """Print a line per recording: microseconds per comment, stage by stage."""
    _print("sample", list(sample(NOON, comments)), rounds)
    if trees.missing(data):
        print(f"real trees: {data} is not there", flush=True)
        return
    real = list(islice(trees.comments(data), comments))
    _print("real trees", real, rounds)
    _print("without parents", trees.without_parents(real), rounds)


def _print(name: str, comments: Sequence[Comment], rounds: int) -> None:
    coming = [Arrived(comment, comment.ingested_at or comment.created_at) for comment in comments]
    took: dict[str, float] = {}
    for stage in (Score(open_scorer("linear")), Address(), PileOns(Config(), {}, {}, b"bench")):
        took[stage.name], coming = _through(stage, coming, rounds)
        if stage.name == "score":
            took["decode"] = _decode([msgspec.json.encode(one.record) for one in coming], rounds)
    each = ", ".join(f"{stage} {seconds / len(comments) * 1e6:.1f}" for stage, seconds in took.items())
    print(f"{name:<15} {len(comments):6,} comments, microseconds a comment: {each}", flush=True)


def _through(stage: Stage, arrived: list[Arrived], rounds: int) -> tuple[float, list[Arrived]]:
    """Return the seconds that a stage takes, state and encoding included, and what the next one gets."""
    spent: list[float] = []
    for _ in range(rounds):
        store, handed = stage.new_store(), list[Arrived]()
        seconds = [_folded(stage, part, store, handed) for part in _pieces(arrived)]
        spent = [min(pair) for pair in zip(spent or seconds, seconds, strict=True)]
    return sum(spent), handed


def _folded(stage: Stage, part: Sequence[Arrived], store: Any, handed: list[Arrived]) -> float:
    effects = Effects()
    seconds = _timed(lambda: engine.fold(stage, part, store, effects))
    handed.extend(Arrived(record, one.at) for one, step in zip(part, effects.steps, strict=True) for record in step.outputs)
    return seconds


def _decode(values: Sequence[bytes], rounds: int) -> float:
    read = decoder_of(COMMENTS_SCORED)
    return sum(min(_timed(partial(list, map(read, part))) for _ in range(rounds)) for part in _pieces(values))


def _timed(run: Callable[[], object]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def _pieces(every: Sequence[Any]) -> Iterable[Sequence[Any]]:
    return (every[start : start + _PIECE] for start in range(0, len(every), _PIECE))


def main() -> None:
    """Print the figures of the stages alone."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.stages", description=__doc__)
    parser.add_argument("--comments", type=int, default=4_000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    print(machine(), flush=True)
    print_stages(asked.comments, asked.rounds)


if __name__ == "__main__":
    main()
