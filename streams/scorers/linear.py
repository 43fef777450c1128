"""The embedded scorer: hashed n-grams → calibrated logistic regression. NumPy alone, no download.

``streams.scorers.training`` makes the weights; ``weights/MODEL_CARD.md`` says from what and how good they are.
"""

import hashlib
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streams.scorers import ScorerUnavailable, Toxicity
from streams.scorers.disguises import normalised, undisguised
from streams.scorers.disguises.known import WORDS, words
from streams.scorers.hashing import CHAR_BITS, Counts, counted

VERSION: Final = "2"
SHIPPED: Final = Path(__file__).parent / "weights" / "linear.npz"

_CHUNK: Final = 2000
"""Characters scored as one. A longer comment is scored in overlapping pieces, and its worst piece counts."""
_OVERLAP: Final = 200
_AT_ONCE: Final = 12_000
"""Characters hashed at once: bounds the memory, and keeps the arrays in the cache.

With 32,000 the arrays are so large that the allocator gives their pages back and takes them anew each time: half of the scorer's time.
"""
_DECIMALS: Final = 4


class Weights(Struct, frozen=True):
    """What training found. Character buckets come first, word buckets after them."""

    weight: NDArray[np.int8]
    scale: NDArray[np.float64]
    """Two numbers, for the character and the word block: a weight's unit, in logits."""
    idf: NDArray[np.uint8]
    idf_unit: float
    """An inverse document frequency's unit."""
    intercept: float
    slope: float
    shift: float
    """Calibration: P(toxic) = σ(slope · logit + shift)."""


class Linear:
    """A scorer that gives one label, ``toxicity``: the larger of the plain text's and the undisguised text's."""

    def __init__(self, weights: Weights, digest: str) -> None:
        """Take weights and the SHA-256 of their file and the words', whose first eight digits end the name."""
        self.name = f"linear@{VERSION}+{digest[:8]}"
        self._weights = weights
        idf = weights.idf.astype(np.float64) * weights.idf_unit
        split = 1 << CHAR_BITS
        self._blocks = tuple(
            (idf[block] * weights.weight[block] * scale, idf[block] ** 2)
            for block, scale in zip((slice(0, split), slice(split, None)), weights.scale, strict=True)
        )

    @classmethod
    def shipped(cls) -> "Linear":
        """Return the scorer with the weights of this package. Raises ScorerUnavailable where they are missing."""
        return cls.read(SHIPPED)

    @classmethod
    def read(cls, path: Path) -> "Linear":
        """Return the scorer with the weights of a file. Raises ScorerUnavailable where there is none."""
        for needed in (path, WORDS):
            if not needed.is_file():
                raise ScorerUnavailable(f"the linear scorer's weights {needed} are missing; install the package again or run make train")
        words()  # read with the weights, and not with the first text
        content = path.read_bytes()
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            single = {name: float(file[name]) for name in ("idf_unit", "intercept", "slope", "shift")}
            weights = Weights(file["weight"], file["scale"], file["idf"], **single)
        return cls(weights, hashlib.sha256(content + WORDS.read_bytes()).hexdigest())

    def score(self, texts: Sequence[str]) -> list[Toxicity]:
        """Return one toxicity per text, in order; 0 for a text without a visible character."""
        return [Toxicity(toxicity, {"toxicity": toxicity}) for toxicity in self.worst([_pieces(text) for text in texts])]

    def worst(self, readings: Sequence[Sequence[str]]) -> list[float]:
        """Return the largest probability of the normalised pieces of each text; 0 where no piece has a character."""
        known: dict[str, float] = {}
        pieces = sorted({piece for reading in readings for piece in reading if piece})
        for batch in batches(pieces):
            known.update(zip(batch, self._probabilities(batch), strict=True))
        return [max((known[piece] for piece in reading if piece), default=0.0) for reading in readings]

    def _probabilities(self, texts: Sequence[str]) -> list[float]:
        logits = self._weights.slope * self.logits(texts) + self._weights.shift
        return [round(probability, _DECIMALS) for probability in (1.0 / (1.0 + np.exp(-logits))).tolist()]

    def logits(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the logit of each normalised text, before calibration."""
        logits = np.full(len(texts), self._weights.intercept)
        for counts, (weight, square) in zip(counted(texts), self._blocks, strict=True):
            logits += _dot(counts, weight, square, len(texts))
        return logits


def _dot(counts: Counts, weight: NDArray[np.float64], square: NDArray[np.float64], texts: int) -> NDArray[np.float64]:
    """Return each text's features, of length one, times the weights.

    ``bincount`` adds in the order of the entries, a text's own buckets in theirs: no sum depends on other texts.
    """
    frequency = 1.0 + np.log(counts.count)
    dot = np.bincount(counts.text, frequency * weight[counts.bucket], minlength=texts)
    norm = np.bincount(counts.text, frequency * frequency * square[counts.bucket], minlength=texts)
    result: NDArray[np.float64] = dot / np.sqrt(np.maximum(norm, 1e-12))
    return result


def readings(text: str) -> tuple[str, ...]:
    """Return the normalised text as it stands and, where that differs, without its disguises."""
    plain = normalised(text)
    bare = undisguised(text)
    hidden = plain if bare == text else normalised(bare)
    return (plain,) if hidden == plain else (plain, hidden)


def _pieces(text: str) -> list[str]:
    return [piece for reading in readings(text) for piece in pieces_of(reading)]


def pieces_of(text: str) -> list[str]:
    """Return the text in overlapping pieces, cut at spaces where there are some."""
    if len(text) <= _CHUNK:
        return [text]
    pieces, start = [], 0
    while len(text) - start > _CHUNK:
        end = _cut(text, start + _CHUNK)
        pieces.append(text[start:end].strip())
        start = _cut(text, end - _OVERLAP)
    return [*pieces, text[start:].strip()]


def _cut(text: str, near: int) -> int:
    space = text.rfind(" ", near - _OVERLAP, near)
    return space if space > 0 else near


def batches(pieces: Sequence[str]) -> Iterator[list[str]]:
    """Yield the pieces in batches of bounded length."""
    batch: list[str] = []
    size = 0
    for piece in pieces:
        if size + len(piece) > _AT_ONCE and batch:
            yield batch
            batch, size = [], 0
        batch.append(piece)
        size += len(piece)
    if batch:
        yield batch
