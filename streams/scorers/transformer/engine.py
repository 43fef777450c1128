"""Texts → token ids → logits, in this process. What may run elsewhere has the same shape (``pool.py``)."""

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from msgspec import Struct

from streams.scorers import ScorerUnavailable
from streams.scorers.loading import Recipe, load
from streams.scorers.transformer.affine import fp32, int8
from streams.scorers.transformer.flat import Flat, Ids
from streams.scorers.transformer.parts import parts_of
from streams.scorers.transformer.self_test import Drift, drift

OVERLAP: Final = 64
"""Tokens that two pieces of one comment share."""

Logits = list[float]
Batch = Sequence[Ids]


class About(Struct, frozen=True):
    """What is known of a loaded model."""

    version: str
    labels: tuple[str, ...]
    longest: int
    """Tokens that it reads at once."""
    drift: Drift | None = None
    """How far int8 moved the scores of the fixed sample; None in the exact lane."""


class Engine(Protocol):
    """Computes. ``exact`` picks the lane; a fast engine has both."""

    about: About
    computed: Callable[[], None]
    """Called after each batch."""

    def pieces(self, texts: Sequence[str]) -> tuple[list[list[int]], list[int]]:
        """Return the token ids of all pieces, and whose each is."""

    def run(self, batches: Sequence[Batch], exact: bool) -> list[list[Logits]]:
        """Return the logits per batch, piece and label."""


def nothing() -> None:
    """Tell nobody."""


class Loaded:
    """An engine in this process. One thread."""

    def __init__(self, recipe: Recipe) -> None:
        """Load, and test int8 where it is asked for. Raises ScorerUnavailable with one line."""
        loaded, version = load(recipe)
        self.computed = nothing
        model, self._tokenizer = loaded.model.eval(), loaded.tokenizer
        self._exact = _Padded(model, self._tokenizer) if recipe.device != "cpu" else Flat(parts_of(model), fp32)
        self.about = About(version, tuple(loaded.class_names), _longest(loaded))
        self._fast = self._exact
        if recipe.is_fast:
            self._fast = _in_int8(model)
            found = drift(lambda texts: self._each(texts, exact=True), lambda texts: self._each(texts, exact=False))
            self.about = About(version, self.about.labels, self.about.longest, found)

    def _each(self, texts: Sequence[str], exact: bool) -> list[Logits]:
        return self.run([self.pieces(texts)[0]], exact)[0]

    def pieces(self, texts: Sequence[str]) -> tuple[list[list[int]], list[int]]:
        """Return the token ids of all pieces, and whose each is. Nothing is cut off: what overflows is the next piece."""
        readable = [text.encode("utf-8", "replace").decode() for text in texts]
        longest = self.about.longest
        found = self._tokenizer(readable, truncation=True, max_length=longest, stride=min(OVERLAP, longest // 4),
                                return_overflowing_tokens=True)  # fmt: skip
        return found["input_ids"], list(found["overflow_to_sample_mapping"])

    def run(self, batches: Sequence[Batch], exact: bool) -> list[list[Logits]]:
        """Return the logits per batch, piece and label."""
        made = self._exact if exact else self._fast
        labels = len(self.about.labels)  # a checkpoint may have more outputs (identities), which Detoxify leaves out
        found = []
        for batch in batches:
            found.append([row[:labels] for row in made(batch)])
            self.computed()
        return found


class _Padded:
    """The model as transformers runs it: for a GPU, where the flat row's maps are not."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self._model, self._tokenizer = model, tokenizer

    def __call__(self, batch: Batch) -> list[Logits]:
        import torch

        padded = self._tokenizer.pad({"input_ids": [list(ids) for ids in batch]}, return_tensors="pt")
        with torch.inference_mode():
            logits = self._model(**padded.to(self._model.device))[0]
        rows: list[Logits] = logits.double().cpu().tolist()
        return rows


def _in_int8(model: Any) -> Flat:
    try:
        return Flat(parts_of(model), int8)
    except (AttributeError, RuntimeError) as error:
        raise ScorerUnavailable(
            f"this torch has no int8 kernels for this machine ({type(error).__name__}): leave :fast away to score in fp32"
        ) from error


def _longest(loaded: Any) -> int:
    """Return how many tokens the model reads: RoBERTa's positions begin after the padding index."""
    config = loaded.model.config
    positions = config.max_position_embeddings
    if "roberta" in config.model_type:
        positions -= config.pad_token_id + 1
    return int(min(positions, loaded.tokenizer.model_max_length))
