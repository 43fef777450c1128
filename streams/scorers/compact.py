"""The compact scorer: a small transformer of 8-bit weights, plus a share of what the linear scorer says. No torch, no download.

The transformer sees abuse without a rude word, the n-grams miss no rude word.

``streams.scorers.training.compact`` makes the weights; ``weights/COMPACT_CARD.md`` says from what and how good they are.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from streams.scorers import Toxicity
from streams.scorers.compact_network import Network, opened
from streams.scorers.disguises.known import WORDS
from streams.scorers.linear import SHIPPED as LINEAR
from streams.scorers.linear import Linear, batches, pieces_of, readings

VERSION: Final = "2"
SHIPPED: Final = Path(__file__).parent / "weights" / "compact.onnx"

_DECIMALS: Final = 4


class Compact:
    """A scorer that gives one label, ``toxicity``: the larger of the plain text's and the undisguised text's."""

    at_most: int = 32
    """Texts at once: the longest that there are take seconds each."""

    def __init__(self, network: Network, linear: Linear, digest: str) -> None:
        """Take both halves and the SHA-256 of their files, whose first eight digits stand in the name."""
        self.name = f"compact@{VERSION}+{digest[:8]}.{network.runtime}.int8"
        self.mix = network.notes.mix
        self._network = network
        self._linear = linear
        self._computed: Callable[[], None] = lambda: None

    @classmethod
    def shipped(cls) -> "Compact":
        """Return the scorer with the weights of this package. Raises ScorerUnavailable where they or the extra are missing."""
        return cls.read(SHIPPED)

    @classmethod
    def read(cls, path: Path) -> "Compact":
        """Return the scorer with the weights of a file. Raises ScorerUnavailable where they cannot be used."""
        network, linear = opened(path), Linear.shipped()
        files = b"".join(file.read_bytes() for file in (path, LINEAR, WORDS))
        return cls(network, linear, hashlib.sha256(files).hexdigest())

    def score(self, texts: Sequence[str]) -> list[Toxicity]:
        """Return one toxicity per text, in order; 0 for a text without a visible character."""
        read = [readings(text) for text in texts]
        known = self.logits({reading for each in read for reading in each if reading})
        found = [max((known[reading] for reading in each if reading), default=None) for each in read]
        return [Toxicity(toxicity, {"toxicity": toxicity}) for toxicity in map(self._probability, found)]

    def logits(self, normal: Iterable[str]) -> dict[str, float]:
        """Return the sum's logit of each normalised text, before calibration."""
        known = self.halves(normal)
        network, linear = np.array(list(known.values())).reshape(-1, 2).T
        return dict(zip(known, self.mix.of(network, linear).tolist(), strict=True))

    def halves(self, normal: Iterable[str]) -> dict[str, tuple[float, float]]:
        """Return the network's and the linear scorer's logit of each normalised text."""
        texts = sorted(normal)
        linear = self._linear_logits({piece for text in texts for piece in pieces_of(text)})
        return {text: (self._read(text), _worst(linear, text)) for text in texts}

    def tell_computed(self, told: Callable[[], None]) -> None:
        """Have ``told`` called whenever a text is computed."""
        self._computed = told

    def _read(self, text: str) -> float:
        found = self._network.logit(text)
        self._computed()
        return found

    def _linear_logits(self, pieces: Iterable[str]) -> dict[str, float]:
        known: dict[str, float] = {}
        for batch in batches(sorted(pieces)):
            known.update(zip(batch, self._linear.logits(batch).tolist(), strict=True))
        return known

    def _probability(self, logit: float | None) -> float:
        if logit is None:
            return 0.0
        notes = self._network.notes
        return round(1.0 / (1.0 + float(np.exp(-(notes.slope * logit + notes.shift)))), _DECIMALS)


def _worst(linear: Mapping[str, float], text: str) -> float:
    return max(linear[piece] for piece in pieces_of(text))
