"""Teach the student: soft targets, a tenth of the texts in disguise, batches of like lengths. One seed, one result a machine."""

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import torch
from msgspec import Struct
from torch import Tensor
from torch.nn import functional

from streams.scorers.disguises import normalised
from streams.scorers.training.compact.noise import noisy
from streams.scorers.training.compact.student import PLACES, Student
from streams.scorers.training.datasets import Row

_BATCH: Final = 32
_BUCKET: Final = 50 * _BATCH
"""Rows sorted by length at a time: batches are of like lengths, and still come in no order."""
_SMOOTHING: Final = 0.03
_CHECKPOINT_STEPS: Final = 500


class Recipe(Struct, frozen=True):
    """What was tried is a list of these."""

    seed: int = 1
    epochs: float = 1.0
    """Times that a row of weight 1 is seen; others are drawn with the chance of their weight."""
    rate: float = 1e-4
    warm_up: float = 0.06
    disguised: float = 0.1
    """Share of the texts that are learned from in disguise."""
    half: bool = True
    """Whether matrices are multiplied in bfloat16."""


class Example(Struct, frozen=True):
    """A text as the numbers of its pieces, marks included, and how toxic it is."""

    ids: list[int]
    target: float


def taught(made: Student, pieces: Any, rows: Sequence[Row], recipe: Recipe, to: Path, done: Callable[[int, int], None]) -> None:
    """Teach the student in place, and write it to ``to`` every 500 steps: something usable is always there."""
    torch.manual_seed(recipe.seed)
    batches = list(_batches(_examples(pieces, rows, recipe), random.Random(recipe.seed)))
    optimizer = torch.optim.AdamW(made.parameters(), lr=recipe.rate, weight_decay=0.01, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, len(batches), recipe.warm_up))
    made.train()
    for step, batch in enumerate(batches, start=1):
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=recipe.half):
            logits = made(*padded([example.ids for example in batch]))
        loss = functional.binary_cross_entropy_with_logits(logits.float(), _targets(batch))
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch has no type for it
        torch.nn.utils.clip_grad_norm_(made.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        done(step, len(batches))
        if step % _CHECKPOINT_STEPS == 0 or step == len(batches):
            torch.save(made.state_dict(), to)
    made.eval()


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
    draw = random.Random(recipe.seed)
    drawn = [row for row in rows for _ in range(_times(recipe.epochs * row.weight, draw))]
    texts = [normalised(noisy(row.text, draw) if draw.random() < recipe.disguised else row.text) for row in drawn]
    return [Example(ids, row.target) for ids, row in zip(encoded(pieces, texts), drawn, strict=True)]


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


def _rate(step: int, steps: int, warm_up: float) -> float:
    """Return the share of the learning rate: up in a straight line, and down to nothing."""
    risen = max(1, round(steps * warm_up))
    return min((step + 1) / risen, max(0.0, (steps - step) / max(1, steps - risen)))
