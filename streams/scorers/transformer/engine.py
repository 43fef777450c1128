"""Texts → token ids → logits, in this process. What may run elsewhere has the same shape (``pool.py``)."""

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from msgspec import Struct
from msgspec.structs import replace

from streams.scorers.loading import Recipe, load
from streams.scorers.transformer.affine import fp32
from streams.scorers.transformer.flat import Flat, Ids, in_torch
from streams.scorers.transformer.parts import parts_of
from streams.scorers.transformer.runtimes import Chosen, chosen
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
    runtime: str = ""
    """What computes int8: in our kernel, in torch."""
    refused: tuple[str, ...] = ()
    """Runtimes that failed their test, with its figures."""


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
        self._exact = _Padded(model, self._tokenizer) if recipe.device != "cpu" else Flat(parts_of(model), in_torch(fp32))
        self.about = About(f"{version}.fp32.{recipe.device}", tuple(loaded.class_names), _longest(loaded))
        self._fast = self._exact
        if recipe.is_fast:
            found = self._chosen(model, recipe)
            self._fast = found.flat
            name = f"{version}.{found.precision}.{recipe.device}"
            self.about = replace(self.about, version=name, drift=found.drift, runtime=found.name, refused=found.refused)

    def _chosen(self, model: Any, recipe: Recipe) -> Chosen:
        """Return the fastest runtime that says what the exact lane says."""

        def by(made: Callable[[Batch], list[Logits]]) -> Callable[[Sequence[str]], list[Logits]]:
            return lambda texts: [row[: len(self.about.labels)] for row in made(self.pieces(texts)[0])]

        return chosen(parts_of(model), recipe.kernel, lambda flat: drift(by(self._exact), by(flat)))

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


def _longest(loaded: Any) -> int:
    """Return how many tokens the model reads: RoBERTa's positions begin after the padding index."""
    config = loaded.model.config
    positions = config.max_position_embeddings
    if "roberta" in config.model_type:
        positions -= config.pad_token_id + 1
    return int(min(positions, loaded.tokenizer.model_max_length))
