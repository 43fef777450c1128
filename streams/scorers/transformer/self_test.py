"""Does int8 say on this machine what fp32 says? Asked at every start, on a fixed sample."""

from collections.abc import Callable, Sequence
from typing import Final

from msgspec import Struct

from streams.scorers import ScorerUnavailable
from streams.scorers.rounding import probability

MAX_DRIFT: Final = 0.1
"""Of one score. Comments near a threshold are computed in fp32 anyway."""
MEAN_DRIFT: Final = 0.02
SAMPLE: Final = (
    "Thank you, that was kind of you.", "no", "I do not agree with any of this, sorry.", "What a stupid thing to say, you clown!",
    "Shut up, nobody asked you.", "The match was fine until the second half, then the keeper slipped twice.", "go away you pathetic liar",
    "Has anybody tried this with the newer version?", "You people make me sick.", "I hate mondays", "He is an idiot and so is his brother.",
    "This is the worst article I have read this year, and whoever wrote it should be ashamed.", "lol", "Danke, sehr freundlich!",
    "Quelle honte, vous êtes nuls.", "I will find out where you live.", "Great recipe. I used less sugar and it still worked.",
    "What the hell were they thinking?", "Damn, that goal was beautiful!", "You are right, and I was wrong about the dates.",
    "ugly fat pig", "Could you please add a source for that claim?", "why " * 40,
    "It depends. On a small site you may not notice, but " * 8,
)  # fmt: skip
"""Invented; short and long, kind and not."""


class Drift(Struct, frozen=True):
    """How far apart two ways to compute are on the sample."""

    largest: float
    """Of one score, in [0, 1]."""
    mean: float
    logit: float
    """The largest, in logits."""


def drift(exact: Callable[[Sequence[str]], list[list[float]]], fast: Callable[[Sequence[str]], list[list[float]]]) -> Drift:
    """Return how far ``fast`` is from ``exact``. Raises ScorerUnavailable, with the figures, where that is too far."""
    pairs = [
        (one, other) for rows in zip(exact(SAMPLE), fast(SAMPLE), strict=True) for one, other in zip(*rows, strict=True)
    ]  # fmt: skip
    apart = [abs(probability(one) - probability(other)) for one, other in pairs]
    found = Drift(max(apart), sum(apart) / len(apart), max(abs(one - other) for one, other in pairs))
    # Written so that a NaN is refused.
    if not (found.largest <= MAX_DRIFT and found.mean <= MEAN_DRIFT):
        raise ScorerUnavailable(
            f"int8 moves scores by up to {found.largest:.3f} on this machine, {found.mean:.4f} in the mean "
            f"(at most {MAX_DRIFT} and {MEAN_DRIFT} are allowed)"
        )
    return found
