"""``python -m tests.bench.esr``: replies a second through the pure e-SR detector, one by one and in batches; bytes a target.

What is measured begins with numbers (row, keyed hashes, times, x) and ends with findings; records, keys and encoding are not in it.
"""

import argparse
import gc
import gzip
import time
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from streams.evaluation.compare import halves
from streams.evaluation.scenario import Plan
from streams.records import Tick
from streams.stages.esr.columns import Batch, Columns, fold
from streams.stages.esr.config import Config, Levels, rule
from streams.stages.esr.detector import DAY, Exposure, Target, step
from streams.stages.esr.entry import entry
from streams.stages.instants import micros
from streams.stages.ledger import Target as Entries
from streams.stages.pileon import Config as PileOnConfig
from streams.stages.pileon import PileOns, Which
from tests.bench.detectors import replies
from tests.bench.machine import machine
from tests.bench.pure import _resident

RULE = rule(Config(), Levels(rate=5_000.0, share=100.0, diluted=5_000.0, surge=500.0))
START = 20_500 * DAY
_Replies = tuple[Any, ...]
BATCHES = (500, 5_000, 20_000)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.esr", description=__doc__)
    parser.add_argument("--replies", type=int, default=300_000)
    parser.add_argument("--targets", type=int, default=100_000, help="how many people memory is measured with")
    parser.add_argument(
        "--site", type=int, default=1_000, help="people of the simulated site whose records are weighed; every other one is"
    )
    asked = parser.parse_args()
    print(machine(), flush=True)
    print_esr(asked.replies, asked.targets)
    _print_site(asked.site)


def print_esr(replies: int, targets: int) -> None:
    """Print replies a CPU second and bytes a target."""
    _print_speed(replies)
    _print_memory(targets)


def _print_site(targets: int) -> None:
    """Print what the worker writes of the people of the simulated site of ``make eval``: bytes a record, every fourth day."""
    _, them = halves(Plan(targets=targets))
    stage, days, told = PileOns(PileOnConfig(), {}, {}, b"bench", Which.ESR), 0, 0
    store = stage.new_store()
    for record in replies(them):
        for key, entry_now in stage.detector.step(store, record).entries:
            store.apply(key, entry_now)
        if isinstance(record, Tick) and micros(record.at) // DAY > told:
            days, told = days + 1, micros(record.at) // DAY
            if days % 4 == 0:
                _print_written(f"site, day {days:2}", [one for key in store if (one := store.get(key)).change is None])


def _print_written(when: str, entries: Sequence[Entries]) -> None:
    if entries:
        values = [msgspec.json.encode(one) for one in entries]
        size, zipped = (sum(map(len, each)) / len(entries) for each in (values, map(gzip.compress, values)))
        evidence = sum(len(msgspec.json.encode(one.esr)) for one in entries) / len(entries)
        kept = sum(one.size for one in entries) / len(entries)
        print(
            f"{when}: {size:6,.0f} B a record of the state topic ({zipped:,.0f} gzipped) over {len(entries):,} people, "
            f"{evidence:,.0f} B of it evidence, "
            f"the rest {kept:.1f} replies that can still matter",
            flush=True,
        )


def _replies(count: int, targets: int, seed: int = 3) -> _Replies:
    """Rows, times, authors, comments, x, conversations, new accounts: 8 % hostile, a power law of targets, three days."""
    chance = np.random.default_rng(seed)
    slots = (targets * chance.random(count) ** 3).astype(np.int64)
    at = np.sort(START + (chance.random(count) * 3 * DAY).astype(np.int64))
    author, comment = chance.integers(1 << 62, size=(2, count))
    x = np.round(np.where(chance.random(count) < 0.08, chance.beta(6.0, 2.1, count), chance.beta(1.1, 12.5, count)), 4)
    return slots, at, author, comment, x, slots * 1_009 + (at // (DAY // 4)) % 5, chance.random(count) < 0.1


def _print_speed(count: int) -> None:
    for name, targets in (("20,000 targets, power law", 20_000), ("2,000 targets, power law", 2_000), ("one target", 1)):
        columns = _replies(count, targets)
        print(f"{name}: one by one {count / _scalar(columns):11,.0f} replies a CPU second", flush=True)
        for size in BATCHES:
            print(f"{name}: batches of {size:6,} {count / _batched(columns, size):9,.0f} replies a CPU second", flush=True)


def _scalar(columns: _Replies) -> float:
    rows = [(slot, Exposure(*said)) for slot, *said in zip(*(column.tolist() for column in columns), strict=True)]
    targets: dict[int, Target] = {}
    began = time.process_time()
    for slot, reply in rows:
        target = targets.get(slot)
        if target is None:
            target = targets[slot] = Target(reply.at)
        step(RULE, target, reply)
    return time.process_time() - began


def _batched(columns: _Replies, size: int) -> float:
    slots, at, *others = columns
    store = Columns()
    began = time.process_time()
    for start in range(0, len(slots), size):
        part = slice(start, start + size)
        rows = np.array(
            [store.slot(RULE, slot, when) for slot, when in zip(map(str, slots[part].tolist()), at[part].tolist(), strict=True)]
        )
        fold(RULE, store, _batch(rows, at[part], *(column[part] for column in others)))
    return time.process_time() - began


def _batch(slots: Any, at: Any, author: Any, comment: Any, x: Any, conversation: Any, is_new: Any) -> Batch:
    return Batch(slots=slots, at=at, author=author, comment=comment, x=x, conversation=conversation, is_new=is_new)


def _print_memory(targets: int) -> None:
    """4.6 replies a person on three days, folded into columns and into a dict of targets."""
    columns = _replies(int(4.6 * targets), targets, seed=4)
    slots, at, *others = columns
    gc.collect()
    before, store = _resident(), Columns()
    for start in range(0, len(slots), 50_000):
        part = slice(start, start + 50_000)
        keys = [f'["source","community","person-{slot}"]' for slot in slots[part].tolist()]
        rows = np.array([store.slot(RULE, key, when) for key, when in zip(keys, at[part].tolist(), strict=True)])
        fold(RULE, store, _batch(rows, at[part], *(column[part] for column in others)))
    gc.collect()
    used, held = _resident() - before, len(store)
    written = sum(len(msgspec.msgpack.encode(entry(store.load(slot)))) for slot in range(0, held, 10)) / len(range(0, held, 10))
    print(
        f"memory: {used / held:,.0f} B resident a target over {held:,} targets ({used / held / 1e3:,.2f} GB a million), "
        f"{written:,.0f} B written a target",
        flush=True,
    )


if __name__ == "__main__":
    main()
