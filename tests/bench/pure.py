"""The pure stages and the scorer, one thread, CPU time; and what a target costs in memory: ``python -m tests.bench.pure``."""

import argparse
import gc
import multiprocessing
import resource
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random

import msgspec

from streams import engine
from streams.engine import Effects
from streams.records import LinkKind, Reply
from streams.scorers import open_scorer
from streams.scorers.disguises import undisguised
from streams.sources.sample import sample
from streams.stages.address import Address
from streams.stages.pileon import Config, Following, PileOns, Which
from streams.stages.score import Score
from streams.stages.step import Arrived
from tests.bench.machine import machine
from tests.evaluation import twin

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
_BATCH = 500


def main() -> None:
    """Print all that this part of ``make bench`` prints."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.pure", description=__doc__)
    parser.add_argument("--targets", type=int, default=100_000)
    asked = parser.parse_args()
    print(machine(), flush=True)
    print_pure(asked.targets)


def print_pure(targets: int) -> None:
    """Print comments or replies a second per stage, and bytes per target."""
    arrived = [Arrived(comment, NOON) for comment in sample(NOON, 10_000)]
    _print_normaliser([comment.record.text or "" for comment in arrived])
    scored = _timed("score (linear)", Score(open_scorer("linear")), arrived)
    replies = _timed("address", Address(), [Arrived(record, NOON) for record in scored.outputs])
    for which in Which:
        arrived = [Arrived(record, NOON) for record in replies.outputs]
        _timed(f"pileon, {which}", _pileons(which), arrived)
        _timed(f"in a replay, {which}", Following(Config(), {}, {}, b"bench", which), arrived)
    # In processes of their own: what was measured before leaves room behind, in which half of it would be hidden.
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), max_tasks_per_child=1) as pool:
        for which in Which:
            pool.submit(_print_memory, which, targets).result()


def _print_normaliser(said: list[str]) -> None:
    """Print comments a second through the normaliser alone: as people write them, and each in a mix of disguises."""
    hidden = [twin.twin(twin.MIXED, text, (), ()) for text in said]
    for name, texts in (("as written", said), ("in disguise", hidden)):
        spent = min(_seconds(texts) for _ in range(3))
        print(f"normaliser, {name:<12} {len(texts) / spent:9,.0f} comments a CPU second", flush=True)


def _seconds(texts: list[str]) -> float:
    began = time.process_time()
    for text in texts:
        undisguised(text)
    return time.process_time() - began


def _pileons(which: Which) -> PileOns:
    return PileOns(Config(), {}, {}, b"bench", which)


def _timed(name: str, stage: object, arrived: list[Arrived]) -> Effects:
    store, total, spent = stage.new_store(), Effects(), 0.0  # type: ignore[attr-defined]
    for start in range(0, len(arrived), _BATCH):
        began = time.process_time()
        effects = Effects()
        engine.fold(stage, arrived[start : start + _BATCH], store, effects)  # type: ignore[arg-type]
        spent += time.process_time() - began
        total.outputs.extend(effects.outputs)
    print(f"stage {name:<19} {len(arrived) / spent:9,.0f} records a CPU second, encoding included", flush=True)
    return total


def _print_memory(which: Which, targets: int) -> None:
    """Fold a few replies to each of so many people, and compare the process before and after."""
    stage = _pileons(which)
    gc.collect()
    before, store, entries = _resident(), stage.new_store(), 0
    arriving = _replies(targets)
    while arrived := list(islice(arriving, _BATCH)):
        effects = Effects()
        engine.fold(stage, arrived, store, effects)
        entries += sum(len(value or b"") for value in effects.entries.values())
        del effects
    gc.collect()
    used = max(0, _resident() - before)
    held = [len(key) + len(msgspec.json.encode(store.get(key))) for key in islice(store, 0, None, 20)]
    print(
        f"memory, {which}: {used / targets:,.0f} B resident a target over {targets:,} targets, "
        f"{sum(held) / len(held):,.0f} B a record of the state topic, key included, "
        f"{entries / targets:,.0f} B of state entries written a target in all",
        flush=True,
    )


def _replies(targets: int) -> Iterator[Arrived]:
    """4.6 replies a person on average, 8 % of them hostile, all within the hour."""
    chance = Random(20260301)
    for number in range(int(targets * 4.6)):
        at = NOON + timedelta(milliseconds=7 * number)
        yield Arrived(Reply(
            source="bench", community="c", target_id=f"person-{chance.randrange(targets)}", author_id=f"author-{chance.randrange(targets)}",
            comment_id=f"comment-{number}", conversation_id=f"conversation-{number % 5000}", toxicity=0.1,
            hostility=0.8 if chance.random() < 0.08 else 0.1, kind=LinkKind.PARENT, confidence=1.0, created_at=at, ingested_at=at,
        ), at)  # fmt: skip


def _resident() -> int:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except FileNotFoundError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
