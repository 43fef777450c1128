"""How toxic: scorers behind one protocol. Nothing here imports torch before a scorer that needs it is opened."""

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct


class Toxicity(Struct, frozen=True):
    """What a scorer says of one text; every number in [0, 1], rounded to 4 decimals."""

    toxicity: float
    labels: dict[str, float] = {}


class Scorer(Protocol):
    """Gives toxicities. The same text always gets the same score, whatever else was in the batch."""

    name: str
    """``name@version``, where the version changes whenever a score could."""

    def score(self, texts: Sequence[str]) -> list[Toxicity]:
        """Return one toxicity per text, in order. Safe to call from any one thread at a time."""


class ScorerUnavailable(Exception):
    """A scorer cannot be opened here. The message is one plain line: what is missing and what to do."""


def open_scorer(name: str) -> Scorer:
    """Return the scorer that a user named: ``linear`` or ``detoxify:<model>``.

    Raises ScorerUnavailable for an unknown name, a missing extra, missing weights or no network.
    """
    family, _, model = name.partition(":")
    if family == "linear" and not model:
        from streams.scorers.linear import Linear

        return Linear.shipped()
    if family == "detoxify":
        from streams.scorers.detoxify import open_detoxify

        return open_detoxify(model or "original")
    raise ScorerUnavailable(
        f"there is no scorer {name!r}; there are: linear, detoxify:original, detoxify:unbiased, "
        "detoxify:multilingual, detoxify:original-small, detoxify:unbiased-small"
    )
