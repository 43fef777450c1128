"""Detoxify's lanes beside ``Detoxify.predict``, one comment at a time, interleaved; and whether int8 flags what fp32 flags.

``python -m tests.bench.detoxify [--rounds N] [--flags]``. Speed does not depend on the values of weights: a model of
bert-base's shape with random ones. Flags do: for them a small model is trained on ../shared/datasets.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from statistics import median
from typing import Any

from streams.scorers import Config
from streams.scorers.checkpoint import Local
from streams.scorers.detoxify import open_detoxify
from streams.scorers.training.datasets import Row
from streams.scorers.training.split import split
from streams.scorers.transformer.scoring import THRESHOLDS
from tests.bench.bert_base import bert_base, kernel_in
from tests.bench.machine import machine
from tests.support.checkpoints import detoxify_of
from tests.support.finetuned import DATA, KEPT, trained


def print_speed(rounds: int, comments: int = 48) -> None:
    """Print each lane's ratio to predict, one comment at a time: medians of interleaved rounds, CPU time of one thread."""
    import torch

    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(prefix="threadwatch-bench-") as folder:
        local, chosen, kernel = bert_base(Path(folder), comments)
        _print_ways(local, kernel, chosen, rounds)
        _print_processes(local, kernel, chosen, rounds)


def _print_ways(local: Local, kernel: str, texts: Sequence[str], rounds: int) -> None:
    own, exact = detoxify_of(local), open_detoxify("original", local=local, device="cpu")
    _check(own, exact, texts)
    ways: dict[str, Callable[[], Any]] = {
        "predict, one at a time": lambda: [own.predict(text) for text in texts],
        "exact lane": lambda: exact.score(texts),
        "exact lane, one at a time": partial(_one_at_a_time, exact, texts),
    }
    for path in [kernel, ""] if kernel else [""]:
        fast = open_detoxify("original:fast", local=local, device="cpu", kernel=path)
        name = f"fast lane, {fast.engine.about.runtime}"
        ways[name] = partial(fast.score, texts)
        ways[f"{name}, one at a time"] = partial(_one_at_a_time, fast, texts)
    _print_ratios(ways, rounds, len(texts), time.thread_time, "comments a CPU second")


def _one_at_a_time(scorer: Any, texts: Sequence[str]) -> None:
    for text in texts:
        scorer.score([text])


def _print_ratios(ways: dict[str, Callable[[], Any]], rounds: int, comments: int, clock: Callable[[], float], of: str) -> None:
    """Print what each way is to the first, by the medians of interleaved rounds, and how many comments that is."""
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            began = clock()
            way()
            spent[name].append(clock() - began)
    first = median(next(iter(spent.values())))
    for name, seconds in spent.items():
        ratio, rate = first / median(seconds), comments / median(seconds)
        print(f"detoxify, {ratio:5.2f} × predict: {name:<39} {rate:6.1f} {of}", flush=True)


def _print_processes(local: Local, kernel: str, texts: Sequence[str], rounds: int) -> None:
    """Print what one and all cores give by the clock, on whatever else runs: processes as a worker has them."""
    own = detoxify_of(local)
    ways: dict[str, Callable[[], Any]] = {"predict, one at a time": lambda: [own.predict(text) for text in texts]}
    scorers = {
        processes: open_detoxify("original:fast", Config(processes=processes, remember=0), local, "cpu", kernel)
        for processes in sorted({1, os.cpu_count() or 1})
    }
    for processes, scorer in scorers.items():
        ways[f"fast lane, {processes} processes"] = partial(scorer.score, texts)
    _print_ratios(ways, rounds, len(texts), time.perf_counter, "comments a second")
    for scorer in scorers.values():
        scorer.close()


def _check(own: Any, exact: Any, texts: Sequence[str]) -> None:
    pairs = [(own.predict(text), found.labels) for text, found in zip(texts, exact.score(texts), strict=True)]
    apart = max(abs(said[label] - score) for said, labels in pairs for label, score in labels.items())
    print(f"detoxify, exact lane and predict are {apart:.1e} apart at most, rounding to 4 decimals included", flush=True)


def print_flags() -> None:
    """Print how often both lanes flag the same, on texts that the model has not seen."""
    parts, kernel = split(DATA), kernel_in(KEPT)
    local = trained(list(chain.from_iterable(parts.learn.values())), KEPT)
    texts = sorted({row.text for row in chain.from_iterable(parts.measure.values()) if row.text.strip()})[:4000]
    exact, fast = (open_detoxify(name, local=local, device="cpu", kernel=kernel) for name in ("original", "original:fast"))
    torchs = open_detoxify("original:fast", local=local, device="cpu")
    _print_auc([row for row in chain.from_iterable(parts.measure.values()) if row.text in set(texts)], exact)
    one, other = (_scores(scorer, texts) for scorer in (exact, fast))
    work, drift = fast.worked(), fast.engine.about.drift
    fast._margin = -1.0
    alone, in_torch = _scores(fast, texts), _scores(torchs, texts)
    print(f"detoxify, int8 on the sample at start: {drift.largest:.4f} at most, {drift.mean:.4f} in the mean" if drift else "")
    print(f"detoxify, near a threshold, and so computed in fp32 too: {work.exact / work.fast:.1%} of {len(texts)} unseen texts")
    print(f"detoxify, the fast lane computes in {fast.engine.about.runtime}")
    for name, scores in (("fast lane", other), ("int8 without fp32", alone), ("fast lane in torch", in_torch)):
        apart = [abs(a - b) for a, b in zip(one, scores, strict=True)]
        print(f"detoxify, {name}: {sum(apart) / len(apart):.4f} from fp32 in the mean, {max(apart):.4f} at most")
        for threshold in (0.3, *THRESHOLDS):
            flagged = [(a >= threshold, b >= threshold) for a, b in zip(one, scores, strict=True)]
            _print_same(f"detoxify, {name}, flags at {threshold}", flagged)


def _print_same(what: str, flagged: Sequence[tuple[bool, bool]]) -> None:
    same, both, either = sum(a == b for a, b in flagged), sum(map(all, flagged)), sum(map(any, flagged))
    print(f"{what}: the same on {same / len(flagged):.2%}; of {either} flagged by either {both / max(1, either):.1%} by both", flush=True)


def _scores(scorer: Any, texts: Sequence[str]) -> list[float]:
    return [found.toxicity for found in scorer.score(texts)]


def _print_auc(rows: Sequence[Row], scorer: Any) -> None:
    from sklearn.metrics import roc_auc_score

    sure = [row for row in rows if abs(row.target - 0.5) > 0.2]
    auc = roc_auc_score([row.target > 0.5 for row in sure], _scores(scorer, [row.text for row in sure]))
    print(f"detoxify, the small trained model has AUC {auc:.3f} on {len(sure)} unseen texts: a signal", flush=True)


def main() -> None:
    """Print it."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.detoxify", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="0: no speed")
    parser.add_argument("--comments", type=int, default=48)
    parser.add_argument("--flags", action="store_true", help="whether int8 flags what fp32 does; trains a small model the first time")
    asked = parser.parse_args()
    print(machine(), flush=True)
    if asked.rounds:
        print_speed(asked.rounds, asked.comments)
    if asked.flags:
        print_flags()


if __name__ == "__main__":
    main()
