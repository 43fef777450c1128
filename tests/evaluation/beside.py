"""The compact scorer beside the linear one and alt-profanity-check: AUC per set, and recall in disguise of a sample."""

from collections.abc import Callable, Sequence

import numpy as np
from msgspec import Struct

from streams.scorers import Scorer, Toxicity
from streams.scorers.disguises import own_words
from streams.scorers.training.datasets import Row
from streams.scorers.training.measure import top_precision
from tests.evaluation import twin
from tests.evaluation.hidden import threshold
from tests.evaluation.rightness import SetMeasure, measured
from tests.evaluation.texts import TOXIC, Texts

_SAMPLE = 400
"""Toxic rows per kind of disguise: the compact scorer reads some hundreds of comments a second."""
_TWICE = "wiki_fuzzed"


class Recall(Struct, frozen=True):
    """Of the sampled toxic rows that a kind of disguise changes: how many are found in plain text, and how many in disguise."""

    kind: str
    rows: int
    plain: float
    hidden: float


class Beside(Struct, frozen=True):
    """A scorer that is not the default, on the same rows."""

    scorer: str
    threshold: float
    sets: list[SetMeasure]
    recall: list[Recall]
    top: dict[str, float]
    """Precision among the 2 % of each set that score highest."""


def beside(scorer: Scorer, texts: Texts, never: Sequence[str], done: Callable[[int], None]) -> Beside:
    """Return its figures. The threshold is its own: the one that flags 1 % of clean text."""
    sets = {name: rows for name, rows in texts.sets.items() if name != _TWICE}
    least = threshold(scores(scorer, texts.clean))
    done(len(texts.clean))
    remembered = Remembering(scorer)
    found = measured(remembered, sets, never)
    top = {name: _top(remembered, rows) for name, rows in sets.items()}
    done(sum(map(len, sets.values())))
    return Beside(scorer.name, least, found, [_recall(scorer, texts, kind, least, done) for kind in twin.KINDS], top)


class Remembering:
    """A scorer that reads a text once."""

    def __init__(self, scorer: Scorer) -> None:
        self.name = scorer.name
        self._scorer = scorer
        self._known: dict[str, Toxicity] = {}

    def score(self, texts: Sequence[str]) -> list[Toxicity]:
        """Return what it said, or says now."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(zip(new, self._scorer.score(new), strict=True))
        return [self._known[text] for text in texts]


def _top(scorer: Scorer, rows: Sequence[Row]) -> float:
    return top_precision(scores(scorer, [row.text for row in rows]), np.array([row.target >= TOXIC for row in rows]))


def scores(scorer: Scorer, said: Sequence[str]) -> np.ndarray:
    """Return the toxicity of each text."""
    return np.array([each.toxicity for each in scorer.score(said)])


def _recall(scorer: Scorer, texts: Texts, kind: str, least: float, done: Callable[[int], None]) -> Recall:
    said = [row.text for row in texts.toxic[:: max(1, len(texts.toxic) // _SAMPLE)]]
    # What others said is taken out before anything is scored, as the stage does.
    pairs = [(text, own_words(twin.twin(kind, text, texts.telling, texts.clean))) for text in said]
    changed = [(text, hidden) for text, hidden in pairs if text != hidden]
    plain, hidden = (scores(scorer, [pair[side] for pair in changed]) >= least for side in (0, 1))
    done(2 * len(changed))
    return Recall(kind, len(changed), float(plain.mean()), float(hidden.mean()))
