"""Replies as the address stage hears them: what teaches and what decides, with the toxicity of a scorer that never saw them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streams.evaluation.whom.invented import Phrasing, said
from streams.evaluation.whom.replies import SETS, Labelled
from streams.scorers import Scorer
from streams.scorers.disguises import own_words
from streams.scorers.linear import Linear
from streams.scorers.training.fit import fitted
from streams.scorers.training.split import split
from streams.stages.hearing import Heard, hear
from streams.stages.hostility import Cues, cues

Floats = NDArray[np.float64]
FILLED: Final = 8
"""Times that a phrasing is filled in to learn from it."""


class Example(Struct, frozen=True):
    """A text with all that hostility is made of."""

    toxicity: float
    heard: Heard
    cues: Cues


def blind_scorer(data: Path) -> Scorer:
    """Return a linear scorer made as the shipped one is, without the sets measured here: what it says of them is no memory."""
    sets = split(data)
    learn = [row for name, rows in sets.learn.items() if name not in SETS for row in rows]
    calibrate = [row for name, rows in sets.calibrate.items() if name not in SETS for row in rows]
    return Linear(fitted(learn, calibrate), "blind")


def examples(texts: Sequence[str], scorer: Scorer) -> list[Example]:
    """Return the texts as heard, each with its toxicity."""
    given = scorer.score([own_words(text) for text in texts])
    return [_example(text, one.toxicity) for text, one in zip(texts, given, strict=True)]


def _example(text: str, toxicity: float) -> Example:
    heard = hear(text)
    return Example(toxicity, heard, cues(heard.sentences))


def of_replies(replies: Sequence[Labelled], scorer: Scorer) -> list[Example]:
    """Return labelled replies as heard."""
    return examples([reply.text for reply in replies], scorer)


def of_phrasings(folder: Path, those: Sequence[Phrasing], scorer: Scorer, times: int = FILLED) -> list[list[Example]]:
    """Return of each phrasing what so many people write."""
    texts = [list(said(folder, one, times)) for one in those]
    heard = iter(examples([text for some in texts for text in some], scorer))
    return [[next(heard) for _ in some] for some in texts]
