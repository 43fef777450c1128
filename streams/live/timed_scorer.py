"""A scorer that tells how long each of its calls took; the stage's own time holds the broker's transaction too."""

import time
from collections.abc import Callable, Sequence

from streams.scorers import Scorer, Toxicity, Work


def _told_to_nobody(texts: int, seconds: float) -> None:
    """Tell nobody."""


def _work_told_to_nobody(work: Work) -> None:
    """Tell nobody."""


def _nobody_is_told() -> None:
    """Tell nobody."""


class TimedScorer:
    """Scores as the scorer inside does; ``told`` gets (number of texts, seconds) of each call, on the thread that scores.

    ``told_work`` gets what a transformer did for it.
    """

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer
        self.name = scorer.name
        self.told: Callable[[int, float], None] = _told_to_nobody
        self.told_work: Callable[[Work], None] = _work_told_to_nobody
        self._computed: Callable[[], None] = _nobody_is_told
        self.languages: frozenset[str] = getattr(scorer, "languages", frozenset())
        if hasattr(scorer, "at_most"):
            self.at_most: int = scorer.at_most

    def tell_computed(self, told: Callable[[], None]) -> None:
        """Have ``told`` called, on the thread that scores, whenever some of what was asked for is computed, and when all of it is."""
        self._computed = told
        if hasattr(self._scorer, "tell_computed"):
            self._scorer.tell_computed(told)

    def score(self, texts: Sequence[str]) -> list[Toxicity]:
        """Return one toxicity per text, in order."""
        began = time.perf_counter()
        toxicities = self._scorer.score(texts)
        self._computed()
        self.told(len(texts), time.perf_counter() - began)
        if hasattr(self._scorer, "worked"):
            self.told_work(self._scorer.worked())
        return toxicities
