"""A cascade beside its expensive scorer alone: comments a second, interleaved, and what is lost, on rows that nothing was learned from.

``python -m tests.bench.cascade [--rounds N]``. One row in ten is toxic, as on sites that nobody rakes. Bounds of linear and compact
as shipped; those of a small BERT, trained here, found on one half of the rows and measured on the other.
"""

import argparse
import hashlib
import sys
import time
from collections.abc import Mapping, Sequence
from itertools import chain
from statistics import median
from typing import Final

import msgspec
import numpy as np

from streams.scorers import Scorer, ScorerUnavailable
from streams.scorers.bounds import Bounds, Kept, Loss, Scored, fitted, halves, kept
from streams.scorers.cascade import SHIPPED, Cascade
from streams.scorers.compact import Compact
from streams.scorers.linear import Linear
from streams.scorers.training.datasets import Row
from streams.scorers.training.split import split
from tests.bench.machine import machine
from tests.support.finetuned import DATA, KEPT

_TOXIC: Final = 0.5
_SHARE: Final = 0.1
"""Of the rows, so many are toxic: what is more of them is left out."""
_TIMED: Final = 600
"""Rows a round."""


def print_cascades(rounds: int) -> None:
    """Print both cascades; nothing where the labelled sets are not there."""
    if not DATA.is_dir():
        print("cascade: not measured, ../shared/datasets is not there", flush=True)
        return
    rows = one_in_ten(split(DATA).measure)
    _print_compact(rows, rounds)
    _print_trained(rows)


def one_in_ten(sets: Mapping[str, Sequence[Row]]) -> dict[str, bool]:
    """Return text → whether it is toxic, of all calm rows and of as many toxic ones as make a tenth, chosen by digest."""
    told = {row.text: row.target >= _TOXIC for row in chain.from_iterable(sets.values()) if row.text.strip()}
    order = sorted(told, key=lambda text: hashlib.blake2b(text.encode("utf-8", "replace")).digest())
    calm = sum(not toxic for toxic in told.values())
    left = int(calm * _SHARE / (1 - _SHARE))
    chosen = [text for text in order if told[text]][:left]
    kept_of = {*chosen, *(text for text in order if not told[text])}
    return {text: told[text] for text in order if text in kept_of}


def _print_compact(rows: Mapping[str, bool], rounds: int) -> None:
    try:
        cheap, expensive = Linear.shipped(), Compact.shipped()
    except ScorerUnavailable as error:
        print(f"cascade: {error}", file=sys.stderr)
        return
    bounds = msgspec.json.decode((SHIPPED / "cascade-linear+compact.json").read_bytes(), type=Bounds)
    found = kept(_scored(rows, cheap, expensive), bounds)
    ratio, rate = _ratio(list(rows), expensive, Cascade(cheap, expensive, bounds), rounds)
    _print(bounds, found, f"{ratio:4.2f} × compact alone ({rate:,.0f} comments a CPU second)")


def _print_trained(rows: Mapping[str, bool]) -> None:
    try:
        from streams.scorers.detoxify import open_detoxify
        from tests.support.finetuned import trained

        local = trained(list(chain.from_iterable(split(DATA).learn.values())), KEPT)
        cheap, expensive = Linear.shipped(), open_detoxify("original", local=local, device="cpu")
    except (ImportError, ScorerUnavailable) as error:
        print(f"cascade over Detoxify: {error}", file=sys.stderr)
        return
    scored, learn = _scored(rows, cheap, expensive), halves(list(rows))
    for flagged_at in (0.5, 0.8):
        bounds = fitted(scored.where(learn), (cheap.name, expensive.name), Loss(), flagged_at)
        _print(bounds, kept(scored.where(~learn), bounds), "speed of so small a model says nothing")


def _scored(rows: Mapping[str, bool], cheap: Scorer, expensive: Scorer) -> Scored:
    one, other = (np.array([each.toxicity for each in scorer.score(list(rows))]) for scorer in (cheap, expensive))
    return Scored(one, other, np.array(list(rows.values())))


def _ratio(texts: Sequence[str], expensive: Scorer, cascade: Scorer, rounds: int) -> tuple[float, float]:
    """Return how many times the comments a CPU second of the expensive one, and how many: medians of interleaved rounds."""
    spent: dict[str, list[float]] = {expensive.name: [], cascade.name: []}
    for number in range(rounds):
        some = texts[number * _TIMED : (number + 1) * _TIMED] or texts[:_TIMED]
        for scorer in (expensive, cascade):
            began = time.process_time()
            scorer.score(some)
            spent[scorer.name].append((time.process_time() - began) / len(some))
    alone, both = (median(each) for each in spent.values())
    return alone / both, 1 / both


def _print(bounds: Bounds, found: Kept, speed: str) -> None:
    cheap, expensive = (name.partition("@")[0] for name in (bounds.cheap, bounds.expensive))
    print(
        f"cascade, {cheap} over {expensive}: {speed}; "
        f"{cheap} decides {1 - found.passed_on:.1%}; flags at {bounds.flagged_at}: {found.changed:.2%} changed, of those of either "
        f"{found.both:.1%} of both; AUC {found.auc:.3f} → {found.auc - found.auc_lost:.3f} on {found.texts} rows, one in ten toxic",
        flush=True,
    )


def main() -> None:
    """Print it."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.cascade", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    print(machine(), flush=True)
    print_cascades(asked.rounds)


if __name__ == "__main__":
    main()
