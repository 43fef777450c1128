"""Teach a network: soft targets, a tenth of the texts in disguise, batches of like lengths. One seed, one result a machine."""

import random
from collections.abc import Callable, Iterator, Sequence
from math import ceil
from pathlib import Path
from typing import Any, Final

import torch
from msgspec import Struct
from torch import Tensor

from streams.scorers.disguises import normalised
from streams.scorers.training.compact.course import Course
from streams.scorers.training.compact.noise import noisy
from streams.scorers.training.compact.student import ALL, KEPT, PLACES, Student
from streams.scorers.training.datasets import Row

_BATCH: Final = 32
_BUCKET: Final = 50 * _BATCH
"""Rows sorted by length at a time: batches are of like lengths, and still come in no order."""
_SMOOTHING: Final = 0.03
_CHECKPOINT_STEPS: Final = 200


class Recipe(Struct, frozen=True):
    """How one network learns. What was tried is a list of these."""

    seed: int = 1
    epochs: float = 1.0
    """Times that a row of weight 1 is seen; others are drawn with the chance of their weight."""
    rate: float = 1e-4
    warm_up: float = 0.06
    disguised: float = 0.1
    """Share of the texts that are learned from in disguise."""
    half: bool = True
    """Whether matrices are multiplied in bfloat16."""
    layers: tuple[int, ...] = KEPT
    """Of the base's six, those that it begins with."""


class Plan(Struct, frozen=True):
    """How the student learns, and from whom."""

    student: Recipe = Recipe()
    teacher: Recipe | None = Recipe(epochs=0.7, rate=5e-5, layers=ALL)
    """None: from the labels alone."""
    trust: float = 0.6
    """Share of what the teacher says in the student's targets; the rest is the label."""


class Example(Struct, frozen=True):
    """A text as the numbers of its pieces, marks included, and how toxic it is."""

    ids: list[int]
    target: float


def taught(made: Student, pieces: Any, rows: Sequence[Row], recipe: Recipe, to: Path, done: Callable[[int, int], None]) -> None:
    """Teach the network in place. ``to`` gets it every 200 steps; a run that was cut off goes on from there, to the same weights."""
    torch.manual_seed(recipe.seed)
    steps = ceil(len(drawn(rows, recipe)) / _BATCH)
    course = Course(made, recipe.rate, steps, recipe.warm_up)
    begun = course.resumed(to)
    batches = list(_batches(_examples(pieces, rows, recipe), random.Random(recipe.seed))) if begun < steps else []
    made.train()
    for step, batch in enumerate(batches[begun:], start=begun + 1):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=recipe.half):
            logits = made(*padded([example.ids for example in batch]))
        course.learned(logits.float(), _targets(batch))
        done(step, steps)
        if step % _CHECKPOINT_STEPS == 0 or step == steps:
            course.saved(to, step)
    made.eval()


def drawn(rows: Sequence[Row], recipe: Recipe) -> list[int]:
    """Return the places of the rows that are learned from, each as often as it is: a row's weight is its chance."""
    draw = random.Random(recipe.seed)
    return [place for place, row in enumerate(rows) for _ in range(_times(recipe.epochs * row.weight, draw))]


def encoded(pieces: Any, texts: Sequence[str]) -> list[list[int]]:
    """Return the numbers of each text's first pieces, between the marks of its start and end."""
    start, end = pieces.token_to_id("[CLS]"), pieces.token_to_id("[SEP]")
    return [[start, *found.ids[: PLACES - 2], end] for found in pieces.encode_batch(list(texts))]


def padded(ids: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Return the numbers as one matrix, and where each text stands in it."""
    lengths = torch.tensor([len(each) for each in ids])
    matrix = torch.zeros(len(ids), int(lengths.max()), dtype=torch.long)
    for row, each in zip(matrix, ids, strict=True):
        row[: len(each)] = torch.tensor(each)
    return matrix, torch.arange(matrix.shape[1]) < lengths[:, None]


def _examples(pieces: Any, rows: Sequence[Row], recipe: Recipe) -> list[Example]:
    draw = random.Random(f"disguises of {recipe.seed}")
    seen = [rows[place] for place in drawn(rows, recipe)]
    texts = [normalised(noisy(row.text, draw) if draw.random() < recipe.disguised else row.text) for row in seen]
    return [Example(ids, row.target) for ids, row in zip(encoded(pieces, texts), seen, strict=True)]


def _times(expected: float, draw: random.Random) -> int:
    whole = int(expected)
    return whole + (draw.random() < expected - whole)


def _batches(examples: list[Example], draw: random.Random) -> Iterator[list[Example]]:
    draw.shuffle(examples)
    batches = []
    for start in range(0, len(examples), _BUCKET):
        bucket = sorted(examples[start : start + _BUCKET], key=lambda example: len(example.ids))
        batches += [bucket[at : at + _BATCH] for at in range(0, len(bucket), _BATCH)]
    draw.shuffle(batches)
    yield from batches


def _targets(batch: Sequence[Example]) -> Tensor:
    return torch.tensor([example.target for example in batch]) * (1 - _SMOOTHING) + _SMOOTHING / 2
