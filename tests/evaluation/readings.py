"""What a text scores as it stands, without its disguises, and as the program scores it."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streams.scorers.disguises import normalised, undisguised
from streams.scorers.linear import Linear, pieces_of
from streams.stages.score import text_to_score
from tests.support.builders import comment

Scores = NDArray[np.float64]
_AT_ONCE: Final = 500


class Readings(Struct, frozen=True):
    """Scores of the same texts, in order: ``larger`` is what the program gives."""

    raw: Scores
    undone: Scores
    larger: Scores

    @property
    def by_name(self) -> dict[str, Scores]:
        """Return the three by the names under which they are shown."""
        return {"raw": self.raw, "undone": self.undone, "larger of both": self.larger}


def own_words(text: str) -> str:
    """Return what the program scores of a comment with this text: quotations of others are left out."""
    return text_to_score(comment(text=text))[0]


def readings(scorer: Linear, texts: Sequence[str], done: Callable[[int], None] = lambda _: None) -> Readings:
    """Return the three scores of each text. ``done`` is told how many more texts are scored."""
    parts: list[list[float]] = [[], [], []]
    for start in range(0, len(texts), _AT_ONCE):
        said = [own_words(text) for text in texts[start : start + _AT_ONCE]]
        parts[0] += scorer.worst([pieces_of(normalised(text)) for text in said])
        parts[1] += scorer.worst([pieces_of(normalised(undisguised(text))) for text in said])
        parts[2] += [each.toxicity for each in scorer.score(said)]
        done(len(said))
    return Readings(*map(np.array, parts))
