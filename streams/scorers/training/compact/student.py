"""The network while it learns: three of MiniLM's six layers, the mean of the pieces, one logit."""

from collections.abc import Mapping, Sequence
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTH: Final = 384
HEADS: Final = 12
INNER: Final = 1536
KEPT: Final = (0, 2, 5)
"""Layers of the six that the student begins with."""
PLACES: Final = 96
"""Pieces read at once, the two marks at the ends included."""
_DROPOUT: Final = 0.1
_EPSILON: Final = 1e-12


class Layer(nn.Module):
    """One layer of BERT, its query, key and value as one matrix."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = nn.Linear(WIDTH, 3 * WIDTH)
        self.told = nn.Linear(WIDTH, WIDTH)
        self.told_norm = nn.LayerNorm(WIDTH, eps=_EPSILON)
        self.wide = nn.Linear(WIDTH, INNER)
        self.narrow = nn.Linear(INNER, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=_EPSILON)

    def forward(self, pieces: Tensor, mask: Tensor) -> Tensor:
        """Return the pieces after this layer; ``mask`` is False where a text has ended."""
        texts, length = pieces.shape[:2]
        query, key, value = self.asked(pieces).view(texts, length, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        found = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask[:, None, None])
        found = self._dropped(self.told(found.transpose(1, 2).reshape(texts, length, WIDTH)))
        pieces = self.told_norm(pieces + found)
        wide = self._dropped(self.narrow(functional.gelu(self.wide(pieces))))
        normed: Tensor = self.norm(pieces + wide)
        return normed

    def _dropped(self, values: Tensor) -> Tensor:
        return functional.dropout(values, _DROPOUT, self.training)


class Student(nn.Module):
    """Gives one logit a text."""

    def __init__(self, pieces: int, layers: int = len(KEPT)) -> None:
        super().__init__()
        self.words = nn.Embedding(pieces, WIDTH)
        self.places = nn.Embedding(PLACES, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=_EPSILON)
        self.layers = nn.ModuleList(Layer() for _ in range(layers))
        self.verdict = nn.Linear(WIDTH, 1)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return a logit per row of ``ids``; ``mask`` is False where a text has ended."""
        pieces = self.norm(self.words(ids) + self.places.weight[: ids.shape[1]])
        pieces = functional.dropout(pieces, _DROPOUT, self.training)
        for layer in self.layers:
            pieces = layer(pieces, mask)
        share = mask / mask.sum(dim=1, keepdim=True)
        mean = (pieces * share[:, :, None]).sum(dim=1)
        logits: Tensor = self.verdict(functional.dropout(mean, _DROPOUT, self.training))[:, 0]
        return logits


def student(base: Mapping[str, Tensor], kept: Sequence[int]) -> Student:
    """Return a student that begins with the base's weights: its layers 0, 2 and 5, and the rows of the pieces kept."""
    made = Student(len(kept))
    with torch.no_grad():
        made.words.weight.copy_(base["embeddings.word_embeddings.weight"][list(kept)])
        made.places.weight.copy_(
            base["embeddings.position_embeddings.weight"][:PLACES] + base["embeddings.token_type_embeddings.weight"][0]
        )
        _copied(made.norm, base, "embeddings.LayerNorm")
        for number, layer in zip(KEPT, made.layers, strict=True):
            _layer_copied(layer, base, f"encoder.layer.{number}")
    return made


def _layer_copied(layer: nn.Module, base: Mapping[str, Tensor], name: str) -> None:
    assert isinstance(layer, Layer)
    for kind in ("weight", "bias"):
        asked = torch.cat([base[f"{name}.attention.self.{part}.{kind}"] for part in ("query", "key", "value")])
        getattr(layer.asked, kind).copy_(asked)
    _copied(layer.told, base, f"{name}.attention.output.dense")
    _copied(layer.told_norm, base, f"{name}.attention.output.LayerNorm")
    _copied(layer.wide, base, f"{name}.intermediate.dense")
    _copied(layer.narrow, base, f"{name}.output.dense")
    _copied(layer.norm, base, f"{name}.output.LayerNorm")


def _copied(part: nn.Module, base: Mapping[str, Tensor], name: str) -> None:
    for kind in ("weight", "bias"):
        getattr(part, kind).copy_(base[f"{name}.{kind}"])
