"""What a larger network that has learned from the labels says of the texts that the student learns from."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from msgspec import structs
from numpy.typing import NDArray

from streams.scorers.disguises import normalised
from streams.scorers.training.compact.fit import encoded, padded
from streams.scorers.training.compact.student import Student
from streams.scorers.training.datasets import Row

_AT_ONCE: Final = 64
_SAVE_BATCHES: Final = 100

Floats = NDArray[np.float32]


def said(
    teacher: Student, pieces: Any, texts: Sequence[str], wanted: Sequence[int], kept: Path, done: Callable[[int, int], None]
) -> Floats:
    """Return how toxic the teacher finds each text whose place is wanted, between 0 and 1; nan for those that it was never asked about.

    ``kept`` gets the answers as they come: what stands there is not asked again.
    """
    known: Floats = np.load(kept) if kept.is_file() else np.full(len(texts), np.nan, dtype=np.float32)
    missing = sorted({place for place in wanted if np.isnan(known[place])}, key=lambda place: len(texts[place]))
    batches = [missing[start : start + _AT_ONCE] for start in range(0, len(missing), _AT_ONCE)]
    for number, batch in enumerate(batches, start=1):
        known[batch] = _asked(teacher, encoded(pieces, [normalised(texts[place]) for place in batch]))
        done(number, len(batches))
        if number % _SAVE_BATCHES == 0 or number == len(batches):
            _saved(known, kept)
    return known


def softened(rows: Sequence[Row], answers: Floats, trust: float) -> list[Row]:
    """Return the rows with targets that are the teacher's by this share, the label's by the rest; the label's where it said nothing."""
    mixed = [
        row.target if np.isnan(answer) else (1 - trust) * row.target + trust * float(answer)
        for row, answer in zip(rows, answers, strict=True)
    ]
    return [structs.replace(row, target=target) for row, target in zip(rows, mixed, strict=True)]


def _asked(teacher: Student, ids: Sequence[Sequence[int]]) -> Floats:
    with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
        logits = teacher(*padded(ids)).float()
    answers: Floats = logits.sigmoid().numpy()
    return answers


def _saved(known: Floats, kept: Path) -> None:
    part = kept.with_suffix(".part")
    with part.open("wb") as file:
        np.save(file, known)
    part.replace(kept)
